"""The brick table's second robot: the same scenes, seen and commanded in another way."""

import mujoco
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xr0_robot import rotation
from xr0_robot.executor.safety import Safety
from xr0_robot.sims.brick_table.expert import Expert, truth
from xr0_robot.sims.bricks_joints.limits import LIMITS
from xr0_robot.sims.bricks_joints.world import open_table
from xr0_robot.worlds import WORLDS


def test_a_seed_lays_the_same_table_and_says_the_same_for_either_robot(env, joints):
    for seed in (3, 700_000):
        assert env.reset(seed) == joints.reset(seed)
        np.testing.assert_array_equal(env.environment_state(), joints.environment_state())
        np.testing.assert_allclose(env.tool(), joints.tool(), atol=1e-3)


def test_a_seed_is_an_episode_whatever_came_before(joints):
    def episode(seed):
        joints.reset(seed)
        expert = Expert(joints)
        for _ in range(15):
            joints.apply(joints.bring(expert.act(truth(joints))))
        return joints.state()

    first, other, again = episode(5), episode(6), episode(5)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("seed", [1, 700_001])
def test_the_expert_stays_within_the_limits(joints, seed):
    joints.reset(seed)
    expert, safety = Expert(joints), Safety(joints.embodiment, LIMITS)
    safety.reset(joints.state())
    while not joints.success() and joints.tick < 160:
        verdict = safety.check(joints.bring(expert.act(truth(joints))))
        assert verdict.clamped == () and verdict.refused is None
        joints.apply(verdict.command)
    assert joints.success()


def test_the_state_is_what_was_told(joints):
    joints.reset(2)
    goal = joints.state() + np.array([0.1, 0.05, -0.05, 0.1, -0.3, -0.5])
    for _ in range(20):
        joints.apply(goal)
    np.testing.assert_allclose(joints.state(), goal, atol=0.01)


def test_a_wild_command_neither_teleports_the_arm_nor_leaves_its_range(joints):
    joints.reset(2)
    before = joints.state()
    joints.apply(np.full(6, 50.0))
    assert np.abs(joints.state() - before)[:5].max() < 0.3
    for _ in range(40):
        joints.apply(np.full(6, 50.0))
    assert (joints.state()[:5] <= joints.arm.limits[:, 1] + 0.02).all()


def numbers(low, high):
    return st.floats(low, high, allow_nan=False)


@settings(max_examples=40, derandomize=True, deadline=None)
@given(tool=st.tuples(numbers(0.28, 0.68), numbers(-0.2, 0.2), numbers(0.0, 0.28), numbers(-0.8, 0.8)))
def test_every_place_of_the_workspace_is_reached_with_the_tool_down(joints, tool):
    x, y, z, yaw = tool
    pose = np.array([x, y, z, 0.0, 0.0, yaw])
    data = mujoco.MjData(joints.model)
    joints.arm.place(data, joints.arm.solve(pose, joints.arm.home, iterations=100), 1.0)
    mujoco.mj_kinematics(joints.model, data)
    reached = joints.arm.pose(data)
    assert np.linalg.norm(reached[:3] - pose[:3]) < 1e-4
    assert rotation.angle_between(reached[3:], pose[3:]) < 1e-3


def test_the_front_camera_sees_the_workspace_and_the_bins_and_left_is_left(joints):
    height, width = joints.view("front").size
    corners = [np.array([x, y, 0.0]) for x in (0.29, 0.47, 0.70) for y in (0.17, -0.17)]
    pixels = np.array([joints.project("front", corner) for corner in corners])
    assert (pixels > 3).all() and (pixels < (width - 3, height - 3)).all()
    assert (pixels[::2, 0] < pixels[1::2, 0]).all()


@pytest.mark.sim
def test_pictures_have_the_sizes_that_the_embodiment_says(joints):
    joints.reset(0)
    images = joints.observe("look", 0.0).images
    assert {key: image.shape for key, image in images.items()} == {
        "front": (128, 160, 3),
        "shoulder": (96, 128, 3),
    }


@pytest.mark.parametrize("variant", WORLDS["bricks_joints"])
def test_each_variant_opens(variant):
    table = open_table(variant)
    table.reset(700_000)
    table.close()
