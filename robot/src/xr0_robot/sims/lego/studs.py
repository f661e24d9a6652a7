"""Studs that hold until they are pulled or levered off: welds of a compiled model, and what they carry."""

# MuJoCo is compiled and brings no type stubs.
# pyright: reportAttributeAccessIssue=false
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import mujoco
import numpy as np

from xr0_robot.sims.lego import bricks
from xr0_robot.sims.lego.assembly import Joint, Placed, pieces
from xr0_robot.sims.lego.bricks import HEIGHT, PITCH, ROWS, STUD

HOLD_N = 1.5
"""What a stud holds [N]: 12 N for a whole brick, a third of what the fingers hold by friction."""


@dataclass(frozen=True)
class Bond:
    """A joint that holds. middle: of its studs, in the frame of the upper brick [3, m]."""

    joint: Joint
    middle: np.ndarray


class Studs:
    """Of one model whose free `bodies` have a number each; which of them are joined changes from episode to
    episode, and with force."""

    def __init__(self, model: mujoco.MjModel, bodies: Sequence[str], welds: int) -> None:
        self._model, self._count = model, len(bodies)
        self._welds = [model.equality(bricks.weld(k)).id for k in range(welds)]
        self._bodies = [model.body(body).id for body in bodies]
        self._dofs = [int(model.joint(body).dofadr[0]) for body in bodies]
        self._bonds: dict[int, Bond] = {}
        self._together = self._found()

    def join(self, data: mujoco.MjData, placed: Mapping[int, Placed], joints: Sequence[Joint]) -> None:
        """Hold together what lies in the grid of its wall, and nothing else; `placed` by the bodies'
        numbers."""
        data.eq_active[self._welds] = 0
        self._bonds = {}
        for weld, joint in zip(self._welds, joints, strict=False):
            lower, upper = placed[joint.lower], placed[joint.upper]
            along = upper.centre[0] - lower.centre[0]
            self._model.eq_obj1id[weld] = self._bodies[joint.lower]
            self._model.eq_obj2id[weld] = self._bodies[joint.upper]
            self._model.eq_data[weld, :10] = (0, 0, 0, along, 0, HEIGHT, 1, 0, 0, 0)
            data.eq_active[weld] = 1
            self._bonds[weld] = Bond(joint, np.array([_middle(lower, upper), 0.0, -HEIGHT / 2]))
        self._together = self._found()

    def joints(self) -> tuple[Joint, ...]:
        """Those that hold now."""
        return tuple(bond.joint for bond in self._bonds.values())

    def piece(self, number: int) -> frozenset[int]:
        """The bricks that hang together with one, itself among them."""
        return self._together[number]

    def give_way(self, data: mujoco.MjData) -> bool:
        """Part what is pulled or levered too hard in this step of the physics; whether anything was."""
        parted = [weld for weld, load in self.loads(data).items() if load >= HOLD_N]
        for weld in parted:
            data.eq_active[weld] = 0
            del self._bonds[weld]
        if parted:
            self._together = self._found()
        return bool(parted)

    def loads(self, data: mujoco.MjData) -> Mapping[int, float]:
        """The pull on the hardest pulled stud of each joint [N], by its weld."""
        equalities = data.efc_type == mujoco.mjtConstraint.mjCNSTR_EQUALITY
        found, pushed, torques = {}, np.zeros(self._model.nv), np.zeros(len(data.efc_force))
        for weld, bond in self._bonds.items():
            rows = equalities & (data.efc_id == weld)
            torques[:] = np.where(rows, data.efc_force, 0.0)
            mujoco.mj_mulJacTVec(self._model, data, pushed, torques)
            found[weld] = self._load(data, bond, pushed)
        return found

    def _found(self) -> dict[int, frozenset[int]]:
        pairs = [(joint.lower, joint.upper) for joint in self.joints()]
        return {number: piece for piece in pieces(self._count, pairs) for number in piece}

    def _load(self, data: mujoco.MjData, bond: Bond, pushed: np.ndarray) -> float:
        """pushed: what the weld does to every degree of freedom [nv]: of a free body, force in the world and
        torque about its middle in its own frame."""
        upper, first = bond.joint.upper, self._dofs[bond.joint.upper]
        turn = data.xmat[self._bodies[upper]].reshape(3, 3)
        force = turn.T @ pushed[first : first + 3]
        torque = pushed[first + 3 : first + 6] - np.cross(bond.middle, force)
        x, y = _studs(bond.joint.columns)
        return float(-force[2] / len(x) + _levered(torque[1], x) + _levered(torque[0], y))


def _middle(lower: Placed, upper: Placed) -> float:
    """Of the columns that both cover, from the middle of the upper one [m]."""
    first = max(lower.start, upper.start)
    last = min(lower.start + lower.columns, upper.start + upper.columns)
    return PITCH * ((first + last) / 2 - upper.start - upper.columns / 2)


def _levered(torque: float, places: np.ndarray) -> float:
    """The pull [N] on the outermost of studs at `places` [n, m] from their middle, of a torque [N m] about
    it; each holds at its rim too."""
    return abs(torque) * (places.max() + STUD[0]) / float(places @ places + len(places) * STUD[0] ** 2)


def _studs(columns: int) -> tuple[np.ndarray, np.ndarray]:
    """Places of a joint's studs about their middle [2 * columns, m], along and across."""
    x, y = PITCH * (np.arange(columns) - (columns - 1) / 2), PITCH * (np.arange(ROWS) - (ROWS - 1) / 2)
    along, across = (grid.ravel() for grid in np.meshgrid(x, y))
    return along, across
