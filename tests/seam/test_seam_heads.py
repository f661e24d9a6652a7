"""Heads that correct commands in every tick: what they learn, and what they leave alone."""

import numpy as np
import pytest

from xr0.seam.checkpoint import SeamCheckpoint
from xr0.seam.correction import A2C2_HEAD, CorrectedPolicy, answers
from xr0.seam.policy import SeamPolicy
from xr0.seam.reflex import DEAD_ZONE, REFLEX_HEAD, ReflexPolicy, beyond
from xr0.seam.samples import Shown
from xr0_robot.types import Observation


def seen(state: np.ndarray) -> Observation:
    return Observation({}, state, "catch", 0.0)


def test_an_a2c2_head_learns_what_is_missing(untrained: SeamCheckpoint, shown: Shown) -> None:
    """An untrained policy is far off; its head brings it nearer to the expert."""
    there = shown.demonstrations
    policy = A2C2_HEAD.policy(untrained, A2C2_HEAD.train(untrained, there, chunks=8, steps=300, seed=0))
    assert isinstance(policy, CorrectedPolicy)
    first = int(there.starts[3])
    chunk = policy.infer(seen(there.states[first]), None, 1)
    before, after = [], []
    for row in range(0, 20, 4):
        now, truth = seen(there.states[first + row]), there.commands[first + row]
        before.append(abs(chunk.actions[row] - truth).max())
        after.append(abs(policy.correct(now, chunk, row, chunk.actions[row]) - truth).max())
    assert sum(after) < 0.6 * sum(before)


@pytest.fixture(scope="module")
def quick(untrained: SeamCheckpoint, shown: Shown) -> ReflexPolicy:
    head = REFLEX_HEAD.train(untrained, shown.demonstrations, chunks=40, steps=600, seed=0)
    policy = REFLEX_HEAD.policy(untrained, head)
    assert isinstance(policy, ReflexPolicy)
    return policy


def test_a_reflex_moves_an_old_chunk_to_what_the_policy_would_say_now(
    quick: ReflexPolicy, shown: Shown
) -> None:
    there, seed = shown.demonstrations, 5
    first = int(there.starts[3])
    chunk = quick.infer(seen(there.states[first]), None, seed)
    stale, corrected = [], []
    for row in range(4, 20, 4):
        now = there.states[first + row]
        fresh = answers(quick, now[None], np.array([seed]))[0, 0]
        stale.append(abs(chunk.actions[row] - fresh).max())
        corrected.append(abs(quick.correct(seen(now), chunk, row, chunk.actions[row]) - fresh).max())
    assert sum(corrected) < 0.6 * sum(stale)


def test_a_reflex_does_not_ask_which_row_of_which_chunk_a_command_is(
    quick: ReflexPolicy, shown: Shown
) -> None:
    """So a command that goes on smoothly from chunk to chunk is corrected smoothly."""
    states = shown.demonstrations.states
    one, other = (quick.infer(seen(states[k]), None, k) for k in (0, 7))
    command = one.actions[10]
    early, late = (
        quick.correct(seen(states[9]), one, 9, command),
        quick.correct(seen(states[9]), other, 2, command),
    )
    assert np.array_equal(early, late)


def test_what_is_small_is_left_to_the_chunk() -> None:
    assert beyond(np.array([0.3, 0.4]), 0.5).tolist() == [0.0, 0.0]
    assert beyond(np.array([3.0, -4.0]), 1.0) == pytest.approx([2.4, -3.2])
    assert beyond(np.zeros(2), DEAD_ZONE).tolist() == [0.0, 0.0]


def test_a_reflex_learns_across_the_surprise_and_never_across_episodes(
    untrained: SeamCheckpoint, shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = shown.demonstrations
    ends = np.flatnonzero(there.left == 0)
    assert ends[-1] == len(there.states) - 1 and (np.diff(ends) > 30).all()
    asked: list[np.ndarray] = []

    def told(policy: SeamPolicy, states: np.ndarray, seeds: np.ndarray) -> np.ndarray:
        asked.append(np.array([int(np.flatnonzero((there.states == state).all(1))[0]) for state in states]))
        return np.zeros((len(states), 30, untrained.robot.embodiment.native_dim))

    monkeypatch.setattr("xr0.seam.reflex.answers", told)
    REFLEX_HEAD.pairs(untrained, there, 60, 0)
    before, after = asked[0].repeat(8), asked[1]
    assert ((after >= before) & (after - before < 28)).all()
    assert (np.searchsorted(ends, before) == np.searchsorted(ends, after)).all()
    assert not set(asked[0].tolist()) <= set(there.starts.tolist())
