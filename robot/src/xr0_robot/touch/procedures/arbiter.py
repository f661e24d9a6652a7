"""Who writes the robot's command, tick by tick: the policy's plan, or the fingertips.

    free -> contact -> refine -> verify -> hand back -> free    (what fails goes to abort -> hand back)

In free, contact and hand back the executor's plan is obeyed, in the others a procedure of `refine`. Taking
over voids the plan and any inference under way (`Executor.obey`), so nothing that was thought before the
fingers moved is executed after it; hand back lasts until a chunk that was observed after them is there.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from xr0_robot.executor.loop import Executor, Tick
from xr0_robot.touch.procedures import refine
from xr0_robot.touch.procedures.arm import Arm
from xr0_robot.touch.procedures.compensation import Compensation
from xr0_robot.touch.procedures.fingers import Asking, Touch
from xr0_robot.touch.procedures.refine import Aborted, Outcome, Sense
from xr0_robot.touch.sensor.pads import TactileReading
from xr0_robot.types import Observation

CONTACT_TICKS = 3
"""So many ticks of contact in a row are a grasp and no brush (facts/tactile.md 4), and so many without a
release."""

STILL_M_S = 0.03
"""A wrist that is commanded faster than this is not grasping but carrying, or passing by."""

CLOSING = 0.01
"""The gripper squeezes where it is told to be this much more closed, of its stroke, than it can be."""

Mode = Literal["free", "contact", "refine", "verify", "abort", "hand back"]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Refined:
    """One refinement: when it took over and gave back [s]; its outcome, or why it was given up."""

    start_s: float
    end_s: float
    outcome: Outcome | None
    aborted: str | None


class Arbiter:
    """Stands where the executor stands, and is the only one that drives it. `goal` None: it never refines.

    state, touch: what is measured now; ask: whom to ask what was felt; goal: a reading of the right grasp,
    recorded in one demonstration.
    """

    def __init__(
        self,
        executor: Executor,
        arm: Arm,
        state: Callable[[], np.ndarray],
        touch: Callable[[], Touch],
        ask: Asking,
        goal: TactileReading | None,
    ) -> None:
        self.mode: Mode = "free"
        self.refined: list[Refined] = []
        self._executor = executor
        self._arm = arm
        self._state = state
        self._touch = touch
        self._ask = ask
        self._goal = goal
        self._procedure: Generator[np.ndarray, Sense, Any] | None = None
        self._begun = False
        self._start_s = 0.0
        self._outcome: Outcome | None = None
        self._reason: str | None = None
        self._compensation: Compensation | None = None
        self._contact_ticks = 0
        self._empty_ticks = 0
        self._armed = True
        self._sent = executor.held()

    def tick(self, now_s: float, observe: Callable[[], Observation]) -> Tick:
        """The command for this tick, by one author; as `Executor.tick`, whose errors it passes on."""
        if self._goal is None:
            return self._executor.tick(now_s, observe)
        sense = Sense(now_s, self._state(), self._touch())
        self._empty_ticks = 0 if sense.touch.forces.any() else self._empty_ticks + 1
        action = self._by_touch(sense)
        tick = self._by_plan(sense, observe, self._goal) if action is None else self._executor.obey(action)
        self._sent = tick.command
        return tick

    def _by_touch(self, sense: Sense) -> np.ndarray | None:
        """The running procedure's command, or that of the one which follows it; None: the plan's turn."""
        while self._procedure is not None:
            told, self._begun = sense if self._begun else None, True
            try:
                return self._procedure.send(told)  # type: ignore[arg-type] (None starts a generator)
            except StopIteration as ended:
                self._after(ended.value, None, sense.now_s)
            except Aborted as why:
                self._after(None, str(why), sense.now_s)
        return None

    def _after(self, value: Any, aborted: str | None, now_s: float) -> None:
        """What follows a procedure that ended with `value` or was aborted."""
        held = self._executor.held()
        if aborted is not None and self.mode != "abort":
            log.warning("refinement given up: %s", aborted)
            self._reason = aborted
            self._begin("abort", refine.secure(self._arm, held))
        elif self.mode == "refine":
            self._outcome = value
            self._begin("verify", refine.steady(held))
        else:
            self._hand_back(now_s)

    def _begin(self, mode: Mode, procedure: Generator[np.ndarray, Sense, Any]) -> None:
        self.mode, self._procedure, self._begun = mode, procedure, False

    def _take_over(self, sense: Sense, goal: TactileReading) -> None:
        """From the next tick on the fingertips write, until their procedures have ended."""
        how = refine.regrasp if sense.touch.supported else refine.compensate
        procedure = how(self._arm, self._executor.held(), goal, self._ask)
        self._start_s, self._outcome, self._reason = sense.now_s, None, None
        self._armed = False
        self._begin("refine", refine.within(refine.TIME_LIMIT_S, procedure))

    def _hand_back(self, now_s: float) -> None:
        self.mode, self._procedure = "hand back", None
        outcome = self._outcome if self._reason is None else None
        self.refined.append(Refined(self._start_s, now_s, outcome, self._reason))
        if outcome is not None and not np.array_equal(outcome.offset, np.eye(4)):
            self._compensation = Compensation(self._arm, outcome.offset)
            self._executor.adjustment = self._compensation

    def _by_plan(self, sense: Sense, observe: Callable[[], Observation], goal: TactileReading) -> Tick:
        """The executor's command, and a look at what the fingers make of it."""
        tick = self._executor.tick(sense.now_s, self._compensated(observe))
        if self.mode == "hand back":
            self.mode = "hand back" if tick.freshness == "idle" else "free"
            return tick
        self._contact_ticks = self._contact_ticks + 1 if self._grasping(sense, tick) else 0
        self._armed = self._armed or self._empty_ticks >= CONTACT_TICKS
        self.mode = "contact" if self._contact_ticks else "free"
        if self._contact_ticks == CONTACT_TICKS:
            self._contact_ticks = 0
            self._take_over(sense, goal)
        return tick

    def _compensated(self, observe: Callable[[], Observation]) -> Callable[[], Observation]:
        """While what is held is placed with a correction, the policy sees the arm without it."""
        compensation = self._compensation
        if compensation is None:
            return observe
        compensation.advance(holding=self._empty_ticks < CONTACT_TICKS)
        if compensation.over:
            self._compensation = self._executor.adjustment = None
            return observe

        def seen() -> Observation:
            observation = observe()
            return replace(observation, state=compensation.seen(observation.state))

        return seen

    def _grasping(self, sense: Sense, tick: Tick) -> bool:
        """A squeeze by fingers that both feel something, at a wrist that stands."""
        gripper, place = self._arm.gripper, slice(self._arm.pose.start, self._arm.pose.start + 3)
        squeezing = tick.command[gripper] < sense.state[gripper] - CLOSING
        step = float(np.linalg.norm(tick.command[place] - self._sent[place]))
        return bool(
            self._armed
            and self._compensation is None
            and refine.touching(sense.touch)
            and squeezing
            and step < STILL_M_S * self._executor.dt
        )
