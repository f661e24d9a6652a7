import threading
import time

import numpy as np
import pytest

from xr0_robot.bench.rollout import Episode, rollout
from xr0_robot.deadlines import Deadlines
from xr0_robot.executor.clock import VirtualClock, WallClock
from xr0_robot.executor.inference import ThreadedInference, VirtualInference
from xr0_robot.executor.methods import Prefix, Synchronous
from xr0_robot.released import XR0_BIMANUAL
from xr0_robot.robots.mock import MockEnv, MockPolicy
from xr0_robot.sims.bricks.limits import LIMITS as BRICKS_LIMITS
from xr0_robot.types import Chunk, Embodiment

TIME_LIMIT_S, SETTLE_S = 10.0, 0.5


def run(env, policy, strategy, latency_s=0.0, episode=None, watch=None, deadlines=None):
    return rollout(
        env,
        episode or Episode(seed=3),
        inference=VirtualInference(policy, latency_s),
        strategy=strategy,
        clock=VirtualClock(),
        limits=BRICKS_LIMITS,
        time_limit_s=TIME_LIMIT_S,
        settle_s=SETTLE_S,
        watch=watch,
        deadlines=deadlines,
    )


@pytest.mark.parametrize("strategy", [Prefix(10), Synchronous(10)])
@pytest.mark.parametrize("latency_s", [0.0, 0.1, 0.3])
def test_the_mark_is_reached_and_the_settling_time_waited_for(strategy, latency_s):
    env = MockEnv()
    result = run(env, MockPolicy(env), strategy, latency_s)
    assert result.success and result.error is None
    assert len(result.ticks) == round(result.time_s * 30) + SETTLE_S * 30
    assert result.missed_ticks == 0


def test_thinking_while_moving_is_faster_than_stopping_to_think():
    env = MockEnv()
    stopping = run(env, MockPolicy(env), Synchronous(5), 0.2)
    moving = run(env, MockPolicy(env), Prefix(5), 0.2)
    assert moving.time_s < stopping.time_s
    assert moving.idle_ticks == 6 < stopping.idle_ticks


def test_the_same_seed_gives_the_same_bits_whatever_ran_before():
    env = MockEnv()
    policy = MockPolicy(env)
    clock, inference = VirtualClock(), VirtualInference(policy, 0.1)

    def again(seed):
        how = {"inference": inference, "strategy": Prefix(10), "clock": clock, "limits": BRICKS_LIMITS}
        return rollout(env, Episode(seed), time_limit_s=TIME_LIMIT_S, **how)

    first, other, second = again(5), again(6), again(5)
    assert first.row() == second.row() != other.row()
    commands = [np.stack([tick.command for tick in result.ticks]).tobytes() for result in (first, second)]
    assert commands[0] == commands[1]


def test_a_policy_that_never_arrives_runs_out_of_time():
    class Still(MockPolicy):
        def infer(self, observation, prefix, seed):
            return Chunk(np.tile(observation.state, (30, 1)), observation.time_s, self.embodiment.dt)

    env = MockEnv()
    result = run(env, Still(env), Prefix(10))
    assert not result.success and result.time_s is None
    assert len(result.ticks) == TIME_LIMIT_S * 30


def test_a_success_that_does_not_last_is_none():
    class Flicker(MockEnv):
        calls = 0

        def success(self):
            self.calls += 1
            return self.calls % 10 != 0

    env = Flicker()
    assert not run(env, MockPolicy(env), Prefix(10)).success


def test_the_policy_hears_what_is_spoken_and_the_world_scores_what_is_asked():
    heard = set()

    class Listening(MockPolicy):
        def infer(self, observation, prefix, seed):
            heard.add(observation.instruction)
            return super().infer(observation, prefix, seed)

    env = MockEnv()
    result = run(
        env, Listening(env), Prefix(10), episode=Episode(3, instruction="come here", spoken="go away")
    )
    assert heard == {"go away"}
    assert (result.instruction, result.spoken) == ("come here", "go away")


def test_a_server_that_vanishes_mid_episode_loses_nothing_recorded():
    class Vanishing(MockPolicy):
        calls = 0

        def infer(self, observation, prefix, seed):
            self.calls += 1
            if self.calls > 1:
                raise ConnectionResetError("connection lost")
            return super().infer(observation, prefix, seed)

    class Distant(MockEnv):
        def success(self):
            return False

    env = Distant()
    result = run(env, Vanishing(env), Prefix(10))
    assert not result.success
    assert result.error == "out of time without a usable answer from the policy: connection lost"
    assert len(result.ticks) > 100 and result.ticks[20].freshness == "fresh"
    assert result.row()["error"] == result.error
    impatient = run(env, Vanishing(env), Prefix(10), deadlines=Deadlines(patience_s=2.0))
    assert impatient.error.startswith("no usable answer from the policy for 2 s (connection lost)")
    assert len(impatient.ticks) == pytest.approx(10 + 60, abs=2)


def test_a_policy_for_another_robot_is_refused_before_anything_moves():
    class Foreign(MockPolicy):
        embodiment = Embodiment.from_dict(MockPolicy.embodiment.to_dict() | {"rate_hz": 20.0})

    env = MockEnv()
    with pytest.raises(ValueError, match=r"another robot than 'mock': rate_hz 20\.0 instead of 30\.0"):
        run(env, Foreign(env), Prefix(10))
    Foreign.embodiment = XR0_BIMANUAL
    with pytest.raises(
        ValueError, match=r"name 'xr0_bimanual' instead of 'mock', .*cameras, .*segments"
    ) as refused:
        run(env, Foreign(env), Prefix(10))
    assert len(str(refused.value)) < 300


def test_a_watcher_sees_every_tick_and_pictures_only_if_it_asks():
    class Counting(MockEnv):
        pictures = 0

        def observe(self, instruction, time_s):
            self.pictures += 1
            return super().observe(instruction, time_s)

    env, seen = Counting(), []
    result = run(env, MockPolicy(env), Prefix(10), watch=lambda tick, observe: seen.append(tick.tick))
    assert seen == list(range(len(result.ticks)))
    assert env.pictures == len(result.latencies_s)


def test_on_the_wall_clock_a_slow_policy_is_measured_and_the_robot_still_arrives():
    env = MockEnv()
    inference = ThreadedInference(MockPolicy(env), added_latency_s=0.06)
    result = rollout(
        env,
        Episode(3),
        inference=inference,
        strategy=Prefix(10),
        clock=WallClock(),
        limits=BRICKS_LIMITS,
        time_limit_s=TIME_LIMIT_S,
    )
    inference.cancel()
    inference.close()
    assert result.success
    assert min(result.latencies_s) >= 0.06
    assert result.idle_ticks >= 1


class Watched(MockEnv):
    """Counts how often it is stopped."""

    stops = 0

    def stop(self):
        self.stops += 1

    def success(self):
        return False


@pytest.mark.parametrize(
    "method, call, ticks", [("apply", 20, 19), ("observe", 3, 20), ("success", 5, 5)], ids=str
)
def test_a_robot_that_fails_is_stopped_and_nothing_recorded_is_lost(method, call, ticks, caplog):
    class Failing(Watched):
        calls = 0

    def fail(self, *arguments):
        self.calls += 1
        if self.calls == call:
            raise TimeoutError("can0: the bus is silent")
        return getattr(MockEnv, method)(self, *arguments) if method != "success" else False

    setattr(Failing, method, fail)
    env = Failing()
    result = run(env, MockPolicy(env), Prefix(10))
    assert result.error == "TimeoutError: can0: the bus is silent"
    assert len(result.ticks) == ticks and not result.success
    assert env.stops == 1
    assert "Traceback" in caplog.text


@pytest.mark.parametrize("error", [KeyError("actions"), TypeError("no len()"), ZeroDivisionError("none")])
def test_a_policy_that_raises_anything_at_all_ends_the_episode_in_one_line(error, caplog):
    class Buggy(MockPolicy):
        def infer(self, observation, prefix, seed):
            if observation.time_s > 0.3:
                raise error
            return super().infer(observation, prefix, seed)

    env = Watched()
    result = run(env, Buggy(env), Prefix(10))
    assert result.error == f"policy: {type(error).__name__}: {error}"
    assert len(result.ticks) == 10 and env.stops == 1
    assert "Traceback" in caplog.text


def test_a_watcher_that_fails_ends_the_episode_too():
    def watch(tick, observe):
        raise RuntimeError("the window was closed")

    env = Watched()
    result = run(env, MockPolicy(env), Prefix(10), watch=watch)
    assert result.error == "RuntimeError: the window was closed"
    assert len(result.ticks) == 1 and env.stops == 1


@pytest.mark.parametrize("method", ["apply", "reset"])
def test_an_interrupt_stops_the_robot_and_is_passed_on(method):
    env = Watched()
    policy = MockPolicy(env)

    def interrupted(*arguments):
        raise KeyboardInterrupt

    setattr(env, method, interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(env, policy, Prefix(10))
    assert env.stops == 1


def test_an_episode_that_cannot_even_begin_is_a_result_with_its_reason():
    env = Watched()
    policy = MockPolicy(env)

    def absent(*arguments):
        raise OSError("no answer from the arm")

    env.reset = absent
    result = run(env, policy, Prefix(10))
    assert result.error == "OSError: no answer from the arm"
    assert (result.success, result.ticks, env.stops) == (False, (), 1)
    assert result.row()["error"] == result.error


def test_a_robot_that_does_not_even_stop_is_an_error_after_a_success():
    class Runaway(MockEnv):
        def stop(self):
            raise OSError("no answer from the brake")

    env = Runaway()
    result = run(env, MockPolicy(env), Prefix(10))
    assert result.success and result.error == "OSError: no answer from the brake"


def test_an_ordinary_episode_ends_with_the_robot_stopped():
    env = Watched()
    assert run(env, MockPolicy(env), Prefix(10)).error is None
    assert env.stops == 1


def test_a_request_that_hangs_does_not_delay_the_next_episode():
    gate, hanging = threading.Event(), threading.Event()

    class Stuck(MockPolicy):
        def infer(self, observation, prefix, seed):
            if not hanging.is_set():
                hanging.set()
                gate.wait(60)
            return super().infer(observation, prefix, seed)

    class Patient(WallClock):
        """Real enough for a thread to answer, too fast to wait for one that hangs."""

        def sleep_until(self, time_s):
            hanging.wait(0.2)
            time.sleep(0.001)

    env = MockEnv()
    inference = ThreadedInference(Stuck(env))

    def episode(time_limit_s):
        how = {
            "inference": inference,
            "strategy": Prefix(10),
            "clock": Patient(),
            "limits": BRICKS_LIMITS,
        }
        return rollout(env, Episode(3), time_limit_s=time_limit_s, **how)

    first = episode(1.0)
    assert first.idle_ticks == 30 and first.error is None
    assert episode(10.0).success
    assert not gate.is_set()
    gate.set()
    inference.close()


@pytest.mark.parametrize("camera_s, missed, late_ms", [(0.0, 0, 0.0), (0.02, 0, 0.0), (0.06, 6, 60.0)])
def test_a_slow_camera_breaks_no_speed_limit_in_real_time_and_is_told(camera_s, missed, late_ms):
    clock, sent = VirtualClock(), []

    class SlowCamera(MockEnv):
        def observe(self, instruction, time_s):
            clock.sleep_until(clock.now() + camera_s)
            return super().observe(instruction, time_s)

        def apply(self, action):
            sent.append((clock.now(), *action[:3]))
            super().apply(action)

        def success(self):
            return False

    class Reckless(MockPolicy):
        def infer(self, observation, prefix, seed):
            rows = np.tile(observation.state, (30, 1))
            rows[::2, 1], rows[1::2, 1] = -0.3, 0.3
            rows[:15, 1] = 0.3
            return Chunk(rows, observation.time_s, self.embodiment.dt)

    env, limit_m_s = SlowCamera(), BRICKS_LIMITS["arm.pose"].speed_m_s
    how = {"strategy": Prefix(10), "clock": clock, "limits": BRICKS_LIMITS, "time_limit_s": 2.0}
    result = rollout(env, Episode(3), inference=VirtualInference(Reckless(env), 0.0), **how)
    steps = np.diff(np.array(sent), axis=0)
    speeds = np.linalg.norm(steps[:, 1:], axis=1) / steps[:, 0]
    assert speeds.max() == pytest.approx(limit_m_s, rel=1e-6)
    assert result.missed_ticks == missed
    assert result.row()["late_ms"] == pytest.approx(late_ms)


def test_the_time_to_success_is_the_clock_s_not_a_count_of_ticks():
    clock = VirtualClock()

    class Dawdling(MockEnv):
        """Each tick takes one and a half."""

        def apply(self, action):
            clock.sleep_until(clock.now() + 0.05)
            super().apply(action)

    def run_on(env, clock):
        how = {"strategy": Prefix(30), "clock": clock, "limits": BRICKS_LIMITS}
        how |= {"time_limit_s": TIME_LIMIT_S, "settle_s": SETTLE_S}
        return rollout(env, Episode(3), inference=VirtualInference(MockPolicy(env), 0.0), **how)

    swift, slow = run_on(MockEnv(), VirtualClock()), run_on(Dawdling(), clock)
    assert slow.time_s == pytest.approx((len(slow.ticks) - 16) * 0.05 + 1 / 30, abs=2e-3)
    assert slow.time_s > 1.4 * swift.time_s
    assert slow.missed_ticks == 0 and slow.row()["late_ms"] == pytest.approx(16.67)
