"""Room is given while all can be kept moving, and to nobody behind that."""

import numpy as np
import pytest

from xr0.serve.admission import CLOSED_S, PLAN_S, SILENT_S, UNMEASURED, Admission, feasible
from xr0.serve.measured import MOST_BUCKETS, REMEMBERED, ServiceTimes


def times(**seconds: float) -> ServiceTimes:
    """`a8=0.04`: a batch of 8 of bucket a takes 40 ms."""
    made = ServiceTimes()
    for name, taken in seconds.items():
        made.record(name[0], int(name[1:]), taken)
    return made


def let_in(admission: Admission, count: int, plan_s: float | None = None, every_s: float = 0.0) -> int:
    """How many of so many new robots get in."""
    return sum(admission.admits(f"new {k}", "a", plan_s, k * every_s) for k in range(count))


def test_times_are_medians_and_what_was_not_measured_is_taken_to_be_slow() -> None:
    measured = times(a2=0.1, a8=0.2)
    measured.record("a", 2, 9.0)
    measured.record("a", 2, 0.1)
    assert measured.seconds("a", 2) == 0.1
    assert measured.seconds("a", 4) == 0.2
    assert measured.seconds("a", 16) == pytest.approx(0.4)
    assert measured.cost("a", 8) == pytest.approx(0.025)
    assert measured.cost("a", 2) == pytest.approx(0.05)
    assert measured.longest("a") == 0.2
    assert measured.seconds("b", 1) == measured.cost("b", 8) == measured.longest("b") == 0.0


def test_times_follow_a_device_that_has_become_slower_and_hold_few_buckets() -> None:
    measured = times(a1=0.1)
    for _ in range(REMEMBERED):
        measured.record("a", 1, 0.3)
    assert measured.seconds("a", 1) == 0.3
    for k in range(MOST_BUCKETS):
        measured.record(k, 1, 0.1)
    assert not measured.known("a")
    assert measured.known(MOST_BUCKETS - 1)


def test_the_load_is_what_is_asked_times_what_it_costs() -> None:
    admission = Admission(times(a1=0.02), 8)
    for turn in range(20):
        assert admission.admits("one", "a", 0.4, turn * 0.2)
    assert admission.load() == pytest.approx(0.02 / 0.2)


def test_robots_get_in_until_four_fifths_of_the_time_is_promised() -> None:
    """5 ms a request in batches of 8, 3 requests a second: 53 robots, unless plans are too short for that."""
    assert let_in(Admission(times(a8=0.04), 8), 80) == 53
    assert PLAN_S > 53 * 0.005 / 0.8


def test_short_plans_leave_room_for_fewer() -> None:
    """All may ask at once behind a batch that has just begun: 0.04 + n 0.005 <= 0.8 * 0.1."""
    admission = Admission(times(a8=0.04), 8)
    assert admission.admits("known", "a", 0.1, 0.0)
    assert let_in(admission, 80) == 7


def test_an_empty_server_takes_anybody_and_few_come_in_before_anything_is_measured() -> None:
    slow = Admission(times(a1=5.0), 8)
    assert let_in(slow, 3) == 1
    assert let_in(Admission(times(), 8), 20) == UNMEASURED


def test_who_is_in_stays_in_and_who_leaves_or_falls_silent_makes_room() -> None:
    admission = Admission(times(a1=0.2), 1)
    assert admission.admits("in", "a", 0.4, 0.0)
    assert not admission.admits("out", "a", 0.4, 0.1)
    assert admission.admits("in", "a", 0.4, 0.33)
    assert not admission.admits("out", "a", 0.4, 0.33 + SILENT_S)
    assert admission.admits("out", "a", 0.4, 0.34 + SILENT_S + CLOSED_S)
    assert not admission.admits("in", "a", 0.4, 3.0)
    admission.forget("out")
    assert admission.admits("in", "a", 0.4, 3.0 + CLOSED_S)


def test_a_full_server_looks_at_nobody_new_for_a_moment() -> None:
    admission = Admission(times(a1=0.2), 1)
    assert admission.admits("in", "a", 0.4, 0.0)
    assert not admission.admits("out", "a", 0.4, 0.0)
    admission.forget("in")
    assert not admission.admits("out", "a", 0.4, CLOSED_S / 2)
    assert admission.admits("out", "a", 0.4, CLOSED_S)


def test_a_robot_that_asks_seldom_is_known_when_it_is_back_and_keeps_its_room() -> None:
    """200 ms every 5 s leave room for others; 3 times a second they would not."""
    admission = Admission(times(a1=0.2), 1)
    assert admission.admits("seldom", "a", 0.9, 0.0)
    assert admission.admits("often", "a", 0.9, 3.0)  # it has been silent for 3 s, and gave up its room
    admission.forget("often")
    assert admission.admits("seldom", "a", 0.9, 5.0)
    assert admission.load() == pytest.approx(0.2 / 5)
    assert admission.admits("seldom too", "a", 0.9, 9.0)
    assert len(admission) == 2


def test_a_pause_between_two_episodes_is_not_taken_for_its_pace() -> None:
    admission = Admission(times(a1=0.1), 1)
    for turn in range(4):
        assert admission.admits("one", "a", 0.9, turn / 3)
    assert admission.admits("one", "a", 0.9, 60.0)
    assert admission.load() == pytest.approx(0.1 * 3)


def test_two_requests_at_the_same_time_say_nothing_of_its_pace() -> None:
    admission = Admission(times(a1=0.1), 1)
    for now_s in (0.0, 1.0, 1.0, 2.0, 2.0):
        assert admission.admits("one", "a", 0.9, now_s)
    assert admission.load() == pytest.approx(0.1)


@pytest.mark.parametrize("seed", range(2))
def test_what_is_promised_holds_in_the_worst_case(seed: int) -> None:
    """A slow twin: EDF from the moment at which all ask, behind a batch that has just begun."""
    rng = np.random.default_rng(seed)
    yes = 0
    for _ in range(60):
        count = int(rng.integers(1, 12))
        slacks, periods = rng.uniform(0.05, 0.8, count), rng.uniform(0.1, 0.6, count)
        costs = np.full(count, rng.uniform(0.002, 0.03))
        blocking_s = float(rng.uniform(0.0, 0.05))
        if feasible(costs, slacks, periods, blocking_s):
            yes += 1
            assert worst_miss_s(costs, slacks, periods, blocking_s) <= 0.0
    assert yes > 5, "the draws must have some that are promised"


def worst_miss_s(costs: np.ndarray, slacks: np.ndarray, periods: np.ndarray, blocking_s: float) -> float:
    """By how much the latest answer misses its deadline, of those that can be promised anything."""
    promised = 0.8 * slacks > blocking_s + costs
    jobs = [
        (turn * period, turn * period + slack, cost, sure)
        for cost, slack, period, sure in zip(costs, slacks, periods, promised, strict=True)
        for turn in range(int(6.0 / period))
        if sure
    ]
    now_s, worst_s = blocking_s, -np.inf
    while jobs:
        here = [job for job in jobs if job[0] <= now_s]
        if not here:
            now_s = min(job[0] for job in jobs)
            continue
        job = min(here, key=lambda job: job[1])
        jobs.remove(job)
        now_s += job[2]
        worst_s = max(worst_s, now_s - job[1])
    return float(worst_s)
