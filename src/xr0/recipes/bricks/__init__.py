"""The tiny model of the brick table, from nothing: `pretrain_choice`, `pretrain_flow`, `post_train`."""
