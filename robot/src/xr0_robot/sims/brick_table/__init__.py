"""A table with bricks and bins: what the worlds share that differ in the robot, or in what is asked of it."""
