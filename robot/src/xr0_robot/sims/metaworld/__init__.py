"""Meta-World MT50 (arXiv 1910.10897): fifty tasks of one arm at a table, by LeRobot's protocol."""
