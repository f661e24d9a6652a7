"""The e-stop wins over everything, latches, and after its release nothing old moves the robot."""

from dataclasses import replace

import numpy as np
import pytest

from xr0_robot.bench.rollout import Episode, rollout
from xr0_robot.deadlines import Deadlines
from xr0_robot.executor.clock import VirtualClock
from xr0_robot.executor.estop import EStop
from xr0_robot.executor.inference import VirtualInference
from xr0_robot.executor.loop import Executor
from xr0_robot.executor.methods import Prefix
from xr0_robot.executor.safety import Safety
from xr0_robot.robots.mock import LIMITS, MOCK, MockEnv
from xr0_robot.types import Chunk

SOFT = {**LIMITS, "arm.pose": replace(LIMITS["arm.pose"], acceleration_m_s2=5.0)}
STEP_M = 5.0 * MOCK.dt**2
PACE_M = 0.012


class Onward:
    """Along y at an even pace from where the robot was seen; x says at which tick that was."""

    embodiment, action_horizon, max_prefix, guidance = MOCK, 30, 6, ()
    gone = False

    def infer(self, observation, prefix, seed):
        if self.gone:
            raise ConnectionResetError("ws://robot-brain: connection lost")
        rows = np.tile(observation.state, (self.action_horizon, 1))
        rows[:, 1] += PACE_M * np.arange(self.action_horizon)
        rows[:, 0] = 0.3 + observation.time_s * 1e-3
        return Chunk(rows, observation.time_s, MOCK.dt)


class Bench:
    def __init__(self, latency_ticks=3, estop=None, deadlines=None):
        self.env, self.policy, self.now = MockEnv(), Onward(), 0
        self.env._state = np.array([0.3, -0.3, 0.2, 0, 0, 0, 1.0])
        self.estop = EStop() if estop is None else estop
        self.picture_age_ticks = 0
        self.asked = []
        inference = VirtualInference(self.policy, latency_ticks / 30)
        how = (Prefix(10), Safety(MOCK, SOFT), self.env.state(), 0, deadlines)
        self.executor = Executor(inference, *how, estop=self.estop)

    def observe(self):
        seen = self.now - self.picture_age_ticks
        self.asked.append(seen)
        return self.env.observe("go", seen / 30)

    def run(self, ticks):
        done = []
        for _ in range(ticks):
            done.append(self.executor.tick(self.now / 30, self.observe))
            self.env.apply(done[-1].command)
            self.now += 1
        return done


def y(ticks):
    return np.array([t.command[1] for t in ticks])


def test_pressed_it_brakes_in_that_very_tick_and_stands_until_it_is_released():
    bench = Bench()
    before = bench.run(20)
    bench.estop.press("a person is near")
    stopped = bench.run(30)
    moved = np.diff(np.concatenate([y(before[-2:]), y(stopped)]))
    assert moved[0] > 0.008 and moved[1] == pytest.approx(moved[0] - STEP_M) and (moved[4:] == 0).all()
    assert {t.freshness for t in stopped} == {"stopped"}
    assert {t.refused for t in stopped} == {"e-stop: a person is near"}
    assert len(bench.asked) == 2  # nothing is even asked about


@pytest.mark.parametrize("pressed_ticks", [1, 2, 40])
def test_after_the_release_only_what_was_seen_since_moves_it(pressed_ticks):
    bench = Bench(latency_ticks=5)
    bench.run(22)  # asked at 0, 10, 20: the last answer is under way
    bench.estop.press("test")
    bench.run(pressed_ticks)
    bench.estop.release()
    bench.picture_age_ticks = 3  # the cameras lag: their newest picture may be of before
    after = bench.run(25)
    moving = [t for t in after if t.freshness != "idle"]
    assert min(seen for seen in bench.asked if seen > 20) < 22 + pressed_ticks  # it was offered, and refused
    seen_at = [round((t.command[0] - 0.3) * 1e3 * 30) for t in moving]
    assert len(moving) > 5 and min(seen_at) >= 22 + pressed_ticks
    assert any(t.refused == "the pictures are from before the robot was released" for t in after)


def test_it_wins_over_another_author_too():
    bench = Bench()
    bench.run(3)
    bench.estop.press("test")
    held = bench.executor.held()
    done = bench.executor.obey(held + 0.01)
    assert (done.freshness, done.command.tolist()) == ("stopped", held.tolist())
    bench.estop.release()
    assert bench.executor.obey(held + 0.001).freshness == "touch"


def test_its_input_is_asked_every_tick_latches_and_a_broken_one_is_pressed():
    button = {"pressed": False}
    bench = Bench(estop=EStop(lambda: button["pressed"]))
    bench.run(10)
    button["pressed"] = True
    assert bench.run(1)[0].refused == "e-stop: its input is pressed"
    with pytest.raises(RuntimeError, match="e-stop: its input is pressed; it is released once the input is"):
        bench.estop.release()
    button["pressed"] = False
    assert {t.freshness for t in bench.run(5)} == {"stopped"}
    bench.estop.release()
    assert {t.freshness for t in bench.run(5)} == {"idle", "fresh"}
    del button["pressed"]
    assert bench.run(1)[0].refused == "e-stop: its input fails: KeyError: 'pressed'"


def test_the_patience_for_an_answer_does_not_run_out_while_a_person_has_stopped_it():
    bench = Bench()
    bench.run(5)
    bench.estop.press("lunch")
    assert bench.run(900)[-1].freshness == "stopped"


def test_a_robot_that_has_held_for_too_long_waits_to_be_released(caplog):
    bench = Bench(deadlines=Deadlines(latch_s=1.0, coast_s=0.0))
    bench.run(15)
    bench.policy.gone = True
    ticks = bench.run(60)
    first = next(k for k, t in enumerate(ticks) if t.freshness == "idle")
    latched = next(k for k, t in enumerate(ticks) if t.freshness == "stopped")
    assert latched - first == pytest.approx(30, abs=1)
    bench.policy.gone = False
    assert {t.freshness for t in bench.run(60)} == {"stopped"}
    assert "nothing to execute for 1 s: ws://robot-brain: connection lost" in caplog.text
    bench.estop.release()
    after = bench.run(20)
    assert after[-1].freshness in ("fresh", "prefix")
    assert all(seen < 15 + latched or seen >= 15 + 60 + 60 for seen in bench.asked)


def test_a_robot_that_waits_for_its_first_plan_does_not_latch():
    bench = Bench(latency_ticks=60, deadlines=Deadlines(latch_s=0.5, max_lag_s=3.0))
    assert {t.freshness for t in bench.run(60)} == {"idle"}


def test_an_episode_counts_the_ticks_it_was_stopped():
    env, estop = MockEnv(), EStop()
    policy = Onward()

    def watch(tick, observe):
        if tick.tick == 10:
            estop.press("test")
        if tick.tick == 19:
            estop.release()

    result = rollout(
        env,
        Episode(1),
        inference=VirtualInference(policy, 0.1),
        strategy=Prefix(10),
        clock=VirtualClock(),
        limits=SOFT,
        time_limit_s=2.0,
        estop=estop,
        watch=watch,
    )
    assert result.error is None and result.stopped_ticks == result.row()["stopped_ticks"] == 9
    assert result.ticks[-1].freshness in ("fresh", "prefix")


def test_where_the_plan_ends_the_executor_brakes_in_that_very_tick():
    bench = Bench(latency_ticks=0)
    bench.run(20)
    bench.policy.gone = True
    ticks = bench.run(40)
    first = next(k for k, t in enumerate(ticks) if t.freshness == "idle")
    moved = np.diff(y(ticks))
    assert moved[first - 2] == pytest.approx(PACE_M)
    assert moved[first - 1] == pytest.approx(PACE_M - STEP_M) and (moved[first + 2 :] == 0).all()
