"""A script that stands in for the policy: grasps the key, wrongly, and brings it to the slot.

It has privileged knowledge: it reads the exact poses of stand and slot from the simulator, uses no image and
no network, and is given the wrong grasp to make. It answers observations with chunks, as a served policy
does, so that the arbiter meets what it meets in use; success rates measured with it are the fingertips', not
a policy's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xr0_robot import rotation
from xr0_robot.sims.bricks.embodiment import BRICKS as EMBODIMENT
from xr0_robot.touch.sims.insertion.env import RIGHT_GRASP, InsertionEnv, tool_pose
from xr0_robot.types import Chunk, Observation

HOVER_M, CARRY_M = 0.05, 0.06
"""Above the grasp on approach, and above the place when carrying."""

RELEASE_M = 0.0015
"""The key is let go this high above the slot's floor."""

FAST_M_S, SLOW_M_S, TURN_RAD_S = 0.15, 0.05, 1.2
"""Of the tool: through the air, near things; and when turning."""

GRIPPER_PER_S = 2.0
"""Full strokes per second."""

OPEN = 0.6
"""Opening of an empty hand."""

STAND_STILL_S = 0.4
"""Between the grasp and the lift."""

ARRIVED_M = 0.003
"""Nearer than this the hand is where it should be."""


@dataclass(frozen=True)
class Waypoint:
    """A pose [6] to go to at a speed [m/s], with the gripper at an opening."""

    pose: np.ndarray
    speed_m_s: float
    opening: float


class InsertionExpert:
    """Policy of one environment; `begin` before each episode."""

    embodiment = EMBODIMENT
    action_horizon = 30
    max_prefix = 6

    def __init__(self, env: InsertionEnv) -> None:
        self._env = env
        self.begin()

    def begin(self) -> None:
        """Forget the episode before."""
        self._held_since_s: float | None = None
        self._released = False

    def infer(self, observation: Observation, prefix: np.ndarray | None, seed: int | None) -> Chunk:
        """The rows of the prefix come back unchanged, the rest goes on from them."""
        rows = [] if prefix is None else list(prefix)
        last = rows[-1] if rows else observation.state
        waypoints = self._waypoints(observation.state, observation.time_s)
        while len(rows) < self.action_horizon:
            last, waypoints = _next(last, waypoints)
            rows.append(last)
        return Chunk(np.stack(rows), observation.time_s, EMBODIMENT.dt)

    def _waypoints(self, state: np.ndarray, time_s: float) -> list[Waypoint]:
        held = self._env.touch().in_contact
        place = tool_pose(self._env.slot, RIGHT_GRASP) + np.array([0.0, 0.0, RELEASE_M, 0.0, 0.0, 0.0])
        above = float(np.linalg.norm(state[:2] - place[:2])) < ARRIVED_M
        if held and self._held_since_s is None:
            self._held_since_s = time_s
        if not held and self._held_since_s is not None and above:
            self._released = True
        if self._released:
            free = [] if state[6] > OPEN - 0.1 else [Waypoint(state[:6], SLOW_M_S, OPEN)]
            return [*free, Waypoint(_up(place, CARRY_M), SLOW_M_S, OPEN)]
        if not held:
            return self._grasp(state)
        if self._held_since_s is None or time_s - self._held_since_s < STAND_STILL_S:
            return [Waypoint(state[:6], SLOW_M_S, 0.0)]
        return _carry(state, place, above)

    def _grasp(self, state: np.ndarray) -> list[Waypoint]:
        """From above, about the key, closed."""
        goal = tool_pose(self._env.stand, self._env.first_grasp())
        waypoints = [Waypoint(_up(goal, HOVER_M), FAST_M_S, OPEN)]
        if np.linalg.norm(state[:2] - goal[:2]) < ARRIVED_M:
            waypoints = []
        if np.linalg.norm(state[:3] - goal[:3]) > ARRIVED_M:
            waypoints.append(Waypoint(goal, SLOW_M_S, OPEN))
        return [*waypoints, Waypoint(goal, SLOW_M_S, 0.0)]


def _carry(state: np.ndarray, place: np.ndarray, above: bool) -> list[Waypoint]:
    """Up, over, down, open."""
    high = _up(place, CARRY_M)
    last = [Waypoint(place, SLOW_M_S, 0.0), Waypoint(place, SLOW_M_S, OPEN)]
    if above:
        return last
    lifted = state[:6].copy()
    lifted[2] = high[2]
    up = [] if state[2] > high[2] - ARRIVED_M else [Waypoint(lifted, SLOW_M_S, 0.0)]
    return [*up, Waypoint(high, FAST_M_S, 0.0), *last]


def _up(pose: np.ndarray, by_m: float) -> np.ndarray:
    """The pose [6], higher."""
    return pose + np.array([0.0, 0.0, by_m, 0.0, 0.0, 0.0])


def _next(last: np.ndarray, waypoints: list[Waypoint]) -> tuple[np.ndarray, list[Waypoint]]:
    """One tick along the first of `waypoints`; the command [7], and the waypoints that are left after it."""
    waypoint, dt = waypoints[0], EMBODIMENT.dt
    step = waypoint.pose[:3] - last[:3]
    turn = rotation.log(rotation.exp(last[3:6]).T @ rotation.exp(waypoint.pose[3:]))
    length, angle = float(np.linalg.norm(step)), float(np.linalg.norm(turn))
    ticks = max(length / (waypoint.speed_m_s * dt), angle / (TURN_RAD_S * dt), 1.0)
    grip = float(np.clip(waypoint.opening - last[6], -GRIPPER_PER_S * dt, GRIPPER_PER_S * dt))
    arrived = ticks <= 1.0 and last[6] + grip == waypoint.opening
    command = np.concatenate(
        [
            last[:3] + step / ticks,
            rotation.log(rotation.exp(last[3:6]) @ rotation.exp(turn / ticks)),
            [last[6] + grip],
        ]
    )
    return command, waypoints[1:] if arrived and len(waypoints) > 1 else waypoints
