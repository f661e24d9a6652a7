"""What is a fling loop, and what is not: motions made up, and one robot that repeats itself."""

import numpy as np
import pytest

from xr0_robot.sims.half_hour.fling import Trace, loops

DT = 0.1


def flings(cycles, period=6.0, noise=0.0, far=0.25):
    """Both hands lift, swing and lay, again and again."""
    t = np.arange(round(cycles * period / DT)) * DT
    phase = 2 * np.pi * t / period
    hand = np.stack([0.3 + far * np.sin(phase), 0 * t, 0.2 + far / 2 * np.cos(phase)], axis=1)
    places = np.concatenate([hand, hand], axis=1)
    return places + np.random.default_rng(0).normal(0.0, noise, places.shape)


def trace(places, stages=0, spread=0.4):
    n = len(places)
    return Trace(places, np.zeros(n, dtype=int) + stages, np.zeros(n) + spread)


@pytest.mark.parametrize("period", [2.5, 6.0, 15.0])
def test_the_same_fling_five_times_is_one_loop_as_long_as_it_lasts(period):
    found = loops(trace(flings(5, period, noise=0.008)), DT)
    assert found.count == 1 and found.seconds == pytest.approx(5 * period, abs=1.0)


def test_three_tries_are_none():
    assert loops(trace(flings(3.8)), DT).count == 0
    assert loops(trace(flings(4.1)), DT).count == 1


def test_where_something_came_of_it_there_is_none():
    places = flings(5)
    per_cycle = len(places) // 5
    wider = 0.2 + 0.2 * (np.arange(len(places)) // per_cycle)
    assert loops(trace(places, spread=wider), DT).count == 0
    farther = np.minimum(np.arange(len(places)) // per_cycle, 2)
    assert loops(trace(places, stages=farther), DT).count == 0


def test_hands_that_wait_or_close_again_or_do_something_else_are_in_none():
    assert loops(trace(np.zeros((600, 6)) + 0.3), DT).count == 0
    assert loops(trace(flings(8, far=0.04)), DT).count == 0
    rng = np.random.default_rng(3)
    elsewhere = np.repeat(rng.uniform(0.0, 0.4, size=(40, 6)), 15, axis=0)
    assert loops(trace(elsewhere), DT).count == 0


def test_two_loops_with_work_between_them_are_two():
    rng = np.random.default_rng(5)
    work = np.repeat(rng.uniform(0.0, 0.4, size=(20, 6)), 15, axis=0)
    found = loops(trace(np.concatenate([flings(5), work, flings(5)])), DT)
    assert found.count == 2 and found.seconds == pytest.approx(60.0, abs=3.0)


def test_too_short_a_trace_has_none():
    assert loops(trace(np.zeros((0, 6))), DT).count == 0
