"""Where the brick table's cameras are."""

from __future__ import annotations

from xr0_robot.sims.scene import View

VIEWS = (
    # Beyond the bins, looking back and down; turned so that the picture's left is the robot's left.
    View("base", (0.84, 0.0, 0.86), (0.0, -1.0, 0.0), (0.924, 0.0, -0.383), 31.5),
    View("wrist", (0.080, 0.0, -0.070), (0.0, -1.0, 0.0), (0.966, 0.0, -0.259), 75.0, arm="arm"),
)
