"""TacRefineNet, whole: from what fingertips feel to a wrist motion. Nothing outside this room needs it."""
