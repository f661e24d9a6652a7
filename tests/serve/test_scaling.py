"""How many replicas are asked for."""

from hypothesis import given
from hypothesis import strategies as st

from xr0.serve.scaling import WANTED_LOAD, Figures, wanted


def figures(load: float, late: int = 0, full: int = 0) -> Figures:
    return Figures(load, float(late), float(full))


QUIET = figures(load=0.4, late=3, full=7)


def test_as_many_as_keep_the_load() -> None:
    assert wanted([[QUIET]], 1) == 1
    assert wanted([[QUIET], [QUIET]], 2) == 2
    assert wanted([[figures(0.7)]], 1) == 2
    assert wanted([[figures(0.1)]] * 3, 3) == 1
    assert wanted([[figures(0.0)]], 1) == 1


def test_the_newest_load_counts() -> None:
    assert wanted([[figures(0.9), figures(0.1)]], 1) == 1


def test_one_more_where_a_robot_was_not_served_in_time() -> None:
    late, full = figures(0.4, 4, 7), figures(0.4, 3, 8)
    for trouble in (late, full):
        assert wanted([[QUIET, QUIET], [QUIET, trouble]], 2) == 3
    assert wanted([[QUIET, late], [QUIET, full], [QUIET]], 3) == 4
    assert wanted([[late], [full]], 2) == 2  # what was before is over


def test_more_than_one_more_where_the_load_says_so() -> None:
    assert wanted([[figures(0.8), figures(0.8, 1, 0)]] * 3, 3) == 5


def test_nothing_changes_before_any_replica_has_told_something() -> None:
    assert wanted([], 3) == 3
    assert wanted([[], []], 2) == 2


@given(st.lists(st.floats(0.0, 0.8), min_size=1, max_size=20))
def test_what_is_wanted_keeps_every_load(loads: list[float]) -> None:
    enough = wanted([[figures(load)] for load in loads], len(loads))
    assert enough >= 1 and sum(loads) / enough <= WANTED_LOAD + 1e-9
    assert enough == 1 or sum(loads) / (enough - 1) > WANTED_LOAD - 1e-9
