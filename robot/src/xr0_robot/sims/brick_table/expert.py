"""A scripted expert: from the truth of the scene, closed loop, smooth commands.

Where to go is a function of what is (`Expert._goal`); how to get there is a glide of limited speed and
acceleration (`Glide`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xr0_robot.sims.brick_table.env import BrickTable
from xr0_robot.sims.brick_table.tasks import Goal
from xr0_robot.sims.glide import Glide, blend

HOVER_Z = 0.085
"""Tool height above the table on approach [m]: fingertips pass over bricks."""
CARRY_Z = 0.105
"""Tool height on the way to the goal: the brick passes over a bin's wall, and over bricks."""
LIFTED_Z = 0.050
"""Tool height from which to go sideways."""
RETREAT_Z = 0.15
"""Tool height at which to wait after the work."""
SPEED, ACCELERATION = 0.35, 1.2
"""Of the tool [m/s, m/s^2]."""
TURN_SPEED, TURN_ACCELERATION = 1.5, 5.0
"""Of its yaw [rad/s, rad/s^2]."""
GRIPPER_SPEED = 5.0
"""Full strokes per second."""
CLOSE_S = 7 / 30
"""A closing gripper holds the brick after this time."""
SETTLE_S = 0.5
"""A brick that was let go has come to rest after this time."""
RESTART = 0.08
"""Command and arm further apart than this [m], as after a stop: start again from the arm."""
HELD = 0.03
"""A held brick's centre is this near to the tool point [m]."""


@dataclass(frozen=True)
class Truth:
    """What the expert knows: the tool's pose and opening [7], the target brick's centre [3] and yaw, where it
    must go, and whether it is there."""

    tool: np.ndarray
    brick: np.ndarray
    brick_yaw: float
    goal: Goal
    done: bool


def truth(table: BrickTable) -> Truth:
    """Read it from the simulation."""
    task = table.target
    return Truth(
        tool=table.tool(),
        brick=table.object_positions()[task.colour],
        brick_yaw=table.brick_yaw(task.colour),
        goal=task.goal(table),
        done=task.done(table),
    )


class Expert:
    """reach -> grasp -> carry -> release, and back to reach when the brick is not where a phase needs it."""

    def __init__(self, table: BrickTable) -> None:
        tool = table.tool()
        self.phase = "reach"
        self._robot = table.embodiment
        self._since = 0
        self._place = Glide(tool[:3], SPEED, ACCELERATION)
        self._turn = Glide(tool[5:6], TURN_SPEED, TURN_ACCELERATION)
        self._gripper = float(tool[6])

    def act(self, now: Truth) -> np.ndarray:
        """Where the tool shall be after the next tick [7]: pose and opening."""
        self._since += 1
        following = self._next_phase(now)
        if following != self.phase:
            self.phase, self._since = following, 0
        place, yaw, gripper = self._goal(now)
        if np.linalg.norm(self._place.position - now.tool[:3]) > RESTART:
            self._place = Glide(now.tool[:3], SPEED, ACCELERATION)
        step = GRIPPER_SPEED * self._robot.dt
        self._gripper += float(np.clip(gripper - self._gripper, -step, step))
        position = self._place.step(place, self._robot.dt)
        turn = self._turn.step(np.array([yaw]), self._robot.dt)
        return np.concatenate([position, [0.0, 0.0], turn, [self._gripper]])

    def _next_phase(self, now: Truth) -> str:
        tool = now.tool[:3]
        lost = np.linalg.norm(tool - now.brick) > HELD
        if self.phase == "reach":
            aligned = np.linalg.norm(tool - now.brick) < 0.008 and abs(now.tool[5] - now.brick_yaw) < 0.15
            return "grasp" if aligned and not now.done else "reach"
        if self.phase == "grasp":
            return "reach" if lost else "carry" if self._since >= self._robot.ticks(CLOSE_S) else "grasp"
        if self.phase == "carry":
            return "release" if _there(now.tool, now.goal) else "reach" if lost else "carry"
        settled = self._since > self._robot.ticks(SETTLE_S)
        return "reach" if settled and not now.done else "release"

    def _goal(self, now: Truth) -> tuple[np.ndarray, float, float]:
        """Tool position [3], yaw and opening to go to."""
        x, y, z = now.tool[:3]
        if self.phase in ("reach", "grasp"):
            return self._reach(now)
        goal = now.goal
        if self.phase == "carry":
            beside = float(np.hypot(x - goal.xy[0], y - goal.xy[1]))
            xy = goal.xy if z > LIFTED_Z else self._place.position[:2]
            height = blend(beside, goal.near_m, goal.near_m + 0.03, goal.height, CARRY_Z)
            return np.array([*xy, height]), goal.yaw, 0.0
        height = RETREAT_Z if now.tool[6] > 0.7 else goal.height
        return np.array([*goal.xy, height]), goal.yaw, 1.0

    def _reach(self, now: Truth) -> tuple[np.ndarray, float, float]:
        """A funnel: above the brick at a distance, around it once over it, turned and open."""
        beside = float(np.linalg.norm(now.tool[:2] - now.brick[:2]))
        ready = abs(now.tool[5] - now.brick_yaw) < 0.2 and (now.tool[6] > 0.85 or self.phase == "grasp")
        height = blend(beside, 0.012, 0.035, now.brick[2], HOVER_Z) if ready else HOVER_Z
        return np.array([*now.brick[:2], height]), now.brick_yaw, 0.0 if self.phase == "grasp" else 1.0


def _there(tool: np.ndarray, goal: Goal) -> bool:
    """Whether the brick may be let go."""
    near = np.linalg.norm(tool[:2] - goal.xy) < goal.near_m
    low = tool[2] < goal.height + goal.low_m
    return bool(near and low and abs(tool[5] - goal.yaw) < goal.turn_rad)
