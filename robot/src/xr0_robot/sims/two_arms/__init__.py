"""A robot of two arms at one table, and what every world with it shares."""
