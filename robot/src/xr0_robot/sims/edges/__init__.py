"""The brick table's first robot, asked to lay a brick at an edge of the table."""
