"""The methods in the control loop: which tick gets which row, and what the policy is asked."""

import numpy as np
import pytest

from xr0_robot.executor.inference import VirtualInference
from xr0_robot.executor.latency import Fixed, Quantile
from xr0_robot.executor.loop import Executor
from xr0_robot.executor.methods import (
    A2C2,
    RTC,
    Blend,
    Ensemble,
    Naive,
    Prefix,
    PrefixDamped,
    PrefixDecay,
    RTCFree,
    SeamDamped,
    SeamDecay,
    Synchronous,
    Vlash,
)
from xr0_robot.executor.safety import Safety
from xr0_robot.limits import MotionLimit, PlainLimit, PoseLimit
from xr0_robot.released import LIBERO
from xr0_robot.robots.mock import MockEnv
from xr0_robot.sims.bricks.embodiment import BRICKS
from xr0_robot.types import Chunk, Observation

WIDE = {
    "arm.pose": PoseLimit((-1e3,) * 3, (1e3,) * 3, speed_m_s=1e6, turn_rad_s=1e6),
    "arm.gripper": PlainLimit(-1e3, 1e3, rate=1e6),
}
START = np.array([0, -1.0, 0, 0, 0, 0, 0])


class Numbered:
    """x of a command is the number of the answer, y the row in it; takes guides, and corrects z."""

    embodiment = BRICKS
    action_horizon = 30
    max_prefix = 6
    guidance = ("gradient", "ramp")

    def __init__(self):
        self.requests = []
        self.corrected = []

    def infer(self, observation, prefix, seed):
        return self._answer(observation, prefix)

    def infer_guided(self, observation, guide, seed):
        return self._answer(observation, guide)

    def correct(self, observation, chunk, row, command):
        self.corrected.append((round(observation.time_s * 30), int(chunk.actions[row, 0]), row))
        return command + 0.5 * np.eye(7)[2]

    def _answer(self, observation, given):
        rows = np.zeros((self.action_horizon, 7))
        rows[:, 0] = len(self.requests)
        rows[:, 1] = np.arange(self.action_horizon)
        self.requests.append((round(observation.time_s * 30), observation.state, given))
        return Chunk(rows, observation.time_s, BRICKS.dt)


class Steady(Numbered):
    """Always the same command."""

    def _answer(self, observation, given):
        rows = np.tile([0.3, 0.1, 0.2, 0.5, -0.4, 0.3, 1.0], (self.action_horizon, 1))
        return Chunk(rows, observation.time_s, BRICKS.dt)


def run(policy, method, latency_s, ticks, limits=WIDE):
    env = MockEnv()
    executor = Executor(VirtualInference(policy, latency_s), method, Safety(BRICKS, limits), START, 0)
    return [
        executor.tick(now / 30, lambda now=now: env.observe("reach the mark", now / 30))
        for now in range(ticks)
    ]


def origins(ticks):
    return [None if t.freshness == "idle" else (int(t.command[0]), int(t.command[1])) for t in ticks]


MOVING = [
    Naive(), Prefix(), Ensemble(), Blend(), SeamDecay(), SeamDamped(), PrefixDecay(), PrefixDamped(), RTC(),
    RTCFree(), Vlash(), A2C2(),
]  # fmt: skip


@pytest.mark.parametrize("method", [Prefix(), RTC(), RTCFree(), Vlash()], ids=lambda m: m.name)
def test_without_delay_the_plan_is_the_naive_one(method):
    commands = [[t.command.tolist() for t in run(Numbered(), m, 0.0, 35)] for m in (method, Naive())]
    assert commands[0] == commands[1]


@pytest.mark.parametrize("method", [*MOVING[:-1], Synchronous()], ids=lambda m: m.name)
@pytest.mark.parametrize("latency_s", [0.0, 0.1, 0.4])
def test_a_policy_that_always_says_the_same_is_obeyed_to_the_letter(method, latency_s):
    ticks = run(Steady(), method, latency_s, 60)
    settled = np.stack([t.command for t in ticks if t.freshness != "idle"])[25:]
    expected = [0.3, 0.1, 0.2, 0.5, -0.4, 0.3, 1.0]
    assert settled == pytest.approx(np.tile(expected, (len(settled), 1)), abs=1e-2)
    if not isinstance(method, SeamDecay | SeamDamped | PrefixDecay):  # they leave the standstill gently
        assert settled == pytest.approx(np.tile(expected, (len(settled), 1)), abs=1e-12)


@pytest.mark.parametrize("latency_s", [0.1, 0.2])
def test_a_prefix_that_tells_all_is_continued_as_it_is(latency_s):
    commands = [
        [t.command.tolist() for t in run(Numbered(), method, latency_s, 60)]
        for method in (Prefix(), PrefixDamped())
    ]
    assert commands[0] == commands[1]


def test_beyond_the_longest_prefix_a_seam_is_left_as_the_plan_in_hand_goes_on():
    ticks = run(Numbered(), PrefixDamped(), 9 / 30, 28)
    # Row 9 of chunk 1 takes over where row 10 of chunk 0 would come: 1 further along x, 1 back along y.
    assert origins(ticks)[:19] == [None] * 9 + [(0, k) for k in range(10)]
    j = np.arange(1, 10)
    left = (1 + j / 2) * np.exp(-j / 2)
    rows = np.stack([t.command[:2] for t in ticks[19:]])
    assert [t.chunk for t in ticks[19:]] == [1] * 9
    assert rows[:, 0] == pytest.approx(1 - left)
    assert rows[:, 1] == pytest.approx(8 + j + left)


class Listening(Prefix):
    """Keeps what the policy did not know, of each chunk that takes over."""

    untold = ()

    def join(self, handover):
        Listening.untold += (handover.untold,)
        return handover.fresh


@pytest.mark.parametrize(
    "delay, latency_s, untold",
    [
        (Quantile(), 0.1, [0, 0, 0, 0]),
        (Quantile(), 9 / 30, [0, 3, 3, 3]),
        (Fixed(3), 5 / 30, [0, 2, 2, 2]),  # longer than was expected
        (Fixed(5), 0.1, [0, 0, 0, 0]),
        (Fixed(0), 0.1, [0, 3, 3, 3]),
    ],
)
def test_a_handover_says_how_much_the_policy_did_not_know(delay, latency_s, untold):
    Listening.untold, env = (), MockEnv()
    inference = VirtualInference(Numbered(), latency_s)
    executor = Executor(inference, Listening(), Safety(BRICKS, WIDE), START, 0, delay=delay)
    for now in range(50):
        executor.tick(now / 30, lambda now=now: env.observe("reach the mark", now / 30))
    assert list(Listening.untold[:4]) == untold


def test_a_chunk_that_begins_ahead_waits_while_the_plan_in_hand_goes_on():
    policy = Numbered()
    ticks = run(policy, Vlash(), 0.1, 33)
    expected = [None] * 3 + [(chunk, k) for chunk in range(3) for k in range(10)]
    assert origins(ticks) == expected
    assert [request[0] for request in policy.requests] == [0, 10, 20, 30]
    # Asked at 10 about tick 13: three commands, rows 7 to 9, will have run.
    assert policy.requests[1][1] == pytest.approx(ticks[12].command)


class Hastening(VirtualInference):
    """Slow once, then fast: the estimate is too high."""

    def start(self, request, now_s):
        super().start(request, now_s)
        self._latency_s = 1 / 30


def test_an_answer_sooner_than_estimated_still_begins_where_it_was_asked_to():
    policy, env = Numbered(), MockEnv()
    executor = Executor(Hastening(policy, 0.2), Vlash(), Safety(BRICKS, WIDE), START, 0)
    ticks = [executor.tick(n / 30, lambda n=n: env.observe("go", n / 30)) for n in range(30)]
    # Asked at 10, six ticks ahead; there at 11; the plan goes on to row 9 and chunk 1 begins at tick 16. From
    # then on one tick is estimated.
    expected = [(0, k) for k in range(10)] + [(1, k) for k in range(5)] + [(2, k) for k in range(9)]
    assert origins(ticks)[6:] == expected


def test_a_guide_is_the_plan_from_the_observation_on():
    policy = Numbered()
    ticks = run(policy, RTC(), 0.1, 30)
    assert policy.requests[0][2] is None
    guide = policy.requests[1][2]
    assert guide.delay == 3
    assert guide.rows[:, :2].tolist() == [[0, k] for k in range(7, 30)]
    assert guide.rows[:3].tolist() == [t.command.tolist() for t in ticks[10:13]]
    assert [t.tick for t in ticks if t.freshness == "prefix"] == [10, 11, 12, 20, 21, 22]


SLOW = {
    "arm.pose": PoseLimit((-1e3,) * 3, (1e3,) * 3, speed_m_s=15.0, turn_rad_s=1.0),
    "arm.gripper": PlainLimit(-1.0, 1.0, rate=1.0),
}
"""Half of the metre per tick that Numbered plans."""


def test_of_a_guide_what_runs_meanwhile_is_what_the_limits_let_through_and_the_rest_is_the_plan():
    policy = Numbered()
    ticks = run(policy, RTC(), 0.1, 14, SLOW)
    guide = policy.requests[1][2]
    assert guide.rows[:3].tolist() == [t.command.tolist() for t in ticks[10:13]]
    assert guide.rows[3:, 1].tolist() == list(range(10, 30))
    assert not np.allclose(guide.rows[:3, 1], [7, 8, 9])


def test_every_command_is_corrected_by_an_observation_of_its_own_tick():
    policy = Numbered()
    ticks = run(policy, A2C2(Prefix()), 0.1, 20)
    assert [t.command[2] for t in ticks] == [0.0] * 3 + [0.5] * 17
    rows = [(tick, 0, tick - 3) for tick in range(3, 13)] + [(tick, 1, tick - 10) for tick in range(13, 20)]
    assert policy.corrected == rows
    assert policy.requests[1][2][:, 2].tolist() == [0.0] * 3  # the prefix is the plan, without corrections


def test_what_is_seen_too_late_corrects_nothing():
    policy, env = Numbered(), MockEnv()
    executor = Executor(VirtualInference(policy, 0.1), A2C2(), Safety(BRICKS, WIDE), START, 0)
    ages = [0.0] * 6 + [0.3] * 3 + [0.2] * 3
    ticks = [
        executor.tick(n / 30, lambda n=n, age=age: env.observe("reach the mark", n / 30 - age))
        for n, age in enumerate(ages)
    ]
    assert [t.command[2] for t in ticks] == [0.0] * 3 + [0.5] * 3 + [0.0] * 3 + [0.5] * 3


MOTION_LIMITS = {
    "arm.motion": MotionLimit(-1.0, 1.0),
    "arm.gripper": PlainLimit(-1.0, 1.0, rate=1e6, start=-1.0),
}


class Moving:
    """A robot that is told motions, always the same."""

    embodiment = LIBERO
    action_horizon = 10
    max_prefix = 4
    guidance = ("gradient", "ramp")

    def infer(self, observation, prefix, seed):
        return Chunk(np.full((10, 7), 0.25), observation.time_s, LIBERO.dt)

    def infer_guided(self, observation, guide, seed):
        return self.infer(observation, None, seed)

    def correct(self, observation, chunk, row, command):
        return command


@pytest.mark.parametrize("method", MOVING, ids=lambda m: m.name)
def test_a_robot_that_is_told_motions_works_with_each_method_or_is_refused(method):
    inference = VirtualInference(Moving(), 0.1)

    def begin():
        return Executor(inference, method, Safety(LIBERO, MOTION_LIMITS), np.zeros(8), 0)

    if isinstance(method, Vlash):
        with pytest.raises(ValueError, match="vlash: needs absolute commands"):
            begin()
        return
    executor = begin()
    images = {c.key: np.zeros((8, 8, 3), np.uint8) for c in LIBERO.cameras}
    ticks = [
        executor.tick(n / 20, lambda n=n: Observation(images, np.zeros(8), "go", n / 20)) for n in range(40)
    ]
    moving = [t.command for t in ticks if t.freshness != "idle"]
    assert len(moving) > 20 and moving[20:] == pytest.approx(np.full((len(moving) - 20, 7), 0.25), abs=1e-2)
