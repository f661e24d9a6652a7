from xr0_robot.executor.clock import Metronome, VirtualClock


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


def test_missed_ticks_are_counted_and_not_made_up_for():
    clock = LateClock()
    metronome = Metronome(clock, 10.0)
    assert metronome.wait() == 0
    clock.late_s = 0.25
    assert metronome.wait() == 2
    clock.late_s = 0.0
    before = clock.now()
    assert metronome.wait() == 0
    assert clock.now() > before
    assert clock.now() == 0.4


def test_lateness_below_one_tick_is_no_miss():
    clock = LateClock()
    clock.late_s = 0.09
    metronome = Metronome(clock, 10.0)
    assert [metronome.wait() for _ in range(5)] == [0] * 5
