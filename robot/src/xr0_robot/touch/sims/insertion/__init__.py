"""A key and a slot: a part that only fits where it is held right."""
