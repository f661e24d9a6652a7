import numpy as np
import pytest

from xr0_robot.bench.evaluate import Settings
from xr0_robot.executor.inference import Request, VirtualInference
from xr0_robot.executor.jitter import LogNormal, Spikes, Steady
from xr0_robot.robots.mock import MockEnv, MockPolicy

SEEDS = range(4000)


def test_a_log_normal_factor_has_a_median_of_one_and_its_sigma():
    logs = np.log([LogNormal(0.3).factor(seed) for seed in SEEDS])
    assert np.median(logs) == pytest.approx(0.0, abs=0.02)
    assert np.std(logs) == pytest.approx(0.3, rel=0.05)


def test_spikes_come_as_often_and_are_as_high_as_was_said():
    factors = np.array([Spikes(0.02, 3.0).factor(seed) for seed in SEEDS])
    assert set(factors) == {1.0, 3.0}
    assert np.mean(factors == 3.0) == pytest.approx(0.02, abs=0.006)
    assert {Steady().factor(seed) for seed in SEEDS[:5]} == {1.0}


def test_a_request_s_delay_is_its_seed_s_whatever_came_before():
    env = MockEnv()
    arrivals = []
    for order in ((1, 2, 3), (3, 1, 2)):
        inference, seen = VirtualInference(MockPolicy(env), 0.1, LogNormal(0.5)), {}
        for seed in order:
            inference.start(Request(env.observe("reach the mark", 0.0), None, seed, 0), 0.0)
            seen[seed] = next(ms for ms in range(10_000) if inference.poll(ms / 1e3) is not None)
            assert seen[seed] == pytest.approx(inference.latency_s(seed) * 1e3, abs=1.0)
        arrivals.append(seen)
    assert arrivals[0] == arrivals[1] and len(set(arrivals[0].values())) == 3


@pytest.mark.parametrize(
    "bad",
    [
        lambda: LogNormal(-0.1),
        lambda: LogNormal(float("nan")),
        lambda: Spikes(1.1, 3.0),
        lambda: Spikes(0.1, 0.5),
    ],
)
def test_a_jitter_that_is_none_is_refused(bad):
    with pytest.raises(ValueError, match="jitter: got"):
        bad()


def test_settings_refuse_a_jitter_that_nobody_knows_and_one_of_the_wall_clock():
    with pytest.raises(ValueError, match="got 'gamma', expected one of steady, lognormal, spikes"):
        Settings(jitter="gamma")
    with pytest.raises(ValueError, match="by the wall clock"):
        Settings(jitter="spikes", clock="wall")
