"""A scripted expert of the tasks that bring one thing to one place, by the released action contract.

It knows where everything is, and speaks as a policy does: motions of the hand in shares of what the
controller takes (robosuite 1.4, controllers/config/osc_pose.json), and a gripper.
"""

# The simulator is in its own environment.
# pyright: reportMissingImports=false
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from xr0_robot import rotation
from xr0_robot.sims.benchmark import Act
from xr0_robot.sims.grasping import narrowest
from xr0_robot.sims.libero import shapes
from xr0_robot.sims.libero.env import LiberoTask

OPEN, CLOSED = -1.0, 1.0

PULL, TWIST = 12.0, 2.5
"""Motion for each metre and each radian that is missing."""

NEAR_M, NEAR_RAD = 0.005, 0.06
"""Close enough to go on."""

PROGRESS = 0.1
"""What counts as coming nearer, in shares of the two together."""

PATIENCE_TICKS = 12
"""Without coming nearer, after which a way is given up: something is in it."""

GRIP_TICKS = 8
"""Until the fingers are closed or open."""

DEPTH_M = 0.035
"""How far below a thing's top it is held, unless it is flatter than twice that."""

BAND_M = 0.012
"""Of a thing's height, what the fingers touch."""

WIDEST_M = 0.072
"""That the fingers reach around; a wider thing is held by its rim."""

WALL_M, RIM_M = 0.010, 0.026
"""From a rim's outside to the middle of its wall, and how far below its top it is held."""

CLEAR_M = 0.10
"""Above everything that is passed."""

DROP_M = 0.02
"""From what is let go to where it comes to lie."""


@dataclass(frozen=True)
class Grasp:
    """at: where the middle of the fingertips goes; across: the direction in which they close."""

    at: np.ndarray
    across: np.ndarray


def begin(env: LiberoTask) -> Act:
    """The script of the episode that was just reset. ValueError for a task of another kind."""
    goals = env.domain.parsed_problem["goal_state"]
    thing = goals[0][1]
    if len(goals) != 1 or goals[0][0] not in ("in", "on") or thing not in env.domain.objects_dict:
        raise ValueError(f"expert: got the goal {goals}, expected one thing in or on one place")
    script = Script(env).bring(thing, goals[0][2], inside=goals[0][0] == "in")
    last = [np.array([0.0] * 6 + [OPEN])]

    def act() -> np.ndarray:
        last[0] = next(script, last[0] * [0, 0, 0, 0, 0, 0, 1])
        return last[0]

    return act


class Script:
    """Ways of the hand, as commands for each tick."""

    def __init__(self, env: LiberoTask) -> None:
        self._env = env
        self._sim = env.domain.sim
        self._down = self._turn()
        left, right = (self._sim.data.get_body_xpos(f"gripper0_{side}finger") for side in ("left", "right"))
        self._fingers = (left - right) / np.linalg.norm(left - right)

    def bring(self, thing: str, place: str, inside: bool) -> Iterator[np.ndarray]:
        """Take the thing there."""
        grasp = self._grasp(thing)
        down = self._facing(grasp.across)
        above = np.array([*grasp.at[:2], self._top(thing) + CLEAR_M])
        yield from self._go(above, down, OPEN)
        yield from self._go(grasp.at, down, OPEN)
        yield from self._wait(CLOSED)
        goal = self._env.place(place)
        rim = self._rim(place) if inside else goal[2]
        height = max(rim, above[2]) + CLEAR_M
        yield from self._go(np.array([*grasp.at[:2], height]), down, CLOSED)
        held = self._points(thing)
        aside = (held.min(axis=0) + held.max(axis=0))[:2] / 2 - self._hand()[:2]
        there = goal[:2] - aside
        yield from self._go(np.array([*there, height]), down, CLOSED)
        lower = self._points(thing)[:, 2].min() - rim - DROP_M
        yield from self._go(np.array([*there, self._hand()[2] - lower]), down, CLOSED)
        yield from self._wait(OPEN)
        yield from self._go(np.array([*there, height]), down, OPEN)

    def _grasp(self, thing: str) -> Grasp:
        whole = self._points(thing)
        low, top = whole[:, 2].min(), whole[:, 2].max()
        z = max((low + top) / 2, top - DEPTH_M)
        touched = whole[abs(whole[:, 2] - z) < BAND_M]
        touched = touched if len(touched) > 2 else whole
        across, width, middle = narrowest(touched)
        if width <= WIDEST_M:
            return Grasp(np.array([*middle[:2], z]), across)
        reach = ((touched - middle) @ self._fingers).max() - WALL_M
        at = middle + reach * self._fingers
        return Grasp(np.array([*at[:2], top - RIM_M]), self._fingers)

    def _facing(self, across: np.ndarray) -> np.ndarray:
        """The hand [3, 3], pointing down, its fingers closing along `across`, by the shorter turn."""
        x, y = self._fingers @ across, np.cross(self._fingers, across)[2]
        angle = np.arctan2(y, x)
        angle = (angle + np.pi / 2) % np.pi - np.pi / 2
        return rotation.exp(np.array([0.0, 0.0, angle])) @ self._down

    def _go(self, place: np.ndarray, turn: np.ndarray, grip: float) -> Iterator[np.ndarray]:
        nearest, waited = np.inf, 0
        while waited < PATIENCE_TICKS:
            move, twist = place - self._hand(), rotation.log(turn @ self._turn().T)
            away, askew = np.linalg.norm(move), np.linalg.norm(twist)
            if away < NEAR_M and askew < NEAR_RAD:
                return
            left = away / NEAR_M + askew / NEAR_RAD
            waited = 0 if left < nearest - PROGRESS else waited + 1
            nearest = min(nearest, left)
            yield np.concatenate([_limited(PULL * move), _limited(TWIST * twist), [grip]])

    def _wait(self, grip: float) -> Iterator[np.ndarray]:
        yield from (np.array([0.0] * 6 + [grip]) for _ in range(GRIP_TICKS))

    def _points(self, thing: str) -> shapes.Points:
        body = self._env.domain.obj_body_id[thing]
        return shapes.points(self._sim.model, self._sim.data, body)

    def _top(self, thing: str) -> float:
        return self._points(thing)[:, 2].max()

    def _rim(self, region: str) -> float:
        """Of the thing that a region is inside of."""
        return self._top(self._env.domain.object_sites_dict[region].parent_name)

    def _hand(self) -> np.ndarray:
        return self._env.state()[:3]

    def _turn(self) -> np.ndarray:
        return rotation.exp(self._env.state()[3:6])


def _limited(motion: np.ndarray) -> np.ndarray:
    """Shortened to what the controller takes, its direction kept."""
    return motion / max(1.0, float(np.abs(motion).max()))
