"""Decides each tick who writes the robot's command: the policy's plan, or a procedure of the fingertips.

    free -> contact -> refine -> verify -> hand back -> free    (a failure goes to abort -> hand back)

In free, contact and hand back the executor's plan is executed, in the others a procedure of `refine`. Taking
over voids the plan and any inference under way (`Executor.obey`), so nothing that was planned before the
fingers moved is executed after it; hand back lasts until a chunk that was observed after them is there.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from xr0_robot.executor.loop import Executor
from xr0_robot.executor.tick import Tick
from xr0_robot.touch.procedures import refine
from xr0_robot.touch.procedures.arm import Arm
from xr0_robot.touch.procedures.compensation import Compensation
from xr0_robot.touch.procedures.measurement import Measurement, Touch
from xr0_robot.touch.procedures.motions import Aborted
from xr0_robot.touch.procedures.predictors import AsyncPredictor
from xr0_robot.touch.procedures.refine import Outcome
from xr0_robot.touch.sensor.pads import TactileReading
from xr0_robot.types import Observation

CONTACT_TICKS = 3
"""So many ticks of contact in a row, 0.1 s, are a grasp and no brush, and so many without are a release."""

STILL_M_S = 0.03
"""A wrist that is commanded faster than this is carrying or passing by, not grasping."""

SQUEEZE = 0.01
"""The gripper squeezes where its command is this share of the stroke more closed than its position."""

Mode = Literal["free", "contact", "refine", "verify", "abort", "hand back"]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RefinementRecord:
    """One refinement: when it took over and gave back [s]; its outcome, or why it was aborted."""

    start_s: float
    end_s: float
    outcome: Outcome | None
    aborted: str | None


class Arbiter:
    """Takes the executor's place in the control loop, and is the only one that drives it.

    state, touch: measure now; goal: a reading of the right grasp, recorded in one demonstration, or None:
    never refine.
    """

    def __init__(
        self,
        executor: Executor,
        arm: Arm,
        state: Callable[[], np.ndarray],
        touch: Callable[[], Touch],
        predictor: AsyncPredictor,
        goal: TactileReading | None,
    ) -> None:
        self.mode: Mode = "free"
        self.refined: list[RefinementRecord] = []
        self._executor = executor
        self._arm = arm
        self._state = state
        self._touch = touch
        self._predictor = predictor
        self._goal = goal
        self._procedure: Generator[np.ndarray, Measurement, Any] | None = None
        self._started = False
        self._start_s = 0.0
        self._outcome: Outcome | None = None
        self._reason: str | None = None
        self._compensation: Compensation | None = None
        self._contact_ticks = 0
        self._empty_ticks = 0
        self._armed = True
        self._sent = executor.held()

    def tick(self, now_s: float, observe: Callable[[], Observation]) -> Tick:
        """The command for this tick, from one source; as `Executor.tick`, whose errors it passes on."""
        if self._goal is None:
            return self._executor.tick(now_s, observe)
        now = Measurement(now_s, self._state(), self._touch())
        self._empty_ticks = 0 if now.touch.forces.any() else self._empty_ticks + 1
        action = self._touch_command(now)
        tick = self._plan_tick(now, observe, self._goal) if action is None else self._executor.obey(action)
        self._sent = tick.command
        return tick

    def _touch_command(self, now: Measurement) -> np.ndarray | None:
        """The command of the running procedure, or of the one that follows it; None: the plan's turn."""
        while self._procedure is not None:
            message, self._started = now if self._started else None, True
            try:
                return self._procedure.send(message)  # type: ignore[arg-type] (None starts a generator)
            except StopIteration as ended:
                self._follow(ended.value, None, now.now_s)
            except Aborted as reason:
                self._follow(None, str(reason), now.now_s)
        return None

    def _follow(self, value: Any, aborted: str | None, now_s: float) -> None:
        """Start what follows a procedure that returned `value` or was aborted."""
        held = self._executor.held()
        if aborted is not None and self.mode != "abort":
            log.warning("refinement given up: %s", aborted)
            self._reason = aborted
            self._begin("abort", refine.regain_grip(self._arm, held))
        elif self.mode == "refine":
            self._outcome = value
            self._begin("verify", refine.verify_grip(held))
        else:
            self._hand_back(now_s)

    def _begin(self, mode: Mode, procedure: Generator[np.ndarray, Measurement, Any]) -> None:
        self.mode, self._procedure, self._started = mode, procedure, False

    def _take_over(self, now: Measurement, goal: TactileReading) -> None:
        """From the next tick on the fingertips write, until their procedures have ended."""
        procedure_of = refine.regrasp if now.touch.supported else refine.compensate
        procedure = procedure_of(self._arm, self._executor.held(), goal, self._predictor)
        self._start_s, self._outcome, self._reason = now.now_s, None, None
        self._armed = False
        self._begin("refine", refine.with_time_limit(refine.TIME_LIMIT_S, procedure))

    def _hand_back(self, now_s: float) -> None:
        self.mode, self._procedure = "hand back", None
        outcome = self._outcome if self._reason is None else None
        self.refined.append(RefinementRecord(self._start_s, now_s, outcome, self._reason))
        if outcome is not None and not np.array_equal(outcome.offset, np.eye(4)):
            self._compensation = Compensation(self._arm, outcome.offset)
            self._executor.adjustment = self._compensation

    def _plan_tick(self, now: Measurement, observe: Callable[[], Observation], goal: TactileReading) -> Tick:
        """The executor's command; takes over from the next tick on if this is a grasp."""
        tick = self._executor.tick(now.now_s, self._compensated(observe))
        if self.mode == "hand back":
            self.mode = "hand back" if tick.freshness == "idle" else "free"
            return tick
        self._contact_ticks = self._contact_ticks + 1 if self._grasping(now, tick) else 0
        self._armed = self._armed or self._empty_ticks >= CONTACT_TICKS
        self.mode = "contact" if self._contact_ticks else "free"
        if self._contact_ticks == CONTACT_TICKS:
            self._contact_ticks = 0
            self._take_over(now, goal)
        return tick

    def _compensated(self, observe: Callable[[], Observation]) -> Callable[[], Observation]:
        """While the object is placed with a correction, the policy sees the arm without it."""
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

    def _grasping(self, now: Measurement, tick: Tick) -> bool:
        """A squeeze by fingers that all feel something, at a wrist that stands still."""
        gripper, place = self._arm.gripper, slice(self._arm.pose.start, self._arm.pose.start + 3)
        squeezing = tick.command[gripper] < now.state[gripper] - SQUEEZE
        step = float(np.linalg.norm(tick.command[place] - self._sent[place]))
        return bool(
            self._armed
            and self._compensation is None
            and now.touch.in_contact
            and squeezing
            and step < STILL_M_S * self._executor.dt
        )
