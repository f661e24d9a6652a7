import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xr0_robot.executor.clock import JITTER, Metronome, VirtualClock


class LateClock(VirtualClock):
    """Wakes up late when told to."""

    late_s = 0.0

    def sleep_until(self, time_s):
        super().sleep_until(time_s + self.late_s)


def test_virtual_time_moves_only_when_slept_and_never_back():
    clock = VirtualClock()
    clock.sleep_until(2.5)
    clock.sleep_until(1.0)
    assert clock.now() == 2.5


def test_ten_thousand_ticks_do_not_drift():
    clock = VirtualClock()
    metronome = Metronome(clock, 30.0)
    assert sum(metronome.wait() for _ in range(10_001)) == 0
    assert clock.now() == 10_000 / 30.0


def test_a_late_wake_up_is_measured_and_not_made_up_for():
    clock = LateClock()
    metronome = Metronome(clock, 10.0)
    assert metronome.wait() == 0
    clock.late_s = 0.25
    assert metronome.wait() == pytest.approx(0.25)
    clock.late_s = 0.0
    assert metronome.wait() == 0
    assert clock.now() == pytest.approx(0.1 + 0.25 + 0.1)


def test_a_wake_up_that_is_late_by_what_any_is_moves_nothing():
    clock = LateClock()
    clock.late_s = 0.9 * JITTER / 10
    metronome = Metronome(clock, 10.0)
    assert [metronome.wait() for _ in range(50)] == pytest.approx([clock.late_s] * 50)
    assert clock.now() == pytest.approx(4.9 + clock.late_s)


def sent(work_s, rate_hz=10.0):
    """When commands are sent, if deciding on them takes so long each; and how late their ticks begin."""
    clock = VirtualClock()
    metronome = Metronome(clock, rate_hz)
    times, late = [], []
    for work in work_s:
        late.append(metronome.wait())
        clock.sleep_until(clock.now() + work)
        metronome.wait_to_send()
        times.append(clock.now())
    return np.array(times), np.array(late)


def test_after_a_tick_that_took_two_the_next_command_keeps_its_distance():
    times, late = sent([0.0, 0.18, 0.0, 0.0])
    assert times == pytest.approx([0.0, 0.28, 0.38, 0.48])
    assert late == pytest.approx([0.0, 0.0, 0.18, 0.0], abs=1e-9)


def test_a_command_that_is_decided_sooner_than_the_last_waits_and_the_rate_is_kept():
    times, late = sent([0.06, 0.0] * 20)
    assert np.diff(times) == pytest.approx(0.1)
    assert late == pytest.approx(0.0, abs=1e-9)


@given(st.lists(st.floats(0.0, 0.5), min_size=2, max_size=40))
def test_no_two_commands_are_closer_than_their_ticks_whatever_takes_how_long(work_s):
    times, _ = sent(work_s)
    ticks = np.arange(len(times))
    apart = (times[:, None] - times[None]) - (ticks[:, None] - ticks[None]) / 10.0
    assert apart[np.tril_indices(len(times), -1)].min() >= -JITTER / 10.0 - 1e-5
