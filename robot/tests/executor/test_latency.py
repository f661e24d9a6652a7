import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xr0_robot.executor.inference import VirtualInference
from xr0_robot.executor.jitter import LogNormal, Spikes
from xr0_robot.executor.latency import Fixed, Oracle, Quantile
from xr0_robot.executor.loop import Executor
from xr0_robot.executor.methods import Prefix
from xr0_robot.executor.safety import Safety
from xr0_robot.robots.mock import LIMITS, MockEnv, MockPolicy


def plans(trace, policy=None):
    """What is planned for before each chunk of a trace of delays, and after the last."""
    policy = policy or Quantile()
    return [policy.ticks(trace[:count], seed=0) for count in range(len(trace) + 1)]


def test_before_anything_is_measured_a_tick_is_planned_for_and_a_steady_delay_is_found_at_once():
    assert plans([3] * 5) == [1, 3, 3, 3, 3, 3]


def test_the_warm_up_speaks_only_while_it_is_alone():
    assert plans([25, 3, 3]) == [1, 25, 3, 3]
    assert plans([40, 25, 3, 3], Quantile(warm_up=2)) == [1, 40, 25, 3, 3]


@pytest.mark.parametrize("trace", [[3] * 10 + [20] + [3] * 5, [3, 3, 20, 3], [1] * 5 + [5]])
def test_a_spike_is_forgotten_at_once(trace):
    assert set(plans([trace[0], *trace])[2:]) == {trace[0]}


def test_a_spike_every_fifty_chunks_is_never_planned_for():
    trace = [3, *np.where(np.arange(400) % 50 == 49, 9, 3)]
    assert set(plans(trace)[1:]) == {3}


def test_jitter_is_planned_for_on_the_high_side():
    trace = np.random.default_rng(0).choice([2, 3, 4, 5], p=[0.2, 0.4, 0.3, 0.1], size=200).tolist()
    planned = plans(trace)[40:-1]
    enough = np.mean(np.array(planned) >= trace[40:])
    assert enough > 0.85 and max(planned) <= 5


def test_a_step_up_is_learnt_within_four_chunks_however_high():
    for high in (4, 9, 25):
        planned = plans([2] * 33 + [high] * 6)
        assert planned[33] == 2 and planned[33 + 4] == high


def test_after_a_step_down_the_old_delays_are_gone_within_a_window():
    planned = plans([9] * 33 + [2] * 32)
    assert planned[33 + 5] == 9 and planned[33 + 29] == 2


@given(st.lists(st.integers(0, 100), max_size=80))
def test_it_stays_within_what_was_seen(trace):
    assert 0 <= plans(trace)[-1] <= max(trace, default=1)


def test_a_fixed_delay_listens_to_nobody():
    assert plans([9, 9, 1], Fixed(4)) == [4] * 4


@pytest.mark.parametrize("jitter", [LogNormal(0.5), Spikes(0.3, 3.0)])
def test_the_oracle_s_promise_is_what_runs_while_the_policy_thinks(jitter):
    env, delays, noted = MockEnv(), [], []

    class Noting(MockPolicy):
        def infer(self, observation, prefix, seed):
            noted.append(prefix)
            return super().infer(observation, prefix, seed)

    inference = VirtualInference(Noting(env), 0.09, jitter)
    executor = Executor(
        inference,
        Prefix(8),
        Safety(env.embodiment, LIMITS),
        env.state(),
        7,
        delay=Oracle(0.09, jitter, 30.0),
    )
    asked, joined = None, []
    for tick in range(160):
        was_busy = inference.busy
        done = executor.tick(tick / 30, lambda now_s=tick / 30: env.observe("reach the mark", now_s))
        if inference.busy and not was_busy:
            asked = tick
            delays.append(0 if noted[-1] is None else len(noted[-1]))
        if asked is not None and not inference.busy:
            joined.append(tick - asked)
            asked = None
        if done.freshness != "idle":
            env.apply(done.command)
    # The first request promises nothing; a longer delay than the policy's prefixes is promised that far.
    expected = [0, *(min(delay, 6) for delay in joined[1:])]
    assert len(set(joined)) > 2 or isinstance(jitter, Spikes)
    assert delays[: len(joined)] == expected


def test_what_is_planned_for_never_exceeds_a_chunk():
    env = MockEnv()
    executor = Executor(
        VirtualInference(MockPolicy(env), 0.0),
        Prefix(8),
        Safety(env.embodiment, LIMITS),
        env.state(),
        0,
        delay=Fixed(10**6),
    )
    asked = []
    for tick in range(60):
        executor.tick(
            tick / 30, lambda now_s=tick / 30: asked.append(now_s) or env.observe("reach the mark", now_s)
        )
    assert len(asked) == 60  # it asks every tick, as for a delay of a whole chunk, and nothing fails


@pytest.mark.parametrize(
    "bad", [lambda: Fixed(-1), lambda: Quantile(1.5), lambda: Quantile(window=0), lambda: Quantile(spike=1.0)]
)
def test_values_that_mean_nothing_are_refused(bad):
    with pytest.raises(ValueError, match="delay: got"):
        bad()
