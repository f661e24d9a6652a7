import mujoco
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xr0_robot import rotation


def numbers(low, high):
    return st.floats(low, high, allow_nan=False)


@pytest.fixture(scope="module")
def solve(env):
    """Solve from home as one tick after another would, and return angles and the pose that they reach."""
    data = mujoco.MjData(env.model)

    def solve(pose, iterations):
        joints = env.arm.solve(pose, env.arm.home, iterations)
        env.arm.place(data, joints, 1.0)
        mujoco.mj_kinematics(env.model, data)
        return joints, env.arm.pose(data)

    return solve


@settings(max_examples=60, derandomize=True)
@given(
    place=st.tuples(numbers(0.25, 0.68), numbers(-0.2, 0.2), numbers(0.0, 0.3)),
    turn=st.tuples(numbers(-0.3, 0.3), numbers(-0.3, 0.3), numbers(-0.9, 0.9)),
)
def test_the_solution_reaches_every_pose_of_the_workspace(solve, place, turn):
    pose = np.array([*place, *turn])
    _, reached = solve(pose, 60)
    assert np.linalg.norm(reached[:3] - pose[:3]) < 1e-4
    assert rotation.angle_between(reached[3:], pose[3:]) < 1e-3


@settings(max_examples=40, derandomize=True)
@given(place=st.tuples(numbers(-3, 3), numbers(-3, 3), numbers(-3, 3)), turn=st.tuples(*[numbers(-3, 3)] * 3))
def test_the_unreachable_ends_within_the_limits(env, solve, place, turn):
    joints, _ = solve(np.array([*place, *turn]), 60)
    assert np.isfinite(joints).all()
    assert (joints >= env.arm.limits[:, 0]).all()
    assert (joints <= env.arm.limits[:, 1]).all()


def test_beyond_its_reach_the_arm_points_there(solve):
    _, reached = solve(np.array([2.0, 0.0, 0.3, 0.0, 0.0, 0.0]), 200)
    assert reached[0] > 0.7
    assert abs(reached[1]) < 0.02


def test_pointing_down_is_no_rotation(env):
    env.reset(0)
    _, _, _, roll, pitch, yaw = env.state()[:6]
    assert max(abs(roll), abs(pitch)) < 1e-3
    assert abs(yaw) < 0.2


def test_the_arm_follows_commands_closely(env):
    """A command of one tick is nearly reached two ticks later: the executor's actions mean what they say."""
    env.reset(1)
    goal = env.state()
    for _ in range(20):
        goal[:3] += (0.006, 0.004, -0.002)
        env.apply(goal)
    lag = np.linalg.norm(goal[:3] - env.state()[:3])
    env.apply(goal)
    env.apply(goal)
    assert lag < 0.02
    assert np.linalg.norm(goal[:3] - env.state()[:3]) < 0.004
