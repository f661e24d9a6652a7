"""What a training run will need, before anything is launched: memory per GPU by item, FLOPs, time."""
