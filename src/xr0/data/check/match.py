"""Whether the measured state follows the commands: columns that do not correspond, and how late they do."""

from __future__ import annotations

import numpy as np

from xr0.data.check.findings import Findings
from xr0.data.check.pairs import Pair, pairs
from xr0.data.check.survey import Survey
from xr0.data.moments import STD_FLOOR
from xr0_robot.types import Embodiment

FOLLOWS = 0.3
"""Correlation below which a state does not follow its command."""

SWAPPED, SWAP_RATIO = 0.9, 5.0
"""Correlation with another's state from which columns may be swapped, and how many times less of the variance
it must leave unexplained."""

CLEAR_STEP = 0.3
"""Correlation of the steps from which a delay can be told."""

REPEATED, NEW = 0.5, 0.2
"""Shares of frames with the number of the frame before: of a state that is measured seldom, of live
commands."""

OFFSET_SHARE = 0.5
"""Of a state's standard deviation: a difference to the command that lasts."""

REACH_SHARE = 0.75
"""Of the commanded range that the state covers where nothing is in its way."""


def check_match(seen: Survey, robot: Embodiment, findings: Findings) -> None:
    """Errors for anchored commands that their state does not follow, warnings for the others, and for what
    the state never reaches."""
    found = [pair for pair in pairs(robot) if _moves(seen, pair)]
    level, motion = seen.following.level(), seen.following.motion()
    swapped = {pair.action for pair in found if _check_swap(seen, pair, level, findings)}
    for pair in found:
        anchored = pair.segment.anchor == "chunk_start"
        strength = (level if anchored else np.maximum(level, motion))[pair.action, pair.state]
        name, twin = seen.action.label(pair.action), seen.state.label(pair.state)
        if pair.action in swapped:
            continue
        if strength < FOLLOWS:
            say = findings.errors if anchored else findings.warnings
            why = "moves against it" if strength < -FOLLOWS else "does not follow it"
            say.append(f"{name} and {twin} do not correspond: the state {why} (correlation {strength:.2f})")
        elif anchored:
            _check_reach(seen, pair, findings)
    _check_repeats(seen, robot, findings)
    _check_order(seen, found, findings)


def delays(seen: Survey, robot: Embodiment) -> dict[str, float]:
    """Ticks after which each segment's state follows its command, the middle one of its numbers; those whose
    steps tell."""
    best, strength = seen.following.steps()
    ticks: dict[str, list[int]] = {}
    for pair in pairs(robot):
        if strength[pair.action, pair.state] >= CLEAR_STEP and _moves(seen, pair):
            ticks.setdefault(pair.segment.name, []).append(int(best[pair.action, pair.state]))
    return {name: float(np.median(found)) for name, found in ticks.items()}


def _moves(seen: Survey, pair: Pair) -> bool:
    """Both of them, by more than what counts as still."""
    return bool(min(seen.action.std[pair.action], seen.state.std[pair.state]) > STD_FLOOR)


def _check_swap(seen: Survey, pair: Pair, level: np.ndarray, findings: Findings) -> bool:
    """Whether another state follows this command far better, and another command leads this state far
    better."""
    own = level[pair.action, pair.state]
    follower, leader = int(level[pair.action].argmax()), int(level[:, pair.state].argmax())
    best = level[pair.action, follower], level[leader, pair.state]
    if follower == pair.state or leader == pair.action or min(best) < SWAPPED:
        return False
    if 1.0 - own < SWAP_RATIO * (1.0 - min(best)):
        return False
    findings.errors.append(
        f"{seen.action.label(pair.action)} moves {seen.state.label(follower)} (correlation {best[0]:.2f}), "
        f"not {seen.state.label(pair.state)} ({own:.2f}): swapped columns?"
    )
    return True


def _check_reach(seen: Survey, pair: Pair, findings: Findings) -> None:
    commanded, measured = seen.action.sample[:, pair.action], seen.state.sample[:, pair.state]
    name = seen.action.label(pair.action)
    (low, high), (lowest, highest) = (np.quantile(x, [0.01, 0.99]) for x in (commanded, measured))
    if highest - lowest < REACH_SHARE * (high - low):
        findings.warnings.append(
            f"{name} is told {low:.3g} to {high:.3g}, its state only measures {lowest:.3g} to {highest:.3g}: "
            "something is in its way, or the two have other units"
        )
        return
    offset = float(np.median(commanded) - np.median(measured))
    if abs(offset) > OFFSET_SHARE * seen.state.std[pair.state]:
        findings.warnings.append(f"{name} differs from its state by {offset:.3g} all along")


def _check_repeats(seen: Survey, robot: Embodiment, findings: Findings) -> None:
    """Warnings where a state is measured more seldom than its commands come."""
    for segment in robot.segments:
        own = [pair for pair in pairs(robot) if pair.segment == segment and _moves(seen, pair)]
        if own:
            measured = float(np.median(seen.state.repeats[[pair.state for pair in own]]))
            commanded = float(np.median(seen.action.repeats[[pair.action for pair in own]]))
            if measured > REPEATED and commanded < NEW:
                findings.warnings.append(
                    f"{segment.name}: {measured:.0%} of the frames repeat the state of the frame before: "
                    f"it is measured at about {(1 - measured) * seen.dataset.fps:.0f} Hz"
                )


def _check_order(seen: Survey, found: list[Pair], findings: Findings) -> None:
    """Warnings where commands are copies of the state, an error where they come after it."""
    best, strength = seen.following.steps()
    clear = [p for p in found if strength[p.action, p.state] >= CLEAR_STEP and p.segment.anchor != "previous"]
    if not clear:
        return
    middle = float(np.median([best[p.action, p.state] for p in clear]))
    if middle < 0:
        findings.errors.append(
            f"the state moves {-middle:g} ticks before its command: action and state columns are shifted"
        )
    elif middle == 0 and all(strength[p.action, p.state] > 0.999 for p in clear):
        findings.warnings.append(
            "the commands are the states of the same frame: a policy would learn to stay; shift them a tick"
        )
