"""ALOHA behind our contract, in its own environment: runs/sims/test.sh aloha."""

import numpy as np
import pytest

pytest.importorskip("gym_aloha", reason="in data/sims/aloha alone: runs/sims/aloha.sh")

from xr0_robot.bench.rollout import Episode, rollout
from xr0_robot.executor.clock import VirtualClock
from xr0_robot.executor.inference import VirtualInference
from xr0_robot.executor.methods import Synchronous
from xr0_robot.features import ENVIRONMENT_STATE, OBJECT_PIXELS
from xr0_robot.sims import benchmark
from xr0_robot.types import Chunk, Observation

PROTOCOL = benchmark.open_protocol("aloha")
ROBOT = PROTOCOL.sized(96, 128)


@pytest.fixture
def open_task():
    opened = []

    def open_task(name, robot=ROBOT, look="plain"):
        opened.append(benchmark.open_env("aloha", name, robot, look))
        return opened[-1]

    yield open_task
    for env in opened:
        env.close()


class Expert:
    """The scripted expert as a policy, of whose commands something may be wrong."""

    embodiment, action_horizon, max_prefix = ROBOT, 1, 0

    def __init__(self, env, wrong=lambda command: command):
        self._act, self._env, self._wrong = None, env, wrong

    def infer(self, observation, prefix, seed):
        self._act = self._act or benchmark.begin("aloha", self._env)
        return Chunk(self._wrong(self._act())[None], observation.time_s, ROBOT.dt)


def succeeds(env, seed, wrong=lambda command: command):
    """Whether the expert does the task through executor, limits and adapter. No picture is drawn."""
    blank = {"top": np.zeros((96, 128, 3), np.uint8)}
    env.observe = lambda instruction, time_s: Observation(blank, env.state(), instruction, time_s)
    result = rollout(
        env,
        Episode(seed),
        inference=VirtualInference(Expert(env, wrong), 0.0),
        strategy=Synchronous(1),
        clock=VirtualClock(),
        limits=PROTOCOL.limits,
        time_limit_s=400 * ROBOT.dt,
    )
    assert result.error is None
    return result.success


@pytest.mark.parametrize("name", ["transfer_cube", "insertion"])
def test_the_expert_succeeds_through_the_action_contract(open_task, name):
    env = open_task(name)
    assert all(succeeds(env, seed) for seed in (600_100, 600_101, 600_102))


def test_what_is_wrong_with_commands_fails(open_task):
    env = open_task("transfer_cube")
    degrees = np.where(np.arange(14) % 7 == 6, 1.0, np.pi / 180)
    flipped = np.where(np.arange(14) % 7 == 6, -1.0, 1.0)
    assert succeeds(env, 600_100)
    assert not succeeds(env, 600_100, lambda command: command * degrees)
    assert not succeeds(env, 600_100, lambda command: command * flipped + (flipped < 0))  # grippers
    assert not succeeds(env, 600_100, lambda command: np.roll(command, 7))  # arms exchanged


@pytest.mark.parametrize(("name", "kind"), [("transfer_cube", "TransferCube"), ("insertion", "Insertion")])
def test_states_pictures_and_success_are_gym_alohas_bit_for_bit(open_task, name, kind):
    import gym_aloha  # noqa: F401
    import gymnasium

    theirs = gymnasium.make(f"gym_aloha/Aloha{kind}-v0", obs_type="pixels_agent_pos")
    ours = open_task(name, PROTOCOL.sized(480, 640), "official")
    seen, _ = theirs.reset(seed=7)
    ours.reset(5)
    ours.reset(7)
    act = benchmark.begin("aloha", ours)
    for _ in range(40):
        command = act().astype(np.float32).astype(np.float64)
        np.testing.assert_array_equal(ours.state(), seen["agent_pos"])
        ours.apply(command)
        seen, reward, *_ = theirs.step(command)
        assert ours.success() == (reward == 4)
    np.testing.assert_array_equal(ours.observe("go", 0.0).images["top"], seen["pixels"]["top"])
    theirs.close()


def test_a_seed_is_a_scene_and_the_labels_point_at_the_cube(open_task):
    env = open_task("transfer_cube")
    told = []
    for seed in (7, 8, 7):
        assert env.reset(seed).startswith("Pick up the cube")
        told.append(env.numbers()[ENVIRONMENT_STATE])
    np.testing.assert_array_equal(told[0], told[2])
    assert np.abs(told[0] - told[1]).max() > 0.01
    picture = env.observe("go", 0.0).images["top"].astype(int)
    u, v = env.numbers()[OBJECT_PIXELS][:2].round().astype(int)
    assert picture[v, u, 0] - picture[v, u, 1:].max() > 60  # the cube is red, and nothing else is
    with pytest.raises(ValueError, match="instruction: got 'dance', expected 'Pick up"):
        env.reset(0, "dance")
