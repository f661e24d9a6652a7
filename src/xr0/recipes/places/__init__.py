"""Stage 1 with places: a small model learns where things are where a simulator has recorded it."""
