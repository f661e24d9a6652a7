"""The flight recorder: all that went into every command of a robot, and the same commands computed anew."""
