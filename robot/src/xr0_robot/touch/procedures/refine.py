"""What a hand does to finish a grasp by touch: procedures that yield one command per control tick.

A procedure is sent a `Sense` each tick and yields the command [native_dim] for it; its caller owns the clock
and the robot. It returns what came of it, or raises `Aborted`, with the object as it is held.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

import numpy as np

from xr0_robot.touch.procedures.arm import Arm
from xr0_robot.touch.procedures.fingers import Asking, Prediction, Touch
from xr0_robot.touch.sensor import increment, pads, symmetry
from xr0_robot.touch.sensor.decide import Limits, Refinement
from xr0_robot.touch.sensor.electronics import FRAMES
from xr0_robot.touch.sensor.pads import TactileReading

REGRASP = Limits(done_mm=0.3, done_deg=1.5)
"""Five motions at most; done at about the predictor's own error, below which a re-grasp only costs time."""

COMPENSATE = Limits(steps=1, step_mm=10.0, step_deg=20.0)
"""One reading, one correction, as large as a whole refinement may be."""

TIME_LIMIT_S = 4.0
"""For all of it (facts/tactile.md 4): a hand that needs longer does not know what it feels."""

SETTLE_S = 0.15
"""From the contact to the first frame: the skin creeps (the same)."""

ANSWER_S = 0.5
"""For the predictor, which needs some milliseconds."""

CLOSE_S, OPEN_S = 0.7, 0.5
"""For the fingers to touch, and to let go."""

CLEARANCE_M = 0.004
"""Opened by this much more than the object is wide: 2 mm beside each pad (facts/tactile.md 4)."""

SPEED_M_S, TURN_RAD_S = 0.06, 2.0
"""Of the wrist between two grasps: a whole step of 5 mm and 12 degrees in 0.1 s."""

ARRIVE_S = 0.1
"""For the arm to catch up with its command before the fingers close."""

STEADY_S = 0.15
"""The grip must last this long before the hand is given back."""

CRUSH_N = 15.0
"""More on one pad is an accident (facts/tactile.md 4)."""


P = ParamSpec("P")
T = TypeVar("T")


class Aborted(RuntimeError):  # noqa: N818 (what has happened, not what is wrong with the code)
    """The refinement is given up; the hand keeps what it holds. One line."""


@dataclass(frozen=True)
class Sense:
    """What a procedure knows of one tick: the clock [s], the measured state [native_dim], the fingers."""

    now_s: float
    state: np.ndarray
    touch: Touch


@dataclass(frozen=True)
class Step:
    """One grasp: what was felt, what it was taken for (W and its deviations [6], mm and rad), and what was
    done about it: a motion [6], zeros for none."""

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


Procedure = Generator[np.ndarray, Sense, Outcome]
Ticks = Generator[np.ndarray, Sense, Sense]
"""Part of a procedure: ends with the last tick's sense."""


def regrasp(arm: Arm, held: np.ndarray, goal: TactileReading, ask: Asking) -> Procedure:
    """Close, read, predict, open, move, again: for an object that stays where it is when the hand opens.

    held: the command at the start [native_dim], with the fingers about the object.
    """
    refinement, steps = Refinement(REGRASP), list[Step]()
    while True:
        held = arm.gripped(held, 0.0)
        reading = yield from _feel(held, goal)
        w, sigma = yield from _predict(held, reading, goal, ask)
        if steps:
            _or_abort(pads.require_fresh, steps[-1].reading, reading)
        decision = refinement.decide(w, sigma)
        steps.append(Step(reading, w, sigma, decision.step))
        if decision.verdict != "move":
            return _ended(decision.verdict, np.eye(4), steps)
        held = yield from _open(arm, held)
        held = yield from _move(arm, held, decision.step)


def compensate(arm: Arm, held: np.ndarray, goal: TactileReading, ask: Asking) -> Procedure:
    """Read once, and leave the correction to the placing: for an object that would fall."""
    held = arm.gripped(held, 0.0)
    reading = yield from _feel(held, goal)
    w, sigma = yield from _consider(held, reading, goal, ask)
    decision = Refinement(COMPENSATE).decide(w, sigma)
    verdict = "compensated" if decision.verdict == "move" else decision.verdict
    return _ended(verdict, increment.to_matrix(decision.step), [Step(reading, w, sigma, decision.step)])


def within(limit_s: float, procedure: Procedure) -> Procedure:
    """The same, given up after `limit_s`."""
    sense = yield next(procedure)
    end_s = sense.now_s + limit_s
    while sense.now_s <= end_s:
        try:
            command = procedure.send(sense)
        except StopIteration as ended:
            return ended.value
        sense = yield command
    procedure.close()
    raise Aborted(f"not done after {limit_s:g} s")


def secure(arm: Arm, held: np.ndarray) -> Ticks:
    """Close the fingers where the hand is, until both feel something or CLOSE_S have gone: after a
    failure."""
    return (yield from _close(arm.gripped(held, 0.0)))


def steady(held: np.ndarray) -> Ticks:
    """Hold for STEADY_S; `Aborted` if the object is lost meanwhile: after a success."""
    sense = yield held
    end_s = sense.now_s + STEADY_S
    while sense.now_s < end_s:
        _in_hand(sense.touch)
        sense = yield held
    return sense


def touching(touch: Touch) -> bool:
    """Whether every finger feels something."""
    return bool((touch.forces > pads.CONTACT_N).all())


def average(frames: list[TactileReading]) -> TactileReading:
    """One reading of the frames of a grasp."""
    images = np.mean([frame.images for frame in frames], axis=0)
    joints = np.mean([frame.joints for frame in frames], axis=0)
    return TactileReading(frames[0].fingers, np.rint(images).astype(np.uint8), joints)


def _feel(held: np.ndarray, goal: TactileReading) -> Generator[np.ndarray, Sense, TactileReading]:
    """Close, settle, average."""
    yield from _close(held)
    sense = yield from _wait(held, SETTLE_S)
    frames = []
    for _ in range(FRAMES):
        _in_hand(sense.touch)
        frames.append(_or_abort(sense.touch.read))
        sense = yield held
    reading = average(frames)
    _or_abort(pads.require_contact, reading)
    _or_abort(pads.require_same_hand, reading, goal)
    return reading


def _consider(
    held: np.ndarray, reading: TactileReading, goal: TactileReading, ask: Asking
) -> Generator[np.ndarray, Sense, Prediction]:
    """Ask in every way in which the same thing could be felt, a tick each: a single look has no loop to put
    right what a predictor makes of it, and what it gets wrong one way it seldom does in all of them."""
    ws, sigmas = [], []
    for same in symmetry.of_hand(reading.fingers):
        current, right = same.reading(reading), same.reading(goal)
        there, unsure = yield from _predict(held, current, right, ask)
        back, unsure_back = yield from _predict(held, right, current, ask)
        ahead = increment.to_vector(increment.inverse(increment.to_matrix(back)))
        ws += [same.increment(there), same.increment(ahead)]
        sigmas += [unsure, unsure_back]
    return np.mean(ws, axis=0), np.mean(sigmas, axis=0)


def _predict(
    held: np.ndarray, reading: TactileReading, goal: TactileReading, ask: Asking
) -> Generator[np.ndarray, Sense, Prediction]:
    """Ask, and hold until the answer is there."""
    _or_abort(ask.start, reading, goal)
    sense = yield held
    end_s = sense.now_s + ANSWER_S
    while (answer := _or_abort(ask.poll)) is None:
        if sense.now_s > end_s:
            raise Aborted(f"no answer from the tactile predictor for {ANSWER_S:g} s")
        sense = yield held
    w, sigma = answer
    if not (np.isfinite(w).all() and np.isfinite(sigma).all()):
        raise Aborted(f"prediction: got {w.tolist()} +- {sigma.tolist()}, expected finite numbers")
    return w, sigma


def _close(held: np.ndarray) -> Ticks:
    """Hold until every finger feels something, or CLOSE_S have gone."""
    sense = yield held
    end_s = sense.now_s + CLOSE_S
    while not touching(sense.touch) and sense.now_s < end_s:
        sense = yield held
    return sense


def _open(arm: Arm, held: np.ndarray) -> Generator[np.ndarray, Sense, np.ndarray]:
    """Let go by CLEARANCE_M; returns the command that holds the fingers there."""
    sense = yield held
    held = arm.gripped(held, float(sense.state[arm.gripper]) + CLEARANCE_M / arm.stroke_m)
    sense = yield held
    end_s = sense.now_s + OPEN_S
    while (sense.touch.forces > 0.0).any():
        if sense.now_s > end_s:
            raise Aborted(f"the fingers do not open: {np.round(sense.touch.forces, 2).tolist()} N on them")
        sense = yield held
    return held


def _move(arm: Arm, held: np.ndarray, w: np.ndarray) -> Generator[np.ndarray, Sense, np.ndarray]:
    """Along the increment `w` [6] (mm, rad) at the wrist's speed; returns the command that holds there."""
    length_m, angle = float(np.linalg.norm(w[:3])) * 1e-3, float(np.linalg.norm(w[3:]))
    duration_s = max(length_m / SPEED_M_S, angle / TURN_RAD_S, 1e-3)
    sense = yield held
    start_s, share = sense.now_s, 0.0
    while share < 1.0:
        sense = yield arm.moved(held, increment.to_matrix(w * share))
        share = (sense.now_s - start_s) / duration_s
    held = arm.moved(held, increment.to_matrix(w))
    yield from _wait(held, ARRIVE_S)
    return held


def _wait(held: np.ndarray, duration_s: float) -> Ticks:
    sense = yield held
    end_s = sense.now_s + duration_s
    while sense.now_s < end_s:
        sense = yield held
    return sense


def _in_hand(touch: Touch) -> None:
    """Neither lost nor crushed."""
    if not touching(touch):
        raise Aborted(f"grip lost: {np.round(touch.forces, 2).tolist()} N on the pads")
    if (touch.forces > CRUSH_N).any():
        raise Aborted(f"grip too hard: {np.round(touch.forces, 1).tolist()} N, at most {CRUSH_N:g} allowed")


def _ended(verdict: str, offset: np.ndarray, steps: list[Step]) -> Outcome:
    """An outcome, unless the verdict is that touch does not know."""
    if verdict in ("diverging", "in doubt", "out of reach"):
        w = steps[-1].w
        raise Aborted(
            f"{verdict}: {np.linalg.norm(w[:3]):.1f} mm, {np.rad2deg(np.linalg.norm(w[3:])):.1f} deg"
        )
    return Outcome(verdict, offset, tuple(steps))


def _or_abort(do: Callable[P, T], *arguments: P.args, **names: P.kwargs) -> T:
    """What cannot be felt or answered ends the refinement, not the episode."""
    try:
        return do(*arguments, **names)
    except (ValueError, RuntimeError, ConnectionError) as error:
        raise Aborted(str(error)) from error
