"""Who needs a human, by known answers on a made-up clock."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xr0_robot.fleet import report as words
from xr0_robot.fleet.fleet import ALARMS, DOUBTFUL, HELD_S, SILENT_S, Fleet, Row
from xr0_robot.fleet.people import People, hashed
from xr0_robot.fleet.report import Report

WORKS = Report("sort", "working")


def fleet(**reports: Report) -> Fleet:
    """All joined and heard at 0."""
    made = Fleet(patience_s=60)
    for name, report in reports.items():
        made.join(name, (), 0.0)
        made.hear(name, report, 0.0)
    return made


def alarm(made: Fleet, now_s: float, name: str = "a") -> str | None:
    return next(row.alarm for row in made.rows(now_s) if row.name == name)


def heard_until(made: Fleet, report: Report, end_s: float) -> Fleet:
    for tick in range(int(end_s) + 1):
        made.hear("a", report, float(tick))
    return made


def test_a_robot_that_says_nothing_is_out_of_reach_until_it_is_heard_again() -> None:
    made = fleet(a=WORKS)
    assert alarm(made, SILENT_S) is None
    assert alarm(made, SILENT_S + 0.1) == "silent" and made.rows(3.0)[0].state == "silent"
    made.hear("a", WORKS, 4.0)
    assert alarm(made, 4.0) is None


def test_without_a_piece_it_makes_no_progress_and_a_piece_ends_that() -> None:
    made = heard_until(fleet(a=WORKS), WORKS, 61)
    assert alarm(made, 60.0) is None and alarm(made, 61.0) == "stuck"
    made.hear("a", replace(WORKS, pieces=1), 62.0)
    assert alarm(made, 62.0) is None and made.rows(62.0)[0].per_minute == pytest.approx(60 / 62, abs=0.05)


def test_waiting_for_a_person_is_no_lack_of_progress_but_a_short_stand_is_no_progress_either() -> None:
    helpless = replace(WORKS, state="help")
    made = heard_until(fleet(a=WORKS), helpless, 100)
    made.hear("a", WORKS, 101.0)
    assert alarm(made, 101.0) is None
    made = fleet(a=WORKS)
    for tick in range(62):
        made.hear("a", replace(WORKS, state="working" if tick % 2 else "holding"), float(tick))
    assert alarm(made, 61.0) == "stuck"


def test_who_stands_unasked_is_an_alarm_and_who_is_held_is_not() -> None:
    stands = replace(WORKS, state="holding", why="no fresh command")
    made = heard_until(fleet(a=WORKS), stands, HELD_S)
    assert alarm(made, HELD_S) is None
    made.hear("a", stands, HELD_S + 1)
    assert alarm(made, HELD_S + 1) == "holding"
    made.held("a", "ada")
    assert alarm(made, HELD_S + 1) is None


@pytest.mark.parametrize(
    "report, expected",
    [
        (replace(WORKS, state="help"), "help"),
        (replace(WORKS, state="stopped"), "stopped"),
        (replace(WORKS, doubt=DOUBTFUL + 1), "doubt"),
        (replace(WORKS, doubt=DOUBTFUL - 1), None),
    ],
)
def test_what_it_says_itself_is_an_alarm_at_once(report: Report, expected: str | None) -> None:
    assert alarm(fleet(a=report), 0.0) == expected


def test_who_needs_a_person_comes_first_and_who_has_waited_longest() -> None:
    made = fleet(a=WORKS, b=WORKS, c=WORKS, d=WORKS)
    made.hear("d", replace(WORKS, state="help"), 0.5)
    made.rows(0.5)
    made.hear("b", replace(WORKS, state="help"), 1.6)
    made.hear("c", replace(WORKS, doubt=9.0), 1.6)
    assert [row.name for row in made.rows(1.9)] == ["d", "b", "c", "a"]


def test_a_robot_that_counts_anew_has_no_pieces_taken_away() -> None:
    made = fleet(a=replace(WORKS, pieces=5))
    made.join("a", (), 1.0)
    made.hear("a", WORKS, 1.0)
    made.hear("a", replace(WORKS, pieces=1), 2.0)
    (row,) = made.rows(2.0)
    assert row.pieces == 1 and row.per_minute > 0


@given(
    st.lists(
        st.tuples(
            st.sampled_from("abc"),
            st.sampled_from(["working", "holding", "stopped", "help"]),
            st.integers(0, 9),
            st.floats(0, 40),
        ),
        max_size=30,
    )
)
def test_whatever_is_heard_the_rows_are_sorted_and_alarms_are_known(heard: list[tuple]) -> None:
    made, now_s = fleet(a=WORKS, b=WORKS, c=WORKS), 0.0
    for name, state, pieces, later_s in heard:
        now_s += later_s
        made.hear(name, Report("sort", state, pieces=pieces), now_s)
        rows: list[Row] = made.rows(now_s)
        urgency = [len(ALARMS) if row.alarm is None else ALARMS.index(row.alarm) for row in rows]
        assert urgency == sorted(urgency) and {row.name for row in rows} == set("abc")
        (mine,) = (row for row in rows if row.name == name)
        assert mine.state == state and mine.alarm != "silent"
        if state == "help":
            assert mine.alarm == "help"


@pytest.mark.parametrize(
    "values, message",
    [
        ({"instruction": "x"}, "report: got unknown nothing and missing state"),
        ({"instruction": "x", "state": "asleep"}, "state: got 'asleep', expected one of working"),
        ({"instruction": "x\n", "state": "help"}, "instruction: got 'x.*printable"),
        ({"instruction": "x", "state": "help", "pieces": -1}, "pieces: got -1, expected a count"),
        ({"instruction": "x", "state": "help", "doubt": float("nan")}, "doubt: got nan"),
        ({"instruction": "x", "state": "help", "time": 1}, "got unknown time"),
    ],
)
def test_a_report_that_cannot_be_is_refused_in_one_line(values: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        words.report(values)
    assert "\n" not in str(caught.value)


def test_an_instruction_of_nothing_is_no_order() -> None:
    with pytest.raises(ValueError, match="got no sentence"):
        words.order({"number": 1, "what": "instruct", "by": "ada", "instruction": " "})


def test_a_person_is_known_by_name_and_password() -> None:
    people = People({"ada": hashed("correct horse")})
    assert people.knows("ada", "correct horse")
    assert not people.knows("ada", "correct hors") and not people.knows("eve", "correct horse")
    assert hashed("correct horse") != hashed("correct horse")
    with pytest.raises(ValueError, match="at least 8"):
        hashed("short")
    with pytest.raises(ValueError, match="entry of 'ada' is none"):
        People({"ada": "correct horse"})
