"""ALOHA behind our contract, in its own environment: runs/sims/test.sh aloha."""

import numpy as np
import pytest

pytest.importorskip("gym_aloha", reason="in data/sims/aloha alone: runs/sims/aloha.sh")

from scripted import opened, succeeds

from xr0_robot.features import ENVIRONMENT_STATE, OBJECT_PIXELS
from xr0_robot.sims import benchmark

PROTOCOL = benchmark.open_protocol("aloha")
ROBOT = PROTOCOL.sized(96, 128)


@pytest.fixture
def open_task():
    yield from opened("aloha", ROBOT)


@pytest.mark.parametrize("name", ["transfer_cube", "insertion"])
def test_the_expert_succeeds_through_the_action_contract(open_task, name):
    env = open_task(name)
    assert all(succeeds("aloha", env, name, seed) for seed in (600_100, 600_101, 600_102))


def test_a_cube_that_is_moved_as_the_hand_comes_near_is_found_again(open_task):
    """Once, by 4 to 8 cm, to where it could have been; the seed says where."""
    name = "transfer_cube_displaced"
    env, plain = open_task(name), open_task("transfer_cube")
    seed = 600_101
    plain.reset(seed)
    env.reset(seed)
    np.testing.assert_array_equal(env.things(), plain.things())
    act, begun = benchmark.begin("aloha", env), env.things()[0]
    places, joints = [], []
    for _ in range(60):
        env.apply(act())
        places.append(env.things()[0][:2])
        joints.append(env.state())
    steps = np.linalg.norm(np.diff(places, axis=0), axis=1)
    assert (steps > 0.03).sum() == 1
    assert 0.04 < np.linalg.norm(places[-1] - begun[:2]) < 0.08
    assert np.abs(np.diff(joints, axis=0)).max() < 0.4, "nothing else is moved"
    assert all(succeeds("aloha", env, name, seed) for seed in (600_100, 600_101, 600_102))


def test_what_is_wrong_with_commands_fails(open_task):
    env = open_task("transfer_cube")
    degrees = np.where(np.arange(14) % 7 == 6, 1.0, np.pi / 180)
    flipped = np.where(np.arange(14) % 7 == 6, -1.0, 1.0)
    assert succeeds("aloha", env, "transfer_cube", 600_100)
    assert not succeeds("aloha", env, "transfer_cube", 600_100, lambda command: command * degrees)
    assert not succeeds(
        "aloha", env, "transfer_cube", 600_100, lambda command: command * flipped + (flipped < 0)
    )  # grippers
    assert not succeeds(
        "aloha", env, "transfer_cube", 600_100, lambda command: np.roll(command, 7)
    )  # arms exchanged


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
