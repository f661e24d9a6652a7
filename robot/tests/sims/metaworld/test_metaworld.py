"""Meta-World behind our contract, in its own environment: runs/sims/test.sh metaworld."""

import numpy as np
import pytest

pytest.importorskip("metaworld", reason="in data/sims/metaworld alone: runs/sims/metaworld.sh")

from scripted import opened, succeeds

from xr0_robot.features import ENVIRONMENT_STATE, OBJECT_PIXELS
from xr0_robot.sims import benchmark

PROTOCOL = benchmark.open_protocol("metaworld")
ROBOT = PROTOCOL.sized(96, 96)


@pytest.fixture
def open_task():
    yield from opened("metaworld", ROBOT)


@pytest.mark.parametrize("name", ["push-v3", "pick-place-v3", "drawer-open-v3"])
def test_the_expert_succeeds_through_the_action_contract(open_task, name):
    env = open_task(name)
    assert all(succeeds("metaworld", env, name, seed) for seed in (1000, 1001))


def test_a_flipped_gripper_or_an_unscaled_motion_fails(open_task):
    env = open_task("pick-place-v3")
    assert not succeeds("metaworld", env, "pick-place-v3", 1000, lambda command: command * [1, 1, 1, -1])
    assert not succeeds(
        "metaworld", env, "pick-place-v3", 1000, lambda command: command * [0.01, 0.01, 0.01, 1]
    )
    assert not succeeds("metaworld", env, "pick-place-v3", 1000, lambda command: command[[1, 0, 2, 3]])


def test_a_seed_is_a_scene_whatever_ran_before(open_task):
    env = open_task("push-v3")
    first, told = env.reset(7), env.numbers()[ENVIRONMENT_STATE]
    for _ in range(20):
        env.apply(np.array([1.0, 0.5, -1.0, 1.0]))
    env.reset(8)
    other = env.numbers()[ENVIRONMENT_STATE]
    assert env.reset(7) == first == "Push the puck to a goal"
    np.testing.assert_array_equal(env.numbers()[ENVIRONMENT_STATE], told)
    assert np.abs(other - told).max() > 0.01


def test_a_motion_of_one_moves_the_hand_a_centimetre_and_the_state_says_so(open_task):
    env = open_task("reach-v3")
    env.reset(3)
    start = env.state()
    for _ in range(10):
        env.apply(np.array([0.0, 1.0, 0.0, -1.0]))
    for _ in range(10):
        env.apply(np.array([0.0, 0.0, 0.0, -1.0]))
    moved = env.state() - start
    np.testing.assert_allclose(moved[:3], [0.0, 0.1, 0.0], atol=0.01)
    for _ in range(40):
        env.apply(np.array([0.0, 0.0, 0.0, 1.0]))
    assert env.state()[3] < 0.6 < start[3]  # 1 closes


def test_pictures_are_upright_and_the_labels_point_at_the_things(open_task):
    """The red puck of `push` is where its label says; the arm's base is left, the table below."""
    env = open_task("push-v3")
    env.reset(1000)
    (picture,) = env.observe("push", 0.0).images.values()
    u, v = env.numbers()[OBJECT_PIXELS][:2].round().astype(int)
    patch = picture[v - 1 : v + 2, u - 1 : u + 2].reshape(-1, 3).astype(int)
    assert (patch[:, 0] - patch[:, 1:].max(axis=1)).max() > 60  # a red thing, on brown and grey
    assert np.abs(picture[:10, 48:].astype(int) - picture[0, 0]).max() < 30  # above is the wall
