"""The key and the slot: what is injected is what is grasped, and what is put right goes in."""

import numpy as np
import pytest

from xr0_robot.touch.sensor import increment
from xr0_robot.touch.sims.insertion.env import RIGHT_GRASP, InsertionEnv, InsertionOptions


@pytest.fixture(scope="module")
def env():
    env = InsertionEnv()
    yield env
    env.close()


@pytest.fixture(scope="module")
def handed():
    env = InsertionEnv(InsertionOptions(in_hand=True))
    yield env
    env.close()


@pytest.mark.parametrize("seed", [0, 7])
def test_the_hand_holds_the_key_as_wrongly_as_the_seed_says(handed, seed):
    handed.reset(seed)
    error = increment.to_vector(increment.increment(handed.grasp(), RIGHT_GRASP))
    assert error[1:] == pytest.approx(handed.error[1:], abs=0.15)  # it settles
    touch = handed.touch()
    assert touch.in_contact and not touch.supported
    assert np.abs(handed.error[1:3]).max() <= 3.0 and abs(np.rad2deg(handed.error[3])) <= 8.0


def test_the_key_stands_and_nothing_is_felt_before_the_grasp(env):
    env.reset(3)
    for _ in range(10):
        env.apply(env.state())
    touch = env.touch()
    assert touch.supported and not touch.forces.any() and not env.success()
    off = increment.to_vector(increment.inverse(env.stand) @ env.key())
    assert np.abs(off[:3]).max() < 0.2


def test_a_seed_decides_everything_the_sensor_included(env):
    env.reset(5)
    first, state, error = env.goal(), env.state(), env.error.copy()
    env.reset(6)
    other = env.goal()
    env.reset(5)
    again = env.goal()
    assert np.array_equal(first.images, again.images) and np.array_equal(error, env.error)
    assert np.array_equal(state, env.state())
    assert not np.array_equal(first.images, other.images)


def test_a_key_in_the_slot_is_success_and_beside_it_is_not(env):
    env.reset(1)
    joint = env.data.joint("key")
    quaternion = np.array([np.cos(0.5 * env_yaw(env.slot)), 0, 0, np.sin(0.5 * env_yaw(env.slot))])
    for shift, expected in ((0.0, True), (0.03, False)):
        joint.qpos = [*(env.slot[:3, 3] * 1e-3 + [shift, 0, 0.001]), *quaternion]
        joint.qvel = 0.0
        for _ in range(20):
            env.apply(env.state())
        assert env.success() is expected


def env_yaw(pose):
    return np.arctan2(pose[1, 0], pose[0, 0])


def test_the_goal_feels_like_the_right_grasp_and_unlike_the_first(handed):
    handed.reset(0)
    goal, wrong = handed.goal(), handed.touch().read()
    assert goal.fingers == wrong.fingers == ("left", "right")
    assert np.abs(goal.images.astype(int) - wrong.images).mean() > 5
