"""TacRefineNet: from what fingertips feel to a wrist motion."""
