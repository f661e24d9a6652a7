"""Procedures that finish a grasp by touch, one command per control tick.

A procedure is a generator: it is sent a `Measurement` each tick and yields the command [native_dim] for it;
its caller owns the clock and the robot. It returns an `Outcome`, or raises `Aborted`, and keeps hold of the
object either way.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

import numpy as np

from xr0_robot.touch.procedures.arm import Arm
from xr0_robot.touch.procedures.measurement import Measurement
from xr0_robot.touch.procedures.motions import (
    Aborted,
    Ticks,
    close_fingers,
    move_wrist,
    open_fingers,
    require_grip,
    wait,
)
from xr0_robot.touch.procedures.predictors import AsyncPredictor, Prediction
from xr0_robot.touch.sensor import increment, pads, symmetry
from xr0_robot.touch.sensor.decide import Limits, Refinement
from xr0_robot.touch.sensor.electronics import FRAMES
from xr0_robot.touch.sensor.pads import TactileReading

REGRASP = Limits(done_mm=0.3, done_deg=1.5)
"""Five motions at most; done at about the predictor's own error, below which a re-grasp only costs time."""

COMPENSATE = Limits(steps=1, step_mm=10.0, step_deg=20.0)
"""One reading, one correction, as large as a whole refinement may be."""

TIME_LIMIT_S = 4.0
"""For a whole refinement: five re-grasps of 0.6 s each, and a reserve."""

SETTLE_S = 0.15
"""From the contact to the first frame: the skin creeps."""

ANSWER_TIMEOUT_S = 0.5
"""For the predictor, which needs some milliseconds."""

STEADY_S = 0.15
"""The grip must last this long before the hand is given back."""

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Step:
    """One grasp of a refinement.

    w, sigma: the predicted increment and its standard deviations, moved: the motion that followed, zeros for
    none; each [6] (mm, rad).
    """

    reading: TactileReading
    w: np.ndarray
    sigma: np.ndarray
    moved: np.ndarray


@dataclass(frozen=True)
class Outcome:
    """verdict: why it ended; offset: the increment [4, 4] by which the grasp is still to be corrected when
    the object is placed; steps: all grasps."""

    verdict: str
    offset: np.ndarray
    steps: tuple[Step, ...]


Procedure = Generator[np.ndarray, Measurement, Outcome]


def regrasp(arm: Arm, command: np.ndarray, goal: TactileReading, predictor: AsyncPredictor) -> Procedure:
    """Close, read, predict, open, move, again: for an object that stays where it is when the hand opens.

    command: the one at the start [native_dim], with the fingers about the object.
    """
    refinement, steps = Refinement(REGRASP), list[Step]()
    while True:
        command = arm.gripped(command, 0.0)
        reading = yield from _read(command, goal)
        w, sigma = yield from _predict(command, reading, goal, predictor)
        if steps:
            _or_abort(pads.require_fresh, steps[-1].reading, reading)
        decision = refinement.decide(w, sigma)
        steps.append(Step(reading, w, sigma, decision.step))
        if decision.verdict != "move":
            return _outcome(decision.verdict, np.eye(4), steps)
        command = yield from open_fingers(arm, command)
        command = yield from move_wrist(arm, command, decision.step)


def compensate(arm: Arm, command: np.ndarray, goal: TactileReading, predictor: AsyncPredictor) -> Procedure:
    """Read once, and leave the correction to the placing: for an object that would fall."""
    command = arm.gripped(command, 0.0)
    reading = yield from _read(command, goal)
    w, sigma = yield from _predict_averaged(command, reading, goal, predictor)
    decision = Refinement(COMPENSATE).decide(w, sigma)
    verdict = "compensated" if decision.verdict == "move" else decision.verdict
    return _outcome(verdict, increment.to_matrix(decision.step), [Step(reading, w, sigma, decision.step)])


def with_time_limit(limit_s: float, procedure: Procedure) -> Procedure:
    """The same procedure, aborted after `limit_s`."""
    now = yield next(procedure)
    end_s = now.now_s + limit_s
    while now.now_s <= end_s:
        try:
            command = procedure.send(now)
        except StopIteration as ended:
            return ended.value
        now = yield command
    procedure.close()
    raise Aborted(f"not done after {limit_s:g} s")


def regain_grip(arm: Arm, command: np.ndarray) -> Ticks:
    """After a failure: close the fingers where the hand is."""
    return (yield from close_fingers(arm.gripped(command, 0.0)))


def verify_grip(command: np.ndarray) -> Ticks:
    """After a success: hold for STEADY_S; `Aborted` if the object is lost meanwhile."""
    now = yield command
    end_s = now.now_s + STEADY_S
    while now.now_s < end_s:
        require_grip(now.touch)
        now = yield command
    return now


def _read(command: np.ndarray, goal: TactileReading) -> Generator[np.ndarray, Measurement, TactileReading]:
    """Close, settle, average."""
    yield from close_fingers(command)
    now = yield from wait(command, SETTLE_S)
    frames = []
    for _ in range(FRAMES):
        require_grip(now.touch)
        frames.append(_or_abort(now.touch.read))
        now = yield command
    reading = pads.average(frames)
    _or_abort(pads.require_contact, reading)
    _or_abort(pads.require_same_hand, reading, goal)
    return reading


def _predict(
    command: np.ndarray, reading: TactileReading, goal: TactileReading, predictor: AsyncPredictor
) -> Generator[np.ndarray, Measurement, Prediction]:
    """Send a request, and hold until the answer is there."""
    _or_abort(predictor.start, reading, goal)
    now = yield command
    end_s = now.now_s + ANSWER_TIMEOUT_S
    while (answer := _or_abort(predictor.poll)) is None:
        if now.now_s > end_s:
            raise Aborted(f"no answer from the tactile predictor for {ANSWER_TIMEOUT_S:g} s")
        now = yield command
    w, sigma = answer
    if not (np.isfinite(w).all() and np.isfinite(sigma).all()):
        raise Aborted(f"prediction: got {w.tolist()} +- {sigma.tolist()}, expected finite numbers")
    return w, sigma


def _predict_averaged(
    command: np.ndarray, reading: TactileReading, goal: TactileReading, predictor: AsyncPredictor
) -> Generator[np.ndarray, Measurement, Prediction]:
    """The mean over all symmetries of the hand, in both directions; one request a tick.

    A single reading has no loop that corrects the predictor's errors. Those of its symmetric counterparts are
    only partly the same, so averaging removes some of them.
    """
    ws, sigmas = [], []
    for same in symmetry.of_hand(reading.fingers):
        current, target = same.reading(reading), same.reading(goal)
        forward, sigma = yield from _predict(command, current, target, predictor)
        backward, sigma_backward = yield from _predict(command, target, current, predictor)
        reversed_ = increment.to_vector(increment.inverse(increment.to_matrix(backward)))
        ws += [same.increment(forward), same.increment(reversed_)]
        sigmas += [sigma, sigma_backward]
    return np.mean(ws, axis=0), np.mean(sigmas, axis=0)


def _outcome(verdict: str, offset: np.ndarray, steps: list[Step]) -> Outcome:
    """An outcome, or `Aborted` where the rules gave up."""
    if verdict in ("diverging", "uncertain", "out of reach"):
        w = steps[-1].w
        raise Aborted(
            f"{verdict}: {np.linalg.norm(w[:3]):.1f} mm, {np.rad2deg(np.linalg.norm(w[3:])):.1f} deg"
        )
    return Outcome(verdict, offset, tuple(steps))


def _or_abort(do: Callable[P, T], *arguments: P.args, **names: P.kwargs) -> T:
    """A reading or an answer that fails ends the refinement, not the episode."""
    try:
        return do(*arguments, **names)
    except (ValueError, RuntimeError, ConnectionError) as error:
        raise Aborted(str(error)) from error
