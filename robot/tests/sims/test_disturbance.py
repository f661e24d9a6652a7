import numpy as np
import pytest

from xr0_robot.sims.disturbance import Disturbance


def test_disturbance_has_its_spread_and_its_memory():
    std, correlation_s = np.array([0.008, 0.0, 0.06]), 0.3
    noise = Disturbance(np.random.default_rng(0), std, correlation_s, dt=1 / 30)
    values = np.array([noise.step() for _ in range(20_000)])
    assert (values[0] == 0).all()
    np.testing.assert_allclose(values.std(axis=0), std, rtol=0.1)
    lag = round(correlation_s * 30)
    correlation = np.corrcoef(values[:-lag, 0], values[lag:, 0])[0, 1]
    assert correlation == pytest.approx(np.exp(-1), abs=0.1)
