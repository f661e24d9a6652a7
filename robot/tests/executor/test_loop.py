"""The executor against a policy whose every row says which answer it is of, and which row of it."""

import logging
import threading
from itertools import pairwise

import numpy as np
import pytest

from xr0_robot.deadlines import Deadlines
from xr0_robot.executor.inference import ThreadedInference, VirtualInference
from xr0_robot.executor.loop import Executor
from xr0_robot.executor.methods import Naive, Prefix, Synchronous
from xr0_robot.executor.safety import Safety
from xr0_robot.executor.tick import InferenceFailed
from xr0_robot.limits import PlainLimit, PoseLimit
from xr0_robot.robots.mock import MockEnv
from xr0_robot.sims.bricks.embodiment import BRICKS
from xr0_robot.types import Chunk

WIDE = {
    "arm.pose": PoseLimit((-1e3,) * 3, (1e3,) * 3, speed_m_s=1e6, turn_rad_s=1e6),
    "arm.gripper": PlainLimit(-1e3, 1e3, rate=1e6),
}
STANDING = np.array([-1.0, -1.0, 0, 0, 0, 0, 0])


class NumberedPolicy:
    """x of a command is the number of the answer, y the row in it."""

    embodiment = BRICKS
    action_horizon = 30
    max_prefix = 6

    def __init__(self):
        self.requests = []

    def infer(self, observation, prefix, seed):
        rows = np.zeros((self.action_horizon, 7))
        rows[:, 0] = len(self.requests)
        rows[:, 1] = np.arange(self.action_horizon)
        self.requests.append((round(observation.time_s * 30), prefix, seed))
        return Chunk(rows, observation.time_s, BRICKS.dt)


class Bench:
    """An executor on a virtual clock, one tick at a time."""

    def __init__(self, policy, strategy, latency_s=0.0, inference=None, limits=WIDE, deadlines=None):
        self.env, self.now = MockEnv(), 0
        inference = inference or VirtualInference(policy, latency_s)
        self.executor = Executor(inference, strategy, Safety(BRICKS, limits), STANDING, 0, deadlines)
        self.picture_age_s = 0.0

    def tick(self):
        now_s = self.now / 30
        self.now += 1
        return self.executor.tick(
            now_s, lambda: self.env.observe("reach the mark", now_s - self.picture_age_s)
        )

    def run(self, ticks):
        return [self.tick() for _ in range(ticks)]


def origins(ticks):
    """(answer, row) per tick, None while holding."""
    return [None if t.freshness == "idle" else (int(t.command[0]), int(t.command[1])) for t in ticks]


def test_a_request_says_when_the_plan_runs_out_and_how_long_an_answer_is_executed():
    class Noted(VirtualInference):
        def start(self, request, now_s):
            asked.append(request.urgency)
            super().start(request, now_s)

    asked = []
    deadlines = Deadlines(max_lag_s=0.5)
    Bench(None, Prefix(10), inference=Noted(NumberedPolicy(), 0.1), deadlines=deadlines).run(40)
    plans = [round(30 * urgency.plan_s) for urgency in asked]
    assert plans == [0, 23, 20, 20]  # it stands, then asks every 10 ticks; the first chunk came after 3
    assert all(urgency.useful_s == pytest.approx(urgency.plan_s + 0.5) for urgency in asked)


def test_100_ms_are_three_ticks_and_the_next_chunk_is_joined_at_row_three():
    policy = NumberedPolicy()
    ticks = Bench(policy, Prefix(10), latency_s=0.1).run(33)
    expected = (
        [None] * 3
        + [(0, k) for k in range(10)]
        + [(1, k) for k in range(3, 13)]
        + [(2, k) for k in range(3, 13)]
    )
    assert origins(ticks) == expected
    assert [request[0] for request in policy.requests] == [0, 10, 20, 30]


def test_the_prefix_is_exactly_what_ran_while_the_policy_thought():
    policy = NumberedPolicy()
    ticks = Bench(policy, Prefix(10), latency_s=0.1).run(40)
    assert policy.requests[0][1] is None
    for tick, prefix, _ in policy.requests[1:3]:
        assert len(prefix) == 3
        assert prefix.tolist() == [t.command.tolist() for t in ticks[tick : tick + 3]]
    assert [t.tick for t in ticks if t.freshness == "prefix"] == [10, 11, 12, 20, 21, 22, 30, 31, 32]


def test_naive_inference_promises_nothing_and_joins_where_asynchronous_does():
    policies = NumberedPolicy(), NumberedPolicy()
    naive, asynchronous = (
        Bench(policy, strategy, latency_s=0.1).run(40)
        for policy, strategy in zip(policies, (Naive(10), Prefix(10)), strict=True)
    )
    assert all(prefix is None for _, prefix, _ in policies[0].requests)
    assert not any(tick.freshness == "prefix" for tick in naive)
    assert [tick.chunk for tick in naive] == [tick.chunk for tick in asynchronous]


NARROW = {
    "arm.pose": PoseLimit((-2.0,) * 3, (20.0,) * 3, speed_m_s=15.0, turn_rad_s=1.0),
    "arm.gripper": PlainLimit(-1.0, 1.0, rate=1.0),
}
"""NumberedPolicy goes a metre per tick: half of that is let through."""


def test_where_the_limits_slow_the_plan_down_what_is_promised_is_still_what_runs():
    policy = NumberedPolicy()
    ticks = Bench(policy, Prefix(10), latency_s=0.1, limits=NARROW).run(40)
    assert sum("arm.pose speed" in t.clamped for t in ticks) > 30
    for tick, prefix, _ in policy.requests[1:3]:
        assert prefix.tolist() == [t.command.tolist() for t in ticks[tick : tick + 3]]


class Shifted:
    """The robot works a metre further along x than the policy believes."""

    def sent(self, command):
        return command + np.eye(7)[0]

    def seen(self, state):
        return state - np.eye(7)[0]


@pytest.mark.parametrize("limits", [WIDE, NARROW])
def test_a_prefix_knows_nothing_of_the_adjustment_but_all_of_the_limits(limits):
    policy = NumberedPolicy()
    bench = Bench(policy, Prefix(10), latency_s=0.1, limits=limits)
    bench.executor.adjustment = Shifted()
    ticks = bench.run(40)
    for tick, prefix, _ in policy.requests[1:3]:
        assert prefix == pytest.approx(np.stack([Shifted().seen(t.command) for t in ticks[tick : tick + 3]]))


def test_without_latency_each_chunk_starts_at_its_first_row_and_nothing_is_promised():
    for strategy in (Prefix(10), Synchronous(10)):
        policy = NumberedPolicy()
        ticks = Bench(policy, strategy).run(30)
        assert origins(ticks) == [(chunk, k) for chunk in range(3) for k in range(10)]
        assert all(request[1] is None for request in policy.requests)


@pytest.mark.parametrize("latency_ms, hold", [(100, 3), (200, 6), (34, 2)])
def test_sync_holds_for_exactly_the_latency_and_then_skips_nothing(latency_ms, hold):
    policy = NumberedPolicy()
    ticks = Bench(policy, Synchronous(10), latency_s=latency_ms / 1e3).run(2 * (hold + 10))
    one = [None] * hold
    assert origins(ticks) == one + [(0, k) for k in range(10)] + one + [(1, k) for k in range(10)]
    assert all(request[1] is None for request in policy.requests)


def test_a_hold_repeats_the_last_command():
    ticks = Bench(NumberedPolicy(), Synchronous(5), latency_s=0.1).run(11)
    assert all(t.command.tolist() == STANDING.tolist() for t in ticks[:3])
    assert all(t.command.tolist() == ticks[7].command.tolist() for t in ticks[8:11])
    assert [t.chunk for t in ticks] == [-1] * 3 + [0] * 5 + [-1] * 3


def test_a_delay_beyond_the_known_prefixes_degrades_and_says_so(caplog):
    policy = NumberedPolicy()
    ticks = Bench(policy, Prefix(10), latency_s=9 / 30).run(60)
    assert origins(ticks)[9:] == [(0, k) for k in range(10)] + [
        (c, k) for c in range(1, 5) for k in range(9, 19)
    ] + [(5, 9)]
    assert all(len(request[1]) == 6 for request in policy.requests[1:])
    assert sum("begins without the rest" in record.message for record in caplog.records) == 1


def test_a_very_slow_policy_makes_the_robot_wait_and_still_skips_nothing():
    ticks = Bench(NumberedPolicy(), Prefix(10), latency_s=25 / 30).run(80)
    hold = [None]
    # Asked at 25, answered at 50: 25 rows have run. Asked at 50: 5 rows run, 20 ticks of waiting count not.
    expected = hold * 25 + [(0, k) for k in range(25)] + [(1, k) for k in range(25, 30)] + hold * 20
    assert origins(ticks) == expected + [(2, k) for k in range(5, 10)]


def test_a_policy_slower_than_its_whole_chunk_stops_and_goes():
    patient = Deadlines(max_lag_s=2.0)
    ticks = Bench(NumberedPolicy(), Prefix(10), latency_s=40 / 30, deadlines=patient).run(400)
    ran = [origin for origin in origins(ticks) if origin is not None]
    assert [row for _, row in ran] == (list(range(30)) * 20)[: len(ran)]
    assert len(ran) > 90


@pytest.mark.parametrize("latency_ticks", [0, 1, 2, 5, 8, 15])
@pytest.mark.parametrize("execute_horizon", [1, 4, 10, 30])
def test_async_never_repeats_or_skips_a_row(latency_ticks, execute_horizon):
    ticks = Bench(NumberedPolicy(), Prefix(execute_horizon), latency_s=latency_ticks / 30).run(120)
    steps = [o for o in origins(ticks) if o is not None]
    for before, after in pairwise(steps):
        same_chunk = after == (before[0], before[1] + 1)
        next_chunk = after[0] == before[0] + 1 and after[1] <= latency_ticks
        assert same_chunk or next_chunk


def test_seeds_are_the_episodes_own_and_never_the_same_twice():
    first, second = NumberedPolicy(), NumberedPolicy()
    for policy in (first, second):
        Bench(policy, Prefix(5)).run(50)
    seeds = [request[2] for request in first.requests]
    assert seeds == [request[2] for request in second.requests]
    assert len(set(seeds)) == len(seeds) == 10


def test_a_nan_chunk_ends_the_episode_in_one_line():
    class Broken(NumberedPolicy):
        def infer(self, observation, prefix, seed):
            return Chunk(np.full((30, 7), np.nan), observation.time_s, BRICKS.dt)

    with pytest.raises(InferenceFailed, match="chunk: got NaN"):
        Bench(Broken(), Prefix(10)).tick()


@pytest.mark.parametrize(
    "shape, dt, message",
    [((30, 6), BRICKS.dt, "got 6 numbers per row, bricks takes 7"), ((30, 7), 0.02, "got a row per 0.02 s")],
)
def test_a_chunk_for_another_robot_ends_the_episode_in_one_line(shape, dt, message):
    class Foreign(NumberedPolicy):
        def infer(self, observation, prefix, seed):
            return Chunk(np.zeros(shape), observation.time_s, dt)

    with pytest.raises(InferenceFailed, match=message):
        Bench(Foreign(), Prefix(10)).tick()


class Vanishing(NumberedPolicy):
    """Gone from one request on, for so many attempts."""

    def __init__(self, first, attempts):
        super().__init__()
        self._gone = range(first, first + attempts)
        self._calls = 0

    def infer(self, observation, prefix, seed):
        self._calls += 1
        if self._calls - 1 in self._gone:
            raise ConnectionResetError("ws://robot-brain: connection lost")
        return super().infer(observation, prefix, seed)


def test_a_server_that_comes_back_is_asked_afresh(caplog):
    bench = Bench(Vanishing(first=1, attempts=3), Prefix(10), latency_s=0.1)
    with caplog.at_level(logging.INFO):
        ticks = bench.run(120)
    # The old plan runs to its end, then the robot holds; what follows is the answer to a new observation.
    assert origins(ticks)[3:33] == [(0, k) for k in range(30)]
    gap = [t.tick for t in ticks if t.freshness == "idle" and t.tick > 3]
    assert gap == list(range(33, gap[-1] + 1))
    assert origins(ticks)[gap[-1] + 1] == (1, 0)
    assert sum("no fresh action is left" in r.message for r in caplog.records) == 2
    assert sum("nothing usable" in r.message for r in caplog.records) == 1


def test_a_server_that_stays_away_ends_the_episode_in_one_line():
    bench = Bench(Vanishing(first=1, attempts=10**6), Prefix(10), latency_s=0.1)
    done = []
    with pytest.raises(InferenceFailed, match=r"no usable answer .* connection lost"):
        while True:
            done.append(bench.tick())
    assert len(done) == pytest.approx(10 + Deadlines().patience_s * 30, abs=2)
    assert all(t.freshness == "idle" for t in done[33:])


def test_a_new_episode_never_obeys_the_last_ones_answer():
    policy = NumberedPolicy()
    inference = VirtualInference(policy, 0.1)
    Bench(policy, Prefix(10), inference=inference).run(2)
    bench = Bench(policy, Prefix(10), inference=inference)
    ticks = bench.run(5)
    assert origins(ticks) == [None, None, None, (1, 0), (1, 1)]
    assert [request[0] for request in policy.requests] == [0, 0]


def test_a_thread_that_thinks_too_long_costs_idle_ticks_not_the_control_rate():
    gate = threading.Event()

    class Gated(NumberedPolicy):
        def infer(self, observation, prefix, seed):
            gate.wait(10)
            return super().infer(observation, prefix, seed)

    inference = ThreadedInference(Gated())
    bench = Bench(None, Prefix(10), inference=inference)
    assert all(t.freshness == "idle" for t in bench.run(20))
    gate.set()
    inference._thread.submit(lambda: None).result()  # the one thread has finished what came before
    assert origins([bench.tick()]) == [(0, 0)]
    inference.cancel()
    inference.close()


@pytest.mark.parametrize("strategy", [Prefix, Synchronous])
def test_an_execute_horizon_below_one_is_refused(strategy):
    with pytest.raises(ValueError, match="execute_horizon: got 0"):
        strategy(0)


class Slowing(VirtualInference):
    """Answers at once, but for one request."""

    def __init__(self, policy, number, latency_s):
        super().__init__(policy, 0.0)
        self._latencies = [0.0] * number + [latency_s]

    def start(self, request, now_s):
        self._latency_s = self._latencies.pop(0) if self._latencies else 0.0
        super().start(request, now_s)


@pytest.mark.parametrize("stall_s, late", [(0.9, 0), (1.9, 1), (4.9, 1)])
def test_what_was_observed_too_long_ago_is_dropped_and_asked_for_anew(stall_s, late):
    policy = NumberedPolicy()
    bench = Bench(policy, Synchronous(10), inference=Slowing(policy, 1, stall_s))
    back = 10 + round(stall_s * 30)
    ticks = bench.run(back + 5)
    assert origins(ticks)[-5:] == [(1 + late, row) for row in range(5)]
    assert bench.executor.late_chunks == late
    assert [request[0] for request in policy.requests] == [0, 10] + [back] * late


def test_a_policy_that_is_always_too_late_moves_nothing_and_ends_the_episode_with_the_reason():
    bench = Bench(NumberedPolicy(), Prefix(10), latency_s=1.5)
    ticks = []
    with pytest.raises(InferenceFailed, match=r"for 10 s \(the plan is 1\.50 s late, at most 1 s\)"):
        while True:
            ticks.append(bench.tick())
    assert all(tick.freshness == "idle" for tick in ticks)
    assert ticks[45].refused == "the plan is 1.50 s late, at most 1 s"
    assert bench.executor.late_chunks == 6


def test_a_plan_that_the_loop_stood_still_over_is_dropped():
    policy = NumberedPolicy()
    bench = Bench(policy, Prefix(10), latency_s=0.1)
    bench.run(8)
    bench.now += 60  # the process was suspended for 2 s
    ticks = bench.run(4)
    assert origins(ticks) == [None, None, None, (1, 0)]
    assert ticks[0].refused == "the plan is 2.10 s late, at most 1 s"
    assert [tick.refused for tick in ticks[1:]] == [None] * 3


@pytest.mark.parametrize("coast_s, coasted", [(0.0, 0), (0.2, 6), (np.inf, 20)])
def test_with_the_policy_gone_the_plan_goes_on_for_as_long_as_the_robot_allows(coast_s, coasted):
    policy = Vanishing(first=1, attempts=3)
    bench = Bench(policy, Prefix(10), deadlines=Deadlines(coast_s=coast_s))
    ticks = bench.run(80)
    gone, back = 10, policy.requests[1][0]
    assert back == pytest.approx(gone + 45, abs=2)  # asked at 10, and three times half a second later
    assert origins(ticks)[: gone + coasted] == [(0, row) for row in range(gone + coasted)]
    assert all(tick.freshness == "idle" for tick in ticks[gone + coasted : back])
    # Back with a fresh observation, at its first row.
    assert origins(ticks)[back : back + 2] == [(1, 0), (1, 1)]


def test_pictures_that_are_too_old_are_not_asked_about():
    policy = NumberedPolicy()
    bench = Bench(policy, Synchronous(5))
    bench.run(5)
    bench.picture_age_s = 0.3
    ticks = bench.run(30)
    assert len(policy.requests) == 1 and bench.executor.stale_pictures == 30
    assert {tick.refused for tick in ticks} == {"the pictures are 0.30 s old, at most 0.25 s"}
    assert bench.executor.trouble == "the pictures are 0.30 s old, at most 0.25 s"
    bench.picture_age_s = 0.2
    assert origins(bench.run(2)) == [(1, 0), (1, 1)]
    assert bench.executor.trouble is None


def test_pictures_that_stay_too_old_end_the_episode_with_the_reason():
    bench = Bench(NumberedPolicy(), Prefix(10), deadlines=Deadlines(patience_s=1.0))
    bench.picture_age_s = 0.3
    with pytest.raises(InferenceFailed, match=r"for 1 s \(the pictures are 0\.30 s old, at most 0\.25 s\)"):
        bench.run(40)


def test_a_server_that_takes_six_seconds_to_restart_is_waited_for():
    policy = Vanishing(first=1, attempts=12)
    ticks = Bench(policy, Prefix(10)).run(10 + 7 * 30)
    back = policy.requests[1][0]
    assert back > 10 + 5.8 * 30 and origins(ticks)[back] == (1, 0)


def test_deadlines_below_zero_or_not_a_number_are_refused():
    for value in (-1.0, float("nan")):
        with pytest.raises(ValueError, match="deadlines: got max_lag_s"):
            Deadlines(max_lag_s=value)
