"""The brick table's first robot, asked to put one brick on another."""
