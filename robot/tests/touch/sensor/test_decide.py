"""The rules of the loop, one by one."""

import numpy as np
import pytest

from xr0_robot.touch.sensor.decide import Limits, Refinement, shorten
from xr0_robot.touch.sensor.increment import magnitudes, to_vector

SURE = np.full(6, 0.01)
LIMITS = Limits()


def w(y: float = 0.0, turn_deg: float = 0.0) -> np.ndarray:
    return np.array([0.0, y, 0.0, np.deg2rad(turn_deg), 0.0, 0.0])


def test_nothing_left_to_do_is_done() -> None:
    assert Refinement(LIMITS).decide(w(0.02, 0.1), SURE).verdict == "done"


def test_a_long_way_is_shortened_along_itself() -> None:
    decision = Refinement(LIMITS).decide(w(6.0, 4.0), SURE)
    assert decision.verdict == "move"
    np.testing.assert_allclose(decision.step, w(6.0, 4.0) * LIMITS.step_mm / 6.0)
    for vector in (w(6.0, 30.0), w(0.1, 40.0), w(0.1, 0.1)):
        mm, deg = magnitudes(shorten(vector, 3.0, 8.0))
        assert mm <= 3.0 + 1e-9
        assert deg <= 8.0 + 1e-9


def test_five_moves_are_all() -> None:
    rules = Refinement(LIMITS)
    verdicts = [rules.decide(w(size), SURE).verdict for size in (1.0, 0.5, 0.6, 0.5, 0.6, 0.5)]
    assert verdicts == ["move"] * 5 + ["no steps left"]


def test_predictions_that_grow_twice_are_divergence() -> None:
    rules = Refinement(LIMITS)
    verdicts = [rules.decide(w(size), SURE).verdict for size in (0.5, 0.6, 0.7)]
    assert verdicts == ["move", "move", "diverging"]
    rules = Refinement(LIMITS)
    verdicts = [rules.decide(w(size), SURE).verdict for size in (0.1, 0.2, 0.3)]
    assert verdicts == ["move", "move", "move"]  # near the goal only noise is left, and noise may grow


def test_moves_add_up_to_a_limit() -> None:
    rules = Refinement(LIMITS)
    verdicts = [rules.decide(w(3.0 - 0.001 * k), SURE).verdict for k in range(4)]
    assert verdicts == ["move", "move", "move", "out of reach"]
    np.testing.assert_allclose(to_vector(rules.total)[1], 9.0, atol=0.01)


def test_it_needs_to_be_unsure_of_everything_to_give_up() -> None:
    lost = np.array([9.0, 3.0, 3.0, 0.5, 0.5, 0.5])
    assert Refinement(LIMITS).decide(w(1.0), lost).verdict == "uncertain"
    for known in range(1, 6):
        some = lost.copy()
        some[known] = 0.01
        assert Refinement(LIMITS).decide(w(1.0), some).verdict == "move"


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_prediction_that_is_not_finite_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="expected finite"):
        Refinement(LIMITS).decide(w(bad), SURE)
    with pytest.raises(ValueError, match="expected finite"):
        Refinement(LIMITS).decide(w(1.0), SURE * bad)
