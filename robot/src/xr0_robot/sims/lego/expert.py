"""A scripted expert: it knows where every brick is and what holds together, and takes one off at a time.

What a job needs is read from the scene anew in every tick; a hand that has lost what it held begins again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from xr0_robot.sims.benchmark import Act
from xr0_robot.sims.glide import blend
from xr0_robot.sims.hand import Goal, Hand, Pace
from xr0_robot.sims.lego import room
from xr0_robot.sims.lego.env import FACING, LegoTable
from xr0_robot.sims.lego.jobs import Job, choose, facing, grip, jobs
from xr0_robot.sims.two_arms.embodiment import SIDES
from xr0_robot.sims.two_arms.table import Tools

GRIP_Z = 0.006
"""A hand that takes a brick closes so far above its middle [m]: its fingers end above the brick below."""
CLEAR = 0.045
"""Of the tool above what it passes over [m]."""
CARRY = 0.055
"""Of the tool above what it passes over with a brick [m]."""
PACE = Pace(speed=0.40, acceleration=1.6, turn_speed=2.0, turn_acceleration=8.0)
"""Half of what the robot's limits allow."""
PULL_SPEED = 0.12
"""[m/s] until the studs give way."""
PULL = np.array([0.0, 0.0, 0.05])
"""How far to pull at most [m]."""
PULLED = 0.012
"""A brick that rose so far [m] has come off, or takes with it what hangs on it."""
REACH_S, PULL_S, CARRY_S = 6.0, 1.0, 6.0
"""What takes longer is given up."""
CLOSE_S = 7 / 30
"""A closing gripper holds after this time."""
OPEN = 0.75
"""Opening from which a hand may move away."""
NEAR, TURNED = 0.005, 0.08
"""A hand is in its place [m, rad]."""
HELD = 0.045
"""A held brick's middle is this near to the tool [m]."""
REST = {"left": np.array([0.30, 0.20, 0.22]), "right": np.array([0.30, -0.20, 0.22])}
"""Where a hand waits: over its own half, its elbow out of the other's way [m]."""


class Expert:
    """reach -> grasp -> pull -> carry -> release, for job after job; None to do: both hands rest."""

    def __init__(self, table: LegoTable) -> None:
        self._table, self._dt = table, table.embodiment.dt
        tools = table.tools()
        self._hands = {side: Hand(tools[side], PACE, self._dt) for side in SIDES}
        self.job: Job | None = None
        self.phase = "reach"
        self._since = 0
        self._from = 0.0
        self._in_vain: set[Job] = set()
        self._held: dict[str, Goal] = {}

    def act(self) -> Tools:
        """Where both tools shall be after the next tick."""
        tools = self._table.tools()
        self._since += 1
        if self.job is None:
            self._begin()
        else:
            self._go_on(self.job, tools)
        goals = {side: _rest(side) for side in SIDES}
        if self.job is not None:
            goals |= self._goals(self.job, tools)
        return {side: self._hands[side].step(goals[side], tools[side]) for side in SIDES}

    @property
    def aims(self) -> Mapping[str, np.ndarray]:
        """Where each hand is going [3; m]: to where it closes, then to where it lets go."""
        aims = dict(REST)
        if self.job is not None and self.phase in ("reach", "grasp"):
            aims |= {side: goal.place for side, goal in self._places(self.job).items()}
        elif self.job is not None:
            aims[self.job.taker] = room.drop(self._table, self.job)
        return aims

    def _begin(self) -> None:
        self.job = choose(self._table, self._in_vain)
        if self.job is None and self._in_vain:
            self._in_vain = set()
        self._enter("reach")

    def _enter(self, phase: str) -> None:
        self.phase, self._since = phase, 0

    def _go_on(self, job: Job, tools: Tools) -> None:
        """The next phase, where this one has done its part."""
        after = {
            "reach": self._after_reach,
            "grasp": self._after_grasp,
            "pull": self._after_pull,
            "carry": self._after_carry,
            "release": self._after_release,
        }
        after[self.phase](job, tools)

    def _after_reach(self, job: Job, tools: Tools) -> None:
        if self._stale(job):
            self.job = None
        elif self._lasted(REACH_S):
            self._give_up(job)
        elif all(_there(goal, tools[side]) for side, goal in self._places(job).items()):
            self._enter("grasp")
            self._from = self._table.centre(job.number)[2]

    def _after_grasp(self, job: Job, tools: Tools) -> None:
        if self._lasted(CLOSE_S):
            self._enter("pull")

    def _after_pull(self, job: Job, tools: Tools) -> None:
        risen = self._table.centre(job.number)[2] > self._from + PULLED
        if risen and self._table.movable(job.number):
            self._enter("carry")
        elif self._lost(job, tools) or self._lasted(PULL_S):
            self._give_up(job)

    def _after_carry(self, job: Job, tools: Tools) -> None:
        drop, tool = room.drop(self._table, job), tools[job.taker]
        if self._lost(job, tools) or self._lasted(CARRY_S):
            self.job = None
        elif np.linalg.norm(drop[:2] - tool[:2]) < 0.02 and tool[2] < drop[2] + 0.006:
            self._enter("release")

    def _after_release(self, job: Job, tools: Tools) -> None:
        if tools[job.taker][6] > OPEN and self._lasted(0.2):
            self.job, self._in_vain = None, set()

    def _lasted(self, seconds: float) -> bool:
        return self._since * self._dt > seconds

    def _lost(self, job: Job, tools: Tools) -> bool:
        return bool(np.linalg.norm(self._table.centre(job.number) - tools[job.taker][:3]) > HELD)

    def _give_up(self, job: Job) -> None:
        """Not this again before something else has worked, if there is anything else."""
        self._in_vain.add(replace(job, hold=None))
        self.job = None

    def _stale(self, job: Job) -> bool:
        """The brick has moved on, or what held it has changed."""
        now = [replace(each, hold=None) for each in jobs(self._table, job.number)]
        return replace(job, hold=None) not in now

    def _goals(self, job: Job, tools: Tools) -> Mapping[str, Goal]:
        """Of the hands that work in this phase."""
        if self.phase == "reach":
            return {side: self._over(goal, tools[side]) for side, goal in self._places(job).items()}
        if self.phase == "grasp":
            self._held = {side: replace(goal, opening=0.0) for side, goal in self._places(job).items()}
            return self._held
        if self.phase == "pull":
            return self._pull(job)
        taker = tools[job.taker]
        away = self._away(job.other, tools[job.other])
        if self.phase == "carry":
            return {job.taker: self._carry(job, taker), job.other: away}
        drop = room.drop(self._table, job)
        return {job.taker: Goal(drop, taker[5], 1.0), job.other: away}

    def _places(self, job: Job) -> dict[str, Goal]:
        """Where the hands close that a job needs."""
        centre, yaw, along = grip(self._table, job)
        goals = {job.taker: Goal(np.append(centre[:2], max(centre[2] + GRIP_Z, room.LOWEST_Z)), yaw, 1.0)}
        if job.hold is not None:
            place = centre + job.hold * along
            goals[job.other] = Goal(np.append(place[:2], room.LOWEST_Z), facing(yaw, job.other), 1.0)
        return goals

    def _over(self, goal: Goal, tool: np.ndarray) -> Goal:
        """A funnel: above what stands there at a distance, down once over the place, turned and open."""
        beside = float(np.linalg.norm(tool[:2] - goal.place[:2]))
        hover = max(goal.place[2], room.top(self._table) + CLEAR)
        ready = abs(tool[5] - goal.yaw) < 0.15 and tool[6] > 0.85
        height = blend(beside, 0.008, 0.03, goal.place[2], hover) if ready else hover
        return Goal(np.append(goal.place[:2], height), goal.yaw, goal.opening)

    def _pull(self, job: Job) -> dict[str, Goal]:
        """The taker slowly up, the other one as it was."""
        goal = self._held[job.taker]
        up = replace(goal, place=goal.place + PULL, speed=PULL_SPEED)
        return {**self._held, job.taker: up}

    def _away(self, side: str, tool: np.ndarray) -> Goal:
        """Open, up, and to the side."""
        rest = _rest(side)
        if tool[6] < OPEN:
            return Goal(tool[:3], tool[5], 1.0)
        high = tool[2] > room.top(self._table) + 0.02
        return rest if high else Goal(np.append(tool[:2], rest.place[2]), tool[5], 1.0)

    def _carry(self, job: Job, tool: np.ndarray) -> Goal:
        """Up, over, down."""
        drop = room.drop(self._table, job)
        high = max(
            room.top(self._table, but=job.number) + CARRY + room.below(self._table, job.number), drop[2]
        )
        beside = float(np.linalg.norm(tool[:2] - drop[:2]))
        yaw = FACING[job.taker]
        if tool[2] < high - 0.02 and beside > 0.05:
            return Goal(np.append(tool[:2], high), tool[5], 0.0)
        return Goal(np.append(drop[:2], blend(beside, 0.02, 0.05, drop[2], high)), yaw, 0.0)


def begin(table: LegoTable) -> Act:
    """The expert at work, in an episode that was just reset."""
    expert = Expert(table)
    return lambda: table.bring(expert.act())


def _rest(side: str) -> Goal:
    return Goal(REST[side], FACING[side], 1.0)


def _there(goal: Goal, tool: np.ndarray) -> bool:
    """Whether a hand may close."""
    near = np.linalg.norm(goal.place - tool[:3]) < NEAR
    return bool(near and abs(goal.yaw - tool[5]) < TURNED and tool[6] > 0.85)
