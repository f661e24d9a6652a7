"""A scripted expert of SimplerEnv's tasks, by the released action contract.

It knows where everything is, and speaks as a policy does: motions of the hand in metres and in roll, pitch,
yaw, and a gripper.
"""

# The simulator is in its own environment.
# pyright: reportMissingImports=false
from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import trimesh
from scipy.spatial.transform import Rotation

from xr0_robot import rotation
from xr0_robot.sims.benchmark import Act
from xr0_robot.sims.grasping import narrowest
from xr0_robot.sims.simpler.env import ASSETS, DOWN, SimplerTask

OPEN, CLOSED = 1.0, 0.0

STEP_M, STEP_RAD = 0.015, 0.15
"""Of one tick, at most."""

GRIP_TICKS = 3
"""Until the fingers are closed or open."""

DEPTH_M = 0.02
"""How far below a thing's top it is held, unless it is flatter."""

CLEAR_M = 0.09
"""Of the hand, above where things are held."""

DROP_M = 0.01
"""From what is let go to where it comes to lie."""

UP = np.array([0.0, 0.0, 1.0])


def begin(env: SimplerTask) -> Act:
    """The script of the episode that was just reset; behind its end the hand stands still, open."""
    script = Script(env).bring()

    def act() -> np.ndarray:
        return next(script, np.array([0.0] * 6 + [OPEN]))

    return act


class Script:
    """Ways of the hand, as motions for each tick, each from where the last was to lead."""

    def __init__(self, env: SimplerTask) -> None:
        self._env = env
        self._at, self._turn = env.hand()
        self._grip = OPEN

    def bring(self) -> Iterator[np.ndarray]:
        """Take the thing to its goal, and let go."""
        shape = self._points(0)
        across, _, held = narrowest(shape)
        held[2] = max(shape[:, 2].max() - DEPTH_M, shape[:, 2].min())
        turn = self._facing(across)
        yield from self._to(held + CLEAR_M * UP, turn)
        yield from self._to(held, turn)
        yield from self._wait(CLOSED)
        yield from self._to(held + CLEAR_M * UP, turn)
        goal, lift = self._points(1), self._at[2] - self._points(0)[:, 2].min()
        aside = self._env.thing(0)[0][:2] - self._at[:2]
        place = np.array([*(self._env.thing(1)[0][:2] - aside), 0.0])
        height = goal[:, 2].max() + lift + DROP_M
        yield from self._to(place + (height + CLEAR_M / 2) * UP, turn)
        yield from self._to(place + height * UP, turn)
        yield from self._wait(OPEN)
        yield from self._to(place + (height + CLEAR_M) * UP, turn)

    def _facing(self, across: np.ndarray) -> np.ndarray:
        """The hand [3, 3], pointing down, its fingers closing along `across`, by the shorter turn."""
        fingers = DOWN[:, 1]
        angle = np.arctan2(np.cross(fingers, across)[2], fingers @ across)
        angle = (angle + np.pi / 2) % np.pi - np.pi / 2
        return rotation.exp(angle * UP) @ DOWN

    def _to(self, place: np.ndarray, turn: np.ndarray) -> Iterator[np.ndarray]:
        """Straight there, with the turn on the way."""
        twist = rotation.log(turn @ self._turn.T)
        far = max(float(np.linalg.norm(place - self._at)) / STEP_M, float(np.linalg.norm(twist)) / STEP_RAD)
        ticks = max(int(np.ceil(far)), 1)
        for _ in range(ticks):
            yield self._command((place - self._at) / ticks, rotation.exp(twist / ticks))
        self._at, self._turn = place, turn

    def _wait(self, grip: float) -> Iterator[np.ndarray]:
        self._grip = grip
        for _ in range(GRIP_TICKS):
            yield self._command(np.zeros(3), np.eye(3))

    def _command(self, move: np.ndarray, twist: np.ndarray) -> np.ndarray:
        return np.concatenate([move, Rotation.from_matrix(twist).as_euler("xyz"), [self._grip]])

    def _points(self, which: int) -> np.ndarray:
        """Corners [n, 3] of the thing (0) or its goal (1), in the frame of the arm's base."""
        name = list(self._env.sim.objs)[which]
        mesh = trimesh.load(ASSETS / "custom/models" / name / "collision.obj", force="mesh")
        place, turn = self._env.thing(which)
        return np.asarray(mesh.vertices) @ turn.T + place
