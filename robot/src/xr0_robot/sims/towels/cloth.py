"""A towel in MuJoCo: a grid of points whose distances are kept, that bends and does not pass through itself.

One grid is compiled; which towel it is, is set per episode.
"""

# MuJoCo is compiled and brings no type stubs.
# pyright: reportAttributeAccessIssue=false
from __future__ import annotations

from itertools import product

import mujoco
import numpy as np

from xr0_robot.sims.scene import numbers
from xr0_robot.sims.towels.towel import TOWELS, Towel

GRID = 7
"""Points along each edge: the coarsest that folds twice with room for a hem, four times as fast as twelve."""

THICK = 0.006
"""Of one layer [m]."""

SOFT = 'integrator="Euler" cone="pyramidal" impratio="1" iterations="30" tolerance="1e-7"'
"""MuJoCo's options for a cloth: its elasticity is not integrated implicitly."""

AIR = 2.0
"""Drag of the air, per mass [1/s]."""

STIFFNESS = 1.6e-4
"""As compiled [N m]; a towel's own is a factor of it."""

YOUNG = STIFFNESS * 12 / (0.5 * THICK) ** 3
"""Of a plate half as thick as a layer with that stiffness [N/m^2]."""

RUB = 0.6
"""Friction of cloth on cloth: without it a fold springs open."""

CLOTH = 2
"""Collision bit of the towel and of what it lies on; arms and fingers have none of it."""

PATTERNS = {
    "checks": ('builtin="checker"', "3 3"),
    "stripes": ('builtin="checker"', "4 0.5"),
    "bands": ('builtin="checker"', "0.5 3"),
    "hem": ('builtin="flat" mark="edge"', "1 1"),
    "cross": ('builtin="flat" mark="cross"', "2 2"),
    "plain": ('builtin="flat"', "1 1"),
}
"""Texture and how often it is repeated along both edges: what is half a checker across is a stripe."""

LIGHTER = 0.55
"""A pattern's second colour is the towel's, so far on the way to white."""


def mjcf() -> str:
    """The towel, named "towel", and the table top for it."""
    step = numbers((1 / (GRID - 1),) * 2)
    coordinates = " ".join(
        f"{i / (GRID - 1):.4f} {j / (GRID - 1):.4f}" for i, j in product(range(GRID), repeat=2)
    )
    return f"""
    <geom name="under" type="plane" size="2 2 0.1" rgba="0 0 0 0" {surface()}/>
    <flexcomp name="towel" type="grid" dim="2" count="{GRID} {GRID} 1" spacing="{step} 0.02" mass="1"
      radius="{THICK / 2:g}" material="{TOWELS[0].name}" texcoord="{coordinates}">
      <edge equality="true"/>
      <contact selfcollide="auto" condim="3" friction="{RUB}" solref="0.01 1" contype="{CLOTH}"
        conaffinity="{CLOTH}"/>
      <elasticity young="{YOUNG:g}" poisson="0" thickness="{0.5 * THICK:g}" damping="0.01" elastic2d="bend"/>
    </flexcomp>"""


def surface() -> str:
    """Attributes of a geom on which a towel lies."""
    return f'contype="{CLOTH}" conaffinity="{CLOTH}" condim="3" friction="0.8 0.01 0.001" priority="1"'


def assets() -> str:
    """A material for each towel, by its name."""
    return "<asset>" + "".join(map(_material, TOWELS)) + "</asset>"


def _material(towel: Towel) -> str:
    kind, repeat = PATTERNS[towel.pattern]
    first = numbers(towel.rgb)
    second = numbers(tuple(c + LIGHTER * (1.0 - c) for c in towel.rgb))
    return (
        f'<texture name="{towel.name}" type="2d" {kind} rgb1="{first}" rgb2="{second}" markrgb="{second}" '
        f'width="64" height="64"/><material name="{towel.name}" texture="{towel.name}" texrepeat="{repeat}" '
        f'specular="0.05" shininess="0.05"/>'
    )


class Cloth:
    """The towel of one compiled scene. Its points are [GRID, GRID, 3] in the world [m]."""

    def __init__(self, model: mujoco.MjModel, data: mujoco.MjData) -> None:
        self._model, self._data = model, data
        self.bodies = np.array([model.body(f"towel_{k}").id for k in range(GRID**2)])
        joints = model.body_jntadr[self.bodies][:, None] + np.arange(3)
        self._qpos, self._dofs = model.jnt_qposadr[joints], model.jnt_dofadr[joints]
        self._bending = model.flex_bending.copy()
        self.towel = TOWELS[0]

    def become(self, towel: Towel) -> None:
        """Be this towel from now on, flat at the world's origin."""
        model, mass = self._model, towel.mass / GRID**2
        self.towel = towel
        model.body_pos[self.bodies] = flat(towel.size).reshape(-1, 3)
        model.body_mass[self.bodies] = mass
        model.dof_damping[self._dofs] = AIR * mass
        model.flex_bending[:] = self._bending * (towel.stiffness / STIFFNESS)
        model.flex_matid[:] = model.material(towel.name).id
        mujoco.mj_setConst(model, mujoco.MjData(model))  # rest lengths and inverse masses follow

    def points(self) -> np.ndarray:
        """Where it is."""
        return self._data.xpos[self.bodies].reshape(GRID, GRID, 3).copy()

    def speed(self) -> float:
        """Of its fastest point [m/s]."""
        return float(np.linalg.norm(self._data.qvel[self._dofs], axis=1).max())

    def put(self, points: np.ndarray) -> None:
        """Be there, at rest."""
        self._data.qpos[self._qpos] = points.reshape(-1, 3) - self._model.body_pos[self.bodies]
        self._data.qvel[self._dofs] = 0.0


def flat(size: tuple[float, float]) -> np.ndarray:
    """Points of a flat towel around the origin, [GRID, GRID, 3]: i along x, j along y."""
    x, y = (np.linspace(-0.5, 0.5, GRID) * edge for edge in size)
    return np.stack(np.broadcast_arrays(x[:, None], y[None, :], 0.0), axis=-1)
