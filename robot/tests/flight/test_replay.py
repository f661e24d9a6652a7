"""What was recorded comes out again, bit for bit; whatever is changed is found."""

import numpy as np
import pytest

from xr0_robot import wire
from xr0_robot.executor.estop import EStop
from xr0_robot.executor.methods import (
    A2C2,
    RTC,
    Ensemble,
    Naive,
    Prefix,
    PrefixDamped,
    PrefixDecay,
    Synchronous,
    Vlash,
)
from xr0_robot.flight import log, segments, story
from xr0_robot.flight.replay import replay

METHODS = [
    Prefix(10), Naive(4), Synchronous(7), Ensemble(), PrefixDecay(), PrefixDamped(), RTC(), Vlash(),
    A2C2(Prefix()),
]  # fmt: skip


@pytest.mark.parametrize("strategy", METHODS, ids=lambda method: method.name)
def test_a_rough_episode_is_replayed_bit_for_bit(fly, strategy):
    result, recorder = fly(strategy)
    (flight,) = log.read(fly.log)
    events = [record["event"] for record in flight.records()]
    assert {"failure", "dropped", "joined", "late", "end"} < set(events)
    assert any(tick.clamped for tick in result.ticks)
    outcome = replay(flight)
    assert (outcome.difference, outcome.first, outcome.ticks) == (None, 0, len(result.ticks))
    assert recorder.broken is None and recorder.lost == 0
    commands = [record["done"]["command"] for record in flight.records() if record["event"] == "done"]
    assert np.array_equal(np.stack(commands), np.stack([tick.command for tick in result.ticks]))


class Brief(EStop):
    """Pressed for some ticks of an episode, and released."""

    asked = 0

    def poll(self):
        self.asked += 1
        if self.asked == 60:
            self.press("a person is near")
        if self.asked == 80:
            self.release()
        return super().poll()


@pytest.mark.parametrize("budget_bytes", [2**22, 2**18])
def test_an_e_stop_is_replayed_too(fly, budget_bytes):
    result, _ = fly(estop=Brief(), budget_bytes=budget_bytes)
    assert result.stopped_ticks == 20 and result.ticks[-1].freshness != "stopped"
    (flight,) = log.read(fly.log)
    assert replay(flight).difference is None


def test_a_part_of_a_story_has_what_happened_in_it(fly):
    result, _ = fly()
    (flight,) = log.read(fly.log)
    whole = story.tell(flight)
    assert [tick.tick for tick in whole.ticks] == [tick.tick for tick in result.ticks]
    begun_s = whole.times_s - whole.times_s[0]
    part = whole.between(float(begun_s[20]), float(begun_s[39]))
    assert [tick.tick for tick in part.ticks] == list(range(20, 40))
    assert 0 < len(part.thoughts) < len(whole.thoughts)
    assert part.interventions().items() != whole.interventions().items()
    fates = whole.fates()
    assert fates["joined"] + fates.get("dropped", 0) >= len(result.latencies_s)
    assert fates["failed"] == sum(record["event"] == "failure" for record in flight.records())


def test_episodes_of_one_log_are_kept_apart_and_in_order(fly):
    results = [fly(seed=seed, time_limit_s=1.0)[0] for seed in (3, 4)]
    flights = list(log.read(fly.log))
    assert [flight.number for flight in flights] == [0, 1]
    assert [flight.setup.seed for flight in flights] == [3, 4]
    assert [replay(flight).ticks for flight in flights] == [len(result.ticks) for result in results]


def tampered(flight, event, change):
    """The flight with its middle record of a kind changed."""
    payloads = list(flight.payloads)
    at = [k for k, record in enumerate(flight.records()) if record["event"] == event]
    place = at[len(at) // 2]
    record = wire.unpack(payloads[place])
    change(record)
    payloads[place] = wire.pack(record)
    return log.Flight(flight.header, flight.setup, tuple(payloads), ())


def nudge(record):
    actions = record["chunk"]["actions"].copy()
    actions[:, 0] += 1e-9
    record["chunk"]["actions"] = actions


def forget(record):
    record["request"]["seed"] += 1


def relabel(record):
    record["done"]["freshness"] = "touch"


@pytest.mark.parametrize(
    "event, change, said",
    [
        ("reply", nudge, "done command differs by at most"),
        ("request", forget, "request request seed: "),
        ("done", relabel, "freshness: 'touch' is recorded"),
    ],
)
def test_the_first_tick_that_differs_is_named(fly, event, change, said):
    fly(time_limit_s=3.0)
    (flight,) = log.read(fly.log)
    outcome = replay(tampered(flight, event, change))
    assert outcome.difference is not None
    assert (
        outcome.difference.startswith(f"tick {outcome.first + outcome.ticks}: ")
        and said in outcome.difference
    )


def test_what_another_author_commands_is_replayed(fly):
    def drive(executor):
        def advance(now_s, observe):
            if int(now_s * 2) % 2:
                return executor.obey(np.full(7, 0.2) + 0.01 * np.sin(now_s))
            return executor.tick(now_s, observe)

        return advance

    result, _ = fly(drive=drive)
    (flight,) = log.read(fly.log)
    assert {"fresh", "touch", "idle"} <= {tick.freshness for tick in result.ticks}
    outcome = replay(flight)
    assert outcome.difference is None and outcome.ticks == len(result.ticks)


class Shaken:
    """An adjustment that nobody could compute again."""

    def __init__(self):
        self._rng = np.random.default_rng(1)

    def sent(self, command):
        return command + self._rng.normal(0, 0.01, command.shape)

    def seen(self, state):
        return state + self._rng.normal(0, 0.01, state.shape)


@pytest.mark.parametrize("budget_bytes", [2**22, 400_000], ids=["whole", "in pieces"])
def test_what_an_adjustment_made_of_the_plan_is_replayed(fly, budget_bytes):
    def drive(executor):
        def advance(now_s, observe):
            if int(now_s) % 4 == 2 and executor.adjustment is None:
                executor.adjustment = Shaken()
            elif int(now_s) % 4 == 0 and executor.adjustment is not None:
                executor.adjustment = None
            return executor.tick(now_s, observe)

        return advance

    fly(drive=drive, budget_bytes=budget_bytes)
    flights = [flight for path in segments.segments(fly.log) for flight in log.read(path)]
    assert any(flight.header["adjusted"] for flight in flights) == (budget_bytes < 2**22)
    assert sum(record["event"] == "adjusted" for flight in flights for record in flight.records()) > 20
    assert [replay(flight).difference for flight in flights] == [None] * len(flights)
    assert sum(len(story.tell(flight).ticks) for flight in flights) == 120


def test_a_log_whose_beginning_was_overwritten_is_replayed_from_where_it_begins(fly):
    budget = 50_000
    result, _ = fly(time_limit_s=8.0, budget_bytes=budget)
    sizes = [path.stat().st_size for path in segments.segments(fly.log)]
    assert sum(sizes) < budget + 5_000 and len(sizes) >= 3
    flights = list(log.read(fly.log))
    assert len(flights) == 1 and "beginning is not here" in flights[0].notes[0]
    outcome = replay(flights[0])
    assert outcome.difference is None
    assert outcome.first > 60 and outcome.first + outcome.ticks == len(result.ticks)


@pytest.mark.parametrize("strategy", METHODS[2:5] + METHODS[-1:], ids=lambda method: method.name)
def test_each_segment_can_be_replayed_alone(fly, strategy):
    fly(strategy, time_limit_s=3.0, budget_bytes=70_000)
    paths = segments.segments(fly.log)
    outcomes = [replay(flight) for path in paths for flight in log.read(path)]
    assert len(outcomes) == len(paths) >= 3
    assert all(outcome.difference is None and outcome.ticks > 0 for outcome in outcomes)
