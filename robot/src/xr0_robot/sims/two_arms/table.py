"""A table with the two arms: where their tools are, in the world."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from xr0_robot.sims import gripper, scene
from xr0_robot.sims.table import Table
from xr0_robot.sims.two_arms.arms import ARMS, VIEWS
from xr0_robot.sims.two_arms.embodiment import SIDES, TWO_ARMS

Tools = Mapping[str, np.ndarray]
"""Of each side: pose [m, rad; world frame] and opening of its gripper, [7]."""


class TwoArmTable(Table):
    """Half of an Env. The arms' base frames are the world's but for their places, so tools are told and asked
    for in the world frame here, and in each arm's own on the wire."""

    def __init__(self, things: str, substeps: int, sections: str = "", option: str = scene.RIGID) -> None:
        world = scene.Scene(ARMS, VIEWS, TWO_ARMS.dt / substeps, things, sections, option)
        super().__init__(world, TWO_ARMS, substeps)
        self._bases = {arm.name: np.append(arm.position, np.zeros(4)) for arm in ARMS}
        self.fingers = {
            side: tuple(self.model.geom(f"{side}/{name}").id for name in gripper.FINGERS) for side in SIDES
        }

    def tools(self) -> Tools:
        """Measured."""
        return {
            side: arm.tool(self.data) + self._bases[side] for side, arm in zip(SIDES, self.arms, strict=True)
        }

    def bring(self, tools: Tools) -> np.ndarray:
        """The command [native_dim] that brings each tool to where it is said."""
        return np.concatenate([tools[side] - self._bases[side] for side in SIDES])

    def place(self, tools: Tools) -> None:
        """Set the arms there at once, at the beginning of an episode."""
        for side, arm in zip(SIDES, self.arms, strict=True):
            pose = (tools[side] - self._bases[side])[:6]
            arm.place(self.data, arm.solve(pose, arm.home, iterations=100), tools[side][6])
