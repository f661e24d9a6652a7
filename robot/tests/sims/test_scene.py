from dataclasses import replace

import mujoco
import numpy as np
import pytest

from xr0_robot.sims import scene
from xr0_robot.sims.brick_table import layout
from xr0_robot.sims.bricks.embodiment import BRICKS
from xr0_robot.sims.gripper import FINGERS
from xr0_robot.sims.kinematics import ArmKinematics
from xr0_robot.sims.six_joint_arm import SixJointArm
from xr0_robot.sims.table import Table

POSE = np.array([0.42, 0.05, 0.12, 0.0, 0.0, 0.4])


def two_arms():
    """A scene of arms that face each other across the table, each with its wrist camera."""
    arms = (SixJointArm("left_arm"), SixJointArm("right_arm", position=(0.9, 0.1, 0.0), yaw=np.pi))
    views = tuple(
        scene.View(f"{arm.name}_wrist", (0.08, 0.0, -0.07), (0, -1, 0), (1, 0, 0), 75.0, arm=arm.name)
        for arm in arms
    )
    return scene.Scene(arms, views, timestep=1 / 360)


def test_a_second_arm_is_one_more_entry_and_each_has_its_own_base_frame():
    model = mujoco.MjModel.from_xml_string(scene.mjcf(two_arms()))
    data = mujoco.MjData(model)
    arms = [ArmKinematics(model, arm) for arm in two_arms().arms]
    joints = [arm.solve(POSE, np.zeros(6), iterations=100) for arm in arms]
    for arm, angles in zip(arms, joints, strict=True):
        arm.place(data, angles, 1.0)
    mujoco.mj_forward(model, data)
    np.testing.assert_allclose(joints[0], joints[1], atol=1e-4)
    np.testing.assert_allclose([arm.pose(data) for arm in arms], [POSE, POSE], atol=1e-4)
    left, right = (data.site(f"{name}/tool").xpos for name in ("left_arm", "right_arm"))
    np.testing.assert_allclose(right, (0.9 - left[0], 0.1 - left[1], left[2]), atol=1e-4)
    assert {model.cam(k).name for k in range(model.ncam)} == {"left_arm_wrist", "right_arm_wrist"}


def two_armed():
    """The embodiment of `two_arms`: two of the one arm's segments, and no camera."""
    segments = tuple(
        replace(s, name=f"{side}_{s.name}", native=s.native + 7 * k, model=s.native + 7 * k)
        for k, side in enumerate(("left", "right"))
        for s in BRICKS.segments
    )
    return replace(BRICKS, name="two arms", cameras=(), segments=segments)


def test_a_table_moves_all_of_its_arms_and_each_as_if_it_were_alone():
    table = Table(two_arms(), two_armed(), substeps=12)
    lone = Table(
        scene.Scene((SixJointArm(),), (), timestep=1 / 360), replace(BRICKS, cameras=()), substeps=12
    )
    goals = [np.append(POSE, 0.5), np.append((0.37, 0.07, 0.22, 0.0, 0.0, -0.4), 1.0)]
    for arm in table.arms:
        arm.place(table.data, arm.home, 1.0)
    lone.arms[0].place(lone.data, lone.arms[0].home, 1.0)
    for _ in range(60):
        table.apply(np.concatenate(goals))
        lone.apply(goals[1])
    np.testing.assert_allclose(table.state(), np.concatenate(goals), atol=5e-3)
    np.testing.assert_allclose(table.state()[7:], lone.state(), atol=1e-4)


def test_a_table_refuses_an_embodiment_of_another_number_of_arms():
    with pytest.raises(
        ValueError, match="'bricks' of 7 commands and 7 states, expected 14 of each for 2 arms"
    ):
        Table(two_arms(), BRICKS, substeps=12)


def test_only_fingers_and_things_collide(env):
    model = env.model
    links = [f"arm/{name}" for name in ("base", "turret", "upper", "forearm", "wrist", "knuckle", "hand")]
    colliding = {model.body(model.geom_bodyid[g]).name for g in range(model.ngeom) if model.geom_contype[g]}
    assert not colliding & set(links)
    things = {thing.name for kind in (layout.BRICKS, layout.BINS, layout.PROPS) for thing in kind}
    assert colliding == {"world", "arm/left_finger", "arm/right_finger"} | things


@pytest.mark.parametrize("opening", [0.0, 0.5, 1.0])
def test_the_gripper_opens_eight_centimetres(env, opening):
    env.reset(3)
    action = env.state()
    action[6] = opening
    for _ in range(30):
        env.apply(action)
    left, right = (env.data.geom(f"arm/{name}").xpos for name in FINGERS)
    thickness = 2 * env.model.geom("arm/left_finger").size[1]
    assert env.state()[6] == pytest.approx(opening, abs=0.02)
    assert np.linalg.norm(left - right) - thickness == pytest.approx(0.08 * opening, abs=0.002)
