"""SimplerEnv behind our contract, in its own environment: runs/sims/test.sh simpler."""

import numpy as np
import pytest

pytest.importorskip("sapien", reason="in data/sims/simpler alone: runs/sims/simpler.sh")

import cv2
import table_of_simpler  # noqa: F401 - before the simulator looks for its table
from scripted import opened, succeeds
from transforms3d.axangles import axangle2mat
from transforms3d.euler import euler2axangle

from xr0_robot.features import ENVIRONMENT_STATE
from xr0_robot.sims import benchmark
from xr0_robot.sims.simpler import env as simpler

PROTOCOL = benchmark.open_protocol("simpler")


@pytest.fixture(scope="module")
def open_task():
    yield from opened("simpler", PROTOCOL.robot, "official")


@pytest.fixture(scope="module")
def tasks(open_task):
    return {name: open_task(name) for name in ("spoon", "carrot", "stack")}


@pytest.mark.parametrize("name", ["spoon", "carrot", "stack"])
def test_the_expert_succeeds_through_the_released_action_contract(tasks, name):
    assert all(succeeds("simpler", tasks[name], name, seed) for seed in (0, 9))


@pytest.mark.parametrize(
    "wrong",
    [
        lambda command: np.append(command[:6], 1.0 - command[6]),
        lambda command: command * ([0.1] * 3 + [1] * 4),
        lambda command: command[[0, 1, 2, 5, 4, 3, 6]],
        lambda command: command[[1, 0, 2, 3, 4, 5, 6]],
    ],
    ids=["gripper", "scale", "rotation", "axes"],
)
def test_what_is_wrong_with_commands_fails(tasks, wrong):
    assert not succeeds("simpler", tasks["carrot"], "carrot", 1, wrong)


@pytest.mark.parametrize(
    "angles", [(0.3, 0, 0), (0, 0.2, 0), (0, 0, -0.4), (0.3, -0.2, 0.5), (-0.1, 0.4, 0.2)]
)
def test_a_motion_turns_the_hand_as_the_published_client_turns_it(tasks, angles):
    """It sends the original simulator an axis and an angle, about the axes of the arm's base."""
    env = tasks["carrot"]
    env.reset(0)
    place, turn = env.hand()
    env.apply(np.array([0.01, -0.02, 0.03, *angles, 1.0]))
    arm = env.sim.agent.controller.controllers["arm"]
    told, turned = simpler.matrix(arm._target_pose)
    np.testing.assert_allclose(told - place, [0.01, -0.02, 0.03], atol=1e-3)
    np.testing.assert_allclose(turned, axangle2mat(*euler2axangle(*angles)) @ turn, atol=2e-3)


def test_the_state_says_where_the_hand_is_from_pointing_down_and_how_open(tasks):
    env = tasks["carrot"]
    env.reset(0)
    start = env.state()
    assert np.abs(start[3:6]).max() < 0.2
    assert start[6] > 0.9
    for _ in range(4):
        env.apply(np.array([0.0, 0.0, 0.01, 0.0, 0.0, 0.1, 0.4]))
    for _ in range(4):
        env.apply(np.array([0.0] * 6 + [0.4]))
    moved = env.state() - start
    np.testing.assert_allclose(moved[:3], [0.0, 0.0, 0.04], atol=0.01)
    np.testing.assert_allclose(moved[3:6], [0.0, 0.0, 0.4], atol=0.08)
    assert env.state()[6] < 0.1
    env.apply(np.array([0.0] * 6 + [0.6]))
    assert env.state()[6] > 0.3


def test_a_seed_is_a_scene_whatever_ran_before(tasks):
    env = tasks["spoon"]
    told = env.reset(3)
    scene = env.numbers()[ENVIRONMENT_STATE]
    env.reset(4)
    other = env.numbers()[ENVIRONMENT_STATE]
    for _ in range(5):
        env.apply(np.array([0.02, 0.0, -0.02, 0.0, 0.0, 0.0, 1.0]))
    assert env.reset(3) == told == "put the spoon on the towel"
    np.testing.assert_allclose(env.numbers()[ENVIRONMENT_STATE], scene, atol=1e-4)
    assert np.abs(other - scene).max() > 0.01
    with pytest.raises(ValueError, match="seed: got 24, expected 0 to 23"):
        env.reset(24)


def test_success_is_judged_when_the_time_is_over(tasks, monkeypatch):
    env = tasks["stack"]
    env.reset(0)
    monkeypatch.setattr(env.sim, "evaluate", lambda: {"success": [True]})
    judged = []
    for _ in range(60):
        env.apply(np.array([0.0] * 6 + [1.0]))
        judged.append(env.success())
    assert judged == [False] * 59 + [True]


def test_the_picture_is_what_is_drawn_before_the_photograph_of_the_table(tasks):
    env = tasks["carrot"]
    told = env.reset(0)
    (picture,) = type(env).observe(env, told, 0.0).images.values()
    photograph = cv2.imread(str(simpler.ASSETS / "real_inpainting/bridge_real_eval_1.png"))[..., ::-1]
    behind = cv2.resize(cv2.resize(photograph, (640, 480)), (256, 256)).astype(int)
    differs = np.abs(picture.astype(int) - behind).max(axis=2) > 40
    assert picture.shape == (256, 256, 3)
    assert 0.02 < differs.mean() < 0.5  # arm, carrot and plate
    assert not differs[:, :10].any()


def test_what_is_missing_is_named_with_what_mends_it(tmp_path, monkeypatch):
    monkeypatch.setattr(simpler, "ASSETS", tmp_path)
    with pytest.raises(
        RuntimeError, match=r"bridge_sink\.png; make its environment, .*runs/sims/simpler\.sh"
    ):
        simpler.check_assets("eggplant")
