"""CALVIN behind our contract, in its own environment: runs/sims/test.sh calvin."""

import ast

import numpy as np
import pytest

pytest.importorskip("pybullet", reason="in data/sims/calvin alone: runs/sims/calvin.sh")

from omegaconf import OmegaConf
from scripted import opened, succeeds

from xr0_robot.bench.board import crew
from xr0_robot.bench.board.settings import Settings
from xr0_robot.bench.board.worker import Work, work_on
from xr0_robot.features import ENVIRONMENT_STATE
from xr0_robot.sims.benchmark import open_protocol
from xr0_robot.sims.calvin import sequences
from xr0_robot.sims.calvin.env import MODELS

PROTOCOL = open_protocol("calvin")
ROBOT = PROTOCOL.scaled(None)
OFFICIAL_UTILS = sequences.EVALUATION.with_name("utils.py")

TASKS = (
    *("move_slider_left", "move_slider_right", "open_drawer", "close_drawer", "turn_on_led", "turn_off_led"),
    *("turn_on_lightbulb", "turn_off_lightbulb", "lift_red_block_table", "lift_blue_block_table"),
)
"""Of the expert's."""


@pytest.fixture(scope="module")
def env():
    opening = opened("calvin", ROBOT, "official")
    yield next(opening)("sequence")
    next(opening, None)


def first(*tasks):
    """The first sequence that begins with these."""
    found = (i for i, each in enumerate(sequences.official()) if each.tasks[: len(tasks)] == tasks)
    return next(found)


def test_sequences_are_those_of_the_official_code():
    module = sequences._module()
    initials = [each.initial for each in sequences.official()]
    assert len(initials) == 1000
    for state in (initials[0], initials[1]):
        ours = list(sequences._from(module, state, 5, 2))
        official = module.get_sequences_for_state2((state, 2, 5))
        assert ours == [tuple(map(str, tasks)) for tasks in official]


def test_a_sequence_begins_as_the_official_code_begins_it():
    """utils.py imports what trains policies, so its function is taken out of it; its hash is pyhash's, whose
    documentation has this example."""
    assert sequences._hash("hello world") == 2805756500
    source = ast.parse(OFFICIAL_UTILS.read_text())
    names = {"get_env_state_for_initial_condition"}
    wanted = [node for node in source.body if isinstance(node, ast.FunctionDef) and node.name in names]
    space = {"np": np, "pi": np.pi, "hasher": sequences._hash, "temp_seed": sequences._temp_seed}
    exec(compile(ast.Module(wanted, []), str(OFFICIAL_UTILS), "exec"), space)
    for number in range(0, 1000, 37):
        initial = sequences.official()[number].initial
        robot, scene = space["get_env_state_for_initial_condition"](initial)
        np.testing.assert_array_equal(robot, sequences.ROBOT)
        np.testing.assert_array_equal(scene, sequences.scene(initial))


@pytest.mark.parametrize("task", TASKS)
def test_the_expert_succeeds_through_the_released_action_contract(env, task):
    assert succeeds("calvin", env, "sequence", first(task))
    assert not env._oracle.get_task_info_for_set(env.begun, env.begun, {task})


def test_what_is_wrong_with_commands_fails(env):
    def wrong(task, change):
        return not succeeds("calvin", env, "sequence", first(task), change)

    assert wrong("lift_red_block_table", lambda command: command * [1, 1, 1, 1, 1, 1, -1])  # gripper
    assert wrong("move_slider_left", lambda command: command * ([0.02] * 3 + [1] * 4))  # scale
    assert wrong("turn_on_lightbulb", lambda command: command * [1, 1, 1, -1, -1, -1, 1])  # rotation
    assert wrong("open_drawer", lambda command: command[[1, 0, 2, 3, 4, 5, 6]])  # axes


def test_states_and_pictures_are_the_simulators_own(env):
    """The official client draws in every tick, and steps the simulator itself; ours when it is looked at."""
    seed = first("open_drawer")
    told = env.reset(seed)
    rng = np.random.default_rng(0)
    commands = np.column_stack([rng.uniform(-1, 1, (40, 6)), np.where(np.arange(40) < 20, 0.3, -0.2)])
    env.table.cameras = list(env._views.values())
    for command in commands:
        seen = env.table.step(np.append(command[:6], np.sign(command[6])))[0]
    env.table.cameras = []
    ours = type(env).observe(env, told, 0.0)
    np.testing.assert_array_equal(ours.images["base"], seen["rgb_obs"]["rgb_static"])
    np.testing.assert_array_equal(ours.images["wrist_left"], seen["rgb_obs"]["rgb_gripper"])
    env.reset(seed)
    for command in commands:
        env.apply(command)
    np.testing.assert_allclose(env.state(), seen["robot_obs"][:7], atol=1e-4)
    np.testing.assert_allclose(env.numbers()[ENVIRONMENT_STATE], seen["scene_obs"], atol=1e-3)


def test_a_seed_is_a_scene_whatever_ran_before(env):
    env.reset(3)
    scene = env.numbers()[ENVIRONMENT_STATE]
    env.reset(first("open_drawer"))
    for _ in range(20):
        env.apply(np.array([0.5, 0.2, -0.5, 0.1, 0, 0, -1]))
    env.reset(3)
    np.testing.assert_allclose(env.numbers()[ENVIRONMENT_STATE], scene, atol=1e-6)


def test_sentences_are_told_in_a_row_until_one_is_not_done(tmp_path):
    """The expert does the first two, and does not know the third. Each has a film."""
    known = set(TASKS)
    seed, tasks = next(
        (i, each.tasks)
        for i, each in enumerate(sequences.official())
        if {*each.tasks[:2]} <= known and each.tasks[2].startswith("rotate")
    )
    settings = Settings(mode="sync", benchmark="calvin", first_seed=seed, execute_horizon=1)
    (row,) = crew.rows(settings.jobs(), work_on, Work(settings, None, films=tmp_path), workers=1)
    annotations = OmegaConf.load(MODELS / "annotations/new_playtable_validation.yaml")
    assert [leg["instruction"] for leg in row["legs"]] == [annotations[task][0] for task in tasks[:3]]
    assert (row["in_a_row"], row["success"]) == (2, False)
    assert sorted(film.name for film in tmp_path.iterdir()) == ["sequence_1.mp4", "sequence_2.mp4"]
    assert f"got the task {tasks[2]}" in row["error"]
