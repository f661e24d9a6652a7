"""Where the five-joint robot's cameras are."""

from __future__ import annotations

from xr0_robot.sims.scene import View

VIEWS = (
    # Beyond the bins, low, facing the robot; turned so that the picture's left is the robot's left.
    View("front", (1.15, 0.0, 0.48), (0.0, -1.0, 0.0), (0.549, 0.0, -0.836), 29.0),
    # Over the robot's left shoulder.
    View("shoulder", (-0.06, 0.40, 0.72), (-0.643, -0.766, 0.0), (0.552, -0.463, 0.694), 33.0),
)
