"""One person for many robots: the simulation and its exact twin."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "runs"))
import operators


def test_interventions_are_failures_by_hours_of_robot_time() -> None:
    """90 successes of 3 s and 10 failures of 9 s: 360 s, a tenth of an hour."""
    rows = [{"ticks": 90}] * 90 + [{"ticks": 270}] * 10
    found = operators.need({"episodes": 100, "successes": 90, "ci95": [0.83, 0.95], "rows": rows})
    assert found.robot_hours == pytest.approx(0.1)
    assert found.per_hour == pytest.approx(100)
    assert (found.low, found.high) == pytest.approx((50, 170))


@pytest.mark.parametrize(("robots", "per_hour"), [(3, 60.0), (10, 20.0), (40, 5.0), (100, 6.0)])
def test_the_simulation_comes_to_the_exact_share(robots: int, per_hour: float) -> None:
    """Also beyond what one person can do: 100 robots at 6 an hour ask for 2.5 persons."""
    exact = operators.waiting(robots, per_hour)
    assert operators.simulate(robots, per_hour, hours=400.0).waiting == pytest.approx(exact, rel=0.05)


def test_one_robot_never_waits_and_a_crowd_waits_for_all_that_a_person_cannot_do() -> None:
    assert operators.waiting(1, 60.0) == pytest.approx(0.0, abs=1e-9)
    assert operators.simulate(1, 60.0, hours=10.0).waiting == 0.0
    in_line_s = 300 * operators.HELP_S - 3600 / 30 - operators.HELP_S  # a round of 300, less work and help
    assert operators.waiting(300, 30.0) == pytest.approx(in_line_s / (300 * operators.HELP_S))


def test_all_time_is_work_line_or_help() -> None:
    """A robot's work is what is left, and it fails so often in that."""
    shares = operators.simulate(20, 12.0, hours=500.0)
    at_work_hours = 20 * 500.0 * (1 - shares.waiting - shares.helped)
    assert len(shares.waits_s) == pytest.approx(12.0 * at_work_hours, rel=0.02)
    assert shares.busy == pytest.approx(20 * shares.helped)


def test_the_most_robots_are_the_last_below_the_limit() -> None:
    robots = operators.most_robots(12.0)
    assert operators.waiting(robots, 12.0) <= operators.MOST_WAITING < operators.waiting(robots + 1, 12.0)
    assert operators.waiting(50, operators.most_often(50)) == pytest.approx(operators.MOST_WAITING, rel=1e-3)
