"""A scripted expert: from the truth of the scene, closed loop, smooth commands.

Where to go is a function of what is (`Expert._goal`); how to get there is a glide of limited speed and
acceleration (`sims.hand`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xr0_robot.sims import hand
from xr0_robot.sims.benchmark import Act
from xr0_robot.sims.brick_table.env import BrickTable
from xr0_robot.sims.brick_table.tasks import Goal
from xr0_robot.sims.glide import blend
from xr0_robot.sims.hand import Hand, Pace

HOVER_Z = 0.085
"""Tool height above the table on approach [m]: fingertips pass over bricks."""
CARRY_Z = 0.105
"""Tool height on the way to the goal: the brick passes over a bin's wall, and over bricks."""
LIFTED_Z = 0.050
"""Tool height from which to go sideways."""
RETREAT_Z = 0.15
"""Tool height at which to wait after the work."""
PACE = Pace(speed=0.35, acceleration=1.2, turn_speed=1.5, turn_acceleration=5.0)
CLOSE_S = 7 / 30
"""A closing gripper holds the brick after this time."""
SETTLE_S = 0.5
"""A brick that was let go has come to rest after this time."""
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


def begin(table: BrickTable) -> Act:
    """The expert at work, in an episode that was just reset."""
    expert = Expert(table)
    return lambda: table.bring(expert.act(truth(table)))


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
        self.phase = "reach"
        self._robot = table.embodiment
        self._since = 0
        self._hand = Hand(table.tool(), PACE, self._robot.dt)

    def act(self, now: Truth) -> np.ndarray:
        """Where the tool shall be after the next tick [7]: pose and opening."""
        self._since += 1
        following = self._next_phase(now)
        if following != self.phase:
            self.phase, self._since = following, 0
        return self._hand.step(self._goal(now), now.tool)

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

    def _goal(self, now: Truth) -> hand.Goal:
        x, y, z = now.tool[:3]
        if self.phase in ("reach", "grasp"):
            return self._reach(now)
        goal = now.goal
        if self.phase == "carry":
            beside = float(np.hypot(x - goal.xy[0], y - goal.xy[1]))
            xy = goal.xy if z > LIFTED_Z else self._hand.place[:2]
            height = blend(beside, goal.near_m, goal.near_m + 0.03, goal.height, CARRY_Z)
            return hand.Goal(np.array([*xy, height]), goal.yaw, 0.0)
        height = RETREAT_Z if now.tool[6] > 0.7 else goal.height
        return hand.Goal(np.array([*goal.xy, height]), goal.yaw, 1.0)

    def _reach(self, now: Truth) -> hand.Goal:
        """A funnel: above the brick at a distance, around it once over it, turned and open."""
        beside = float(np.linalg.norm(now.tool[:2] - now.brick[:2]))
        ready = abs(now.tool[5] - now.brick_yaw) < 0.2 and (now.tool[6] > 0.85 or self.phase == "grasp")
        height = blend(beside, 0.012, 0.035, now.brick[2], HOVER_Z) if ready else HOVER_Z
        opening = 0.0 if self.phase == "grasp" else 1.0
        return hand.Goal(np.array([*now.brick[:2], height]), now.brick_yaw, opening)


def _there(tool: np.ndarray, goal: Goal) -> bool:
    """Whether the brick may be let go."""
    near = np.linalg.norm(tool[:2] - goal.xy) < goal.near_m
    low = tool[2] < goal.height + goal.low_m
    return bool(near and low and abs(tool[5] - goal.yaw) < goal.turn_rad)
