"""How a benchmark's pictures may be drawn: officially, or for a CPU."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from xr0_robot.worlds import OFFICIAL

PLAIN = "plain"
LOOKS: Mapping[str, str] = {
    OFFICIAL: "as the simulator draws by default",
    PLAIN: "without shadows, mirrors and antialiasing, faster on a CPU",
}
"""Each in words."""


def draw_plainly(model: Any) -> None:
    """No shadows, mirrors, antialiasing in a MuJoCo model's pictures; to be called before the first one."""
    model.vis.quality.offsamples = 0
    model.vis.quality.shadowsize = 0
    model.light_castshadow[:] = 0
    model.mat_reflectance[:] = 0.0
