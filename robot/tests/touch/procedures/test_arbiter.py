"""Who writes, and that nothing stale is written, whatever the policy, the fingers and the predictor do."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xr0_robot.deadlines import Deadlines
from xr0_robot.executor.inference import VirtualInference
from xr0_robot.executor.loop import Executor
from xr0_robot.executor.methods import Prefix, Synchronous
from xr0_robot.executor.safety import Safety
from xr0_robot.executor.tick import InferenceFailed
from xr0_robot.limits import PlainLimit, PoseLimit
from xr0_robot.sims.bricks.embodiment import BRICKS
from xr0_robot.touch.procedures.arbiter import Arbiter
from xr0_robot.touch.procedures.measurement import Touch
from xr0_robot.touch.procedures.predictors import InlinePredictor
from xr0_robot.touch.sensor.pads import TactileReading
from xr0_robot.touch.sims.insertion.arm import BRICKS_ARM
from xr0_robot.types import Chunk, Observation

WIDE = {
    "arm.pose": PoseLimit((-1e3,) * 3, (1e3,) * 3, speed_m_s=1e6, turn_rad_s=1e6),
    "arm.gripper": PlainLimit(0.0, 1.0, rate=1e6),
}
OFF = [0.0, 2.0, -1.5, 0.1, 0.0, 0.0]


class DatedPolicy:
    """The opening of a command is 0, and its first number the tick of the observation it answers, over 1e6:
    the wrist stands, as far as the arbiter can see."""

    embodiment = BRICKS
    action_horizon = 30
    max_prefix = 6

    def __init__(self, at):
        self.at = np.array(at)
        self.observed = []

    def infer(self, observation, prefix, seed):
        rows = np.tile(self.at, (self.action_horizon, 1))
        self.observed.append(observation)
        rows[:, 0] += observation.time_s * 30 / 1e6
        rows[:, 6] = 0.0
        return Chunk(rows, observation.time_s, BRICKS.dt)


class Jittery(VirtualInference):
    """Every reply takes another time."""

    def __init__(self, policy, latencies):
        super().__init__(policy, 0.0)
        self._latencies = list(latencies)

    def start(self, request, now_s):
        self._latency_s = self._latencies[0] / 30
        self._latencies = self._latencies[1:] + self._latencies[:1]
        super().start(request, now_s)


class Bench:
    """An arbiter over an executor whose every call is counted, one tick at a time."""

    def __init__(self, world, goal, predictor, latencies=(3,), strategy=None, touch=None):
        self.world, self.policy = world, DatedPolicy([*world.state[:6], 0.0])
        inference = Jittery(self.policy, latencies)
        strategy = strategy or Prefix(10)
        self.executor = Executor(inference, strategy, Safety(BRICKS, WIDE), world.state.copy(), seed=0)
        self.writers = Counter()
        for name in ("tick", "obey"):
            setattr(self.executor, name, self._counted(name, getattr(self.executor, name)))
        self.arbiter = Arbiter(
            self.executor,
            BRICKS_ARM,
            self.world_state,
            touch or world.touch,
            InlinePredictor(predictor),
            goal,
        )
        self.drive = self.arbiter
        self.now = 0
        self.modes = []

    def world_state(self):
        return self.world.state.copy()

    def _counted(self, name, call):
        def counted(*arguments):
            self.writers[name] += 1
            return call(*arguments)

        return counted

    def tick(self):
        now_s = self.now / 30
        self.now += 1
        images = {camera.key: np.zeros((8, 8, 3), np.uint8) for camera in BRICKS.cameras}
        tick = self.drive.tick(now_s, lambda: Observation(images, self.world.state.copy(), "grasp", now_s))
        self.world.apply(tick.command)
        self.modes.append(self.arbiter.mode)
        return tick

    def run(self, ticks):
        return [self.tick() for _ in range(ticks)]


def order(modes):
    """Modes without repetitions."""
    return [mode for mode, before in zip(modes, [None, *modes], strict=False) if mode != before]


def test_a_grasp_is_refined_verified_and_given_back(touch_world, goal):
    world = touch_world(OFF)
    bench = Bench(world, goal, world)
    ticks = bench.run(120)
    assert order(bench.modes) == ["free", "contact", "refine", "verify", "hand back", "free"]
    assert np.abs(world.error()).max() < 1e-6
    (refined,) = bench.arbiter.refined
    assert refined.aborted is None and refined.outcome.verdict == "done"
    assert [tick.tick for tick in ticks] == list(range(120))


def test_once_refined_it_is_not_refined_again_until_the_fingers_have_let_go(touch_world, goal):
    world = touch_world(OFF)
    bench = Bench(world, goal, world)
    bench.run(240)
    assert len(bench.arbiter.refined) == 1


def test_after_an_abort_the_fingers_hold_and_the_policy_goes_on(touch_world, goal):
    class Gone:
        def predict(self, current, goal):
            raise ConnectionResetError("connection lost")

    world = touch_world(OFF)
    bench = Bench(world, goal, Gone())
    bench.run(80)
    assert order(bench.modes) == ["free", "contact", "refine", "abort", "hand back", "free"]
    assert world.closed and bench.arbiter.refined[0].aborted == "connection lost"


def test_an_abort_with_open_fingers_closes_them(touch_world, goal):
    world = touch_world(OFF)
    bench = Bench(world, goal, world, touch=lambda: Touch(np.full(2, 5.0), True, world.read))
    bench.run(80)
    assert "abort" in bench.modes and max(world.openings) > 0.15
    assert "do not open" in bench.arbiter.refined[0].aborted
    assert world.closed


def test_what_hangs_is_placed_with_the_correction_that_the_policy_does_not_see(touch_world, goal):
    world, right = touch_world(OFF, supported=False), touch_world([0.0] * 6)
    start = world.state.copy()
    bench = Bench(world, goal, world)
    bench.run(70)
    assert bench.modes[-1] == "free" and not world.dropped
    assert np.allclose(world.object, right.object, atol=0.1)
    assert bench.policy.observed[-1].state[:6] == pytest.approx(start[:6], abs=1e-4)
    assert np.linalg.norm(world.state[:3] - start[:3]) > 0.001


def fingers(draw_forces, supported, readable):
    """Touch that obeys a script instead of a world."""
    scripts = {"forces": list(draw_forces), "readable": list(readable)}

    def read():
        scripts["readable"] = scripts["readable"][1:] + scripts["readable"][:1]
        if not scripts["readable"][0]:
            raise ValueError("tactile images: got none")
        image = np.full((2, 11, 9), 30, np.uint8)
        image[:, 0, 0] = len(scripts["forces"]) % 200
        return TactileReading(("left", "right"), image, np.array([10.0]))

    def touch():
        force = scripts["forces"].pop(0) if scripts["forces"] else 0.0
        return Touch(np.full(2, force), supported, read)

    return touch


class Erratic:
    """Answers increments of any size, nonsense, or nothing at all."""

    def __init__(self, script):
        self.script = list(script)

    def predict(self, current, goal):
        size = self.script.pop(0) if self.script else 0.0
        if size is None:
            raise ConnectionResetError("connection lost")
        return np.array([0.0, size, 0.0, 0.0, 0.0, 0.0]), np.full(6, 0.01)


forces = st.lists(
    st.tuples(st.sampled_from([0.0, 0.3, 5.0, 5.0, 5.0, 20.0]), st.integers(1, 20)), min_size=1, max_size=6
)
sizes = st.lists(st.one_of(st.none(), st.just(float("nan")), st.floats(-4, 4)), max_size=8)
latencies = st.lists(st.integers(0, 9), min_size=1, max_size=4)
strategies = st.sampled_from([Prefix(10), Prefix(4), Synchronous(10)])


@settings(max_examples=40)
@given(forces, sizes, latencies, strategies, st.booleans(), st.lists(st.booleans(), min_size=1, max_size=4))
def test_one_writer_per_tick_and_no_stale_chunk_whatever_happens(
    touch_world, goal, runs, script, delays, strategy, supported, readable
):
    world = touch_world(OFF)
    felt = [force for force, ticks in runs for _ in range(ticks)]
    touch = fingers(felt, supported, [True, *readable])
    bench = Bench(world, goal, Erratic(script), delays, strategy, touch)
    x = bench.policy.at[0]
    last_touch = -1
    for number in range(len(felt) + 40):
        before = bench.writers.total()
        tick = bench.tick()
        assert bench.writers.total() == before + 1
        assert tick.tick == number
        if tick.freshness == "touch":
            assert bench.arbiter.mode in ("refine", "verify", "abort", "hand back")
            last_touch = number
        elif tick.freshness != "idle" and bench.executor.adjustment is None:
            observed = round((tick.command[0] - x) * 1e6)
            assert observed > last_touch


@settings(max_examples=15)
@given(forces, latencies, strategies)
def test_refinement_off_is_the_executor_alone_bit_for_bit(touch_world, runs, delays, strategy):
    felt = [force for force, ticks in runs for _ in range(ticks)]
    off = Bench(touch_world(OFF), None, None, delays, strategy, fingers(felt, True, [True]))
    alone = Bench(touch_world(OFF), None, None, delays, strategy)
    alone.drive = alone.executor
    for _ in range(len(felt) + 20):
        one, other = off.tick(), alone.tick()
        assert one.command.tobytes() == other.command.tobytes()
        assert (one.tick, one.chunk, one.freshness) == (other.tick, other.chunk, other.freshness)


def test_a_policy_that_never_answers_again_after_the_refinement_ends_the_episode(touch_world, goal):
    world = touch_world(OFF)
    bench = Bench(world, goal, world, latencies=(3, 3, 10**6))
    with pytest.raises(InferenceFailed, match="no usable answer"):
        bench.run(int(Deadlines().patience_s * 30) + 200)
