"""Whose turn it is, on a simulated clock: what holds whatever robots ask."""

import math
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xr0.serve.scheduler import GATHER_S, PATIENT_S, STANDING_S, Ask, Dropped, Scheduler

BATCH = 3


def ask(
    robot: str, came_s: float = 0.0, plan_s: float | None = 0.5, bucket: str = "a", **more: object
) -> Ask:
    return Ask(robot, bucket, came_s, plan_s=plan_s, **more)  # type: ignore[arg-type]


def scheduler(*asks: Ask, largest: int = BATCH, alone_s: float | None = None) -> Scheduler:
    """Of robots that are all let in."""
    made = Scheduler(largest)
    made.admission.admits = lambda *_: True  # type: ignore[method-assign]
    if alone_s is not None:
        made.times.record("a", 1, alone_s)
    for waiting in asks:
        made.expect()
        assert made.add(waiting, waiting.came_s) == ()
    return made


def robots(made: Scheduler, now_s: float = 1.0) -> list[object]:
    return [taken.robot for taken in made.turn(now_s).batch]


def test_the_plan_that_ends_first_goes_first_whoever_came_first() -> None:
    made = scheduler(ask("late", 0.0, 0.9), ask("soon", 0.1, 0.2), ask("later", 0.2, 0.9), largest=1)
    assert [robots(made) for _ in range(4)] == [["soon"], ["late"], ["later"], []]


def test_who_stands_goes_behind_who_can_be_kept_moving_and_before_who_does_not_say() -> None:
    made = scheduler(ask("silent", 0.0, None), ask("stands", 0.0, 0.0), ask("moves", 0.0, 0.4), largest=1)
    assert [robots(made) for _ in range(3)] == [["moves"], ["stands"], ["silent"]]


def test_who_will_stand_before_any_answer_could_come_does_not_push_ahead() -> None:
    made = scheduler(ask("hopeless", 0.0, 0.05), ask("moves", 0.0, 0.4), largest=1, alone_s=0.1)
    assert robots(made, 0.0) == ["moves"]


def test_a_batch_is_of_one_bucket_the_most_urgent_first() -> None:
    asks = [ask("a1", 0.0, 0.5), ask("b1", 0.0, 0.1, "b"), ask("a2", 0.0, 0.3), ask("b2", 0.0, 0.9, "b")]
    made = scheduler(*asks)
    assert [robots(made), robots(made)] == [["b1", "b2"], ["a2", "a1"]]


def test_a_batch_is_as_large_as_the_first_deadline_allows_and_no_smaller_where_that_has_passed() -> None:
    asks = [ask(f"r{k}", 0.0, 0.5) for k in range(3)]
    for now_s, size in ((0.0, 3), (0.25, 2), (0.35, 1), (0.45, 3)):
        made = scheduler(*asks, alone_s=0.1)
        assert len(made.turn(now_s).batch) == size


def test_a_newer_observation_wins_and_keeps_the_place_of_the_older() -> None:
    older, newer = ask("first", 0.0, 0.3), ask("first", 0.2, 0.9)
    made = scheduler(older, ask("other", 0.1, 0.4), largest=1)
    made.expect()
    assert made.add(newer, 0.2) == (Dropped(older, "superseded"),)
    assert made.turn(0.2).batch == (newer,)


def test_what_would_be_answered_too_late_to_be_of_use_is_dropped_and_said() -> None:
    of_use, too_late = ask("a", 0.0, 0.1, useful_s=1.0), ask("b", 0.0, 0.2, useful_s=0.55)
    made = scheduler(of_use, too_late, alone_s=0.1)
    turn = made.turn(0.5)
    assert turn.batch == (of_use,)
    assert turn.dropped == (Dropped(too_late, "expired"),)
    assert len(made) == 0


def test_a_batch_waits_for_what_is_being_read_but_not_long_and_not_if_it_is_full() -> None:
    made = scheduler(ask("a"))
    made.expect()
    turn = made.turn(0.001)
    assert (turn.batch, turn.wake_s) == ((), GATHER_S)
    assert robots(made, GATHER_S) == ["a"]
    made = scheduler(ask("a"), ask("b"), ask("c"))
    made.expect()
    assert robots(made, 0.001) == ["a", "b", "c"]
    made = scheduler(ask("a"))
    made.expect()
    made.unexpect()
    assert robots(made, 0.001) == ["a"]


def test_a_robot_that_has_left_is_not_computed_for() -> None:
    made = scheduler(ask("gone"), ask("here"))
    made.forget("gone")
    assert robots(made) == ["here"]


@pytest.mark.parametrize(("largest", "gather_s"), [(0, 0.0), (1, -1.0), (1, math.nan), (1, math.inf)])
def test_settings_that_make_no_sense_are_one_line(largest: int, gather_s: float) -> None:
    with pytest.raises(ValueError, match="scheduler: got batches of"):
        Scheduler(largest, gather_s)


@dataclass(frozen=True)
class Step:
    """Time passes; then a robot asks, or leaves, or the policy takes its turn."""

    wait_s: float
    act: str
    robot: int
    bucket: str
    plan_s: float | None
    useful_s: float


STEPS = st.lists(
    st.builds(
        Step,
        wait_s=st.sampled_from((0.0, 0.01, 0.2)),
        act=st.sampled_from(("ask", "ask", "turn", "turn", "leave")),
        robot=st.integers(0, 5),
        bucket=st.sampled_from("ab"),
        plan_s=st.sampled_from((None, 0.0, 0.02, 0.1, 0.5, 50.0)),
        useful_s=st.sampled_from((0.3, 2.0, math.inf)),
    ),
    min_size=20,
    max_size=50,
)


def due_s(waiting: Ask, alone_s: float) -> float:
    """The deadline, said a second time."""
    if waiting.plan_s is None:
        return waiting.came_s + PATIENT_S
    return waiting.came_s + (min(waiting.plan_s, PATIENT_S) if waiting.plan_s > alone_s else STANDING_S)


@settings(max_examples=40, deadline=None)
@given(STEPS)
def test_whatever_is_asked(steps: list[Step]) -> None:
    """Each request ends once; batches are the most urgent of their bucket; nothing useless is computed; and
    behind its deadline no request is overtaken twice by the same robot."""
    made, now_s, alone_s = Scheduler(BATCH), 0.0, 0.05
    for bucket in "ab":
        made.times.record(bucket, 1, alone_s)
    made.admission.admits = lambda *_: True  # type: ignore[method-assign]
    waiting: dict[object, Ask] = {}
    deadlines: dict[object, float] = {}
    overtaken: dict[object, list[object]] = {}
    for step in steps:
        now_s += step.wait_s
        if step.act == "leave":
            made.forget(step.robot)
            waiting.pop(step.robot, None)
        elif step.act == "ask":
            new = Ask(step.robot, step.bucket, now_s, object(), step.plan_s, step.useful_s)
            made.expect()
            dropped = made.add(new, now_s)
            older = waiting.get(step.robot)
            assert [d.ask for d in dropped] == ([] if older is None else [older])
            before_s = math.inf if older is None else deadlines[step.robot]
            waiting[step.robot], deadlines[step.robot] = new, min(before_s, due_s(new, alone_s))
            if older is None:
                overtaken[step.robot] = []
        else:
            turn = made.turn(now_s)
            for dropped in turn.dropped:
                assert waiting.pop(dropped.ask.robot) is dropped.ask
                assert now_s + alone_s > dropped.ask.came_s + dropped.ask.useful_s
            assert len(turn.batch) <= BATCH
            assert bool(turn.batch) == bool(waiting)
            for taken in turn.batch:
                assert waiting.pop(taken.robot) is taken
                assert taken.bucket == turn.batch[0].bucket
                assert now_s + alone_s <= taken.came_s + taken.useful_s
            for left in waiting.values():
                first = turn.batch[0]
                assert deadlines[first.robot] <= deadlines[left.robot]
                if left.bucket == first.bucket:
                    assert deadlines[turn.batch[-1].robot] <= deadlines[left.robot]
                if now_s > deadlines[left.robot]:
                    overtaken[left.robot].append(first.robot)
                    assert len(set(overtaken[left.robot])) == len(overtaken[left.robot])
        assert len(made) == len(waiting)
