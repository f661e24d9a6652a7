"""Names of a LeRobot dataset's features: the body writes them, the brain reads them."""

STATE, ACTION = "observation.state", "action"
"""What the robot sensed and what it was told, in its own numbers."""

IMAGES = "observation.images."
"""A camera's feature is this and the camera's key."""

ENVIRONMENT_STATE = "observation.environment_state"
"""What a simulator knows of the things around the robot."""

OBJECT_PIXELS = "observation.object_pixels"
"""Where the first camera sees each of them [px], which only a simulator knows."""

INTERVENTION = "intervention"
"""Whether a person, or an expert, commanded this frame; the rest is what the robot did of its own accord, and
not to be learnt (as LeRobot's rollouts write it)."""
