"""Where folded towels go: a place beyond the work, and the towels that lie there already."""

# MuJoCo is compiled and brings no type stubs.
# pyright: reportAttributeAccessIssue=false
from __future__ import annotations

from collections.abc import Sequence

import mujoco
import numpy as np

from xr0_robot.sims.scene import numbers
from xr0_robot.sims.towels.cloth import surface
from xr0_robot.sims.towels.judge import quarters
from xr0_robot.sims.towels.towel import TOWELS, Towel

PLACE = (0.575, 0.0)
"""Its middle [m]: both hands reach beyond it."""

LYING = 0.022
"""Height of a folded towel under others [m]."""

ASTRAY_M, ASTRAY_RAD = 0.006, 0.05
"""Towels of a stack lie this far from its middle, and turned by this."""

PARKED = (-0.6, 0.0)
"""Where the others are [m]: under the table."""


def mjcf() -> str:
    """A mat that marks the place, and each towel as it lies on a stack: a box, "stacked/" and its name."""
    mat = f'<geom type="box" size="0.085 0.085 0.0005" pos="{numbers(PLACE)} 0" class="dark"/>'
    return mat + "".join(map(_box, TOWELS))


def _box(towel: Towel) -> str:
    half = numbers((towel.folded[0] / 2 - 0.004, towel.folded[1] / 2 - 0.004, LYING / 2))
    return (
        f'<body name="stacked/{towel.name}" mocap="true"><geom type="box" size="{half}" '
        f'material="{towel.name}" {surface()}/></body>'
    )


class Stack:
    """Of one compiled scene."""

    def __init__(self, model: mujoco.MjModel, data: mujoco.MjData) -> None:
        self._data = data
        self._mocap = {t.name: int(model.body(f"stacked/{t.name}").mocapid[0]) for t in TOWELS}
        self.towels: tuple[Towel, ...] = ()

    @property
    def height(self) -> float:
        """Of its top above the table [m]."""
        return LYING * len(self.towels)

    def lay(self, towels: Sequence[Towel], rng: np.random.Generator) -> None:
        """Lay these, the lowest first, a little astray."""
        self.clear()
        for towel in towels:
            place = PLACE + rng.uniform(-ASTRAY_M, ASTRAY_M, size=2)
            self._put(towel, place, rng.uniform(-ASTRAY_RAD, ASTRAY_RAD))

    def add(self, towel: Towel, points: np.ndarray) -> None:
        """One that was folded and lies there, points [n, n, 3]: from now on a part of the stack."""
        across = points[..., :2].mean(axis=(0, 1))
        edge = (quarters(points)[0, 0, -1] - quarters(points)[0, 0, 0]).mean(axis=0)
        self._put(towel, across, float(np.arctan2(edge[1], edge[0])))

    def clear(self) -> None:
        """Carry all of it off."""
        self.towels = ()
        for k, mocap in enumerate(self._mocap.values()):
            self._data.mocap_pos[mocap] = (PARKED[0], PARKED[1] + 0.4 * k, -0.5)

    def _put(self, towel: Towel, place: np.ndarray, yaw: float) -> None:
        """On top."""
        mocap, half = self._mocap[towel.name], yaw / 2
        self._data.mocap_pos[mocap] = (*place, LYING * (len(self.towels) + 0.5))
        self._data.mocap_quat[mocap] = (np.cos(half), 0.0, 0.0, np.sin(half))
        self.towels = (*self.towels, towel)
