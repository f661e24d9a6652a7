"""Benchmarks as data: their tables' tasks, and which of them a command line means."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from xr0_robot.executor.safety import Safety
from xr0_robot.sims.benchmark import open_env, open_protocol
from xr0_robot.sims.metaworld.sentences import MT10, sentence
from xr0_robot.types import Camera
from xr0_robot.worlds import BENCHMARKS, PUBLISHED


@pytest.mark.parametrize("name", [*BENCHMARKS, *PUBLISHED.values()])
def test_a_benchmark_is_whole(name):
    protocol = open_protocol(name)
    assert len({task.name for task in protocol.tasks}) == len(protocol.tasks)
    assert set(protocol.groups) <= {task.group for task in protocol.tasks}
    assert set(protocol.limits) == {segment.name for segment in protocol.robot.segments}
    protocol.check(protocol.first_seed + protocol.episodes - 1, "official")
    assert all(task.ticks >= protocol.execute_horizon for task in protocol.tasks)


def test_meta_world_s_groups_are_those_of_the_published_tables():
    protocol = open_protocol("metaworld")
    groups = Counter(task.group for task in protocol.select(()))
    assert groups == {"easy": 28, "medium": 11, "hard": 6, "very_hard": 5}
    told = [sentence(task.name) for task in protocol.tasks]
    assert len(set(told)) == 49  # push and push-back are told the same
    assert {task.ticks for task in protocol.tasks} == {500}


def test_tasks_are_chosen_by_name_group_or_set_and_each_once():
    protocol = open_protocol("metaworld")
    names = [task.name for task in protocol.select(["very_hard", "mt10", "push-v3"])]
    assert len(names) == 15 and {*MT10, "stick-pull-v3"} < set(names)
    with pytest.raises(ValueError, match=r"got 'push-v2', expected tasks of metaworld, or easy, medium"):
        protocol.select(["push-v3", "push-v2"])
    with pytest.raises(ValueError, match="look: got 'dark', expected one of official, plain"):
        protocol.check(0, "dark")
    with pytest.raises(ValueError, match="seed: got -1, expected 0 to "):
        protocol.check(-1, "plain")


def test_pictures_have_the_size_that_the_policy_was_made_for():
    protocol = open_protocol("metaworld")
    small = replace(protocol.robot, cameras=(Camera("corner2", "Base View", 128, 96),))
    assert protocol.robot_for(small) == small
    assert protocol.size(small.cameras[0]) == (128, 96)
    any_size = protocol.robot_for(protocol.robot)
    assert any_size == protocol.robot  # as the policy's, or it would not be let near it
    assert protocol.size(any_size.cameras[0]) == (480, 480)


def test_what_is_beyond_the_controller_s_input_is_not_sent():
    """A motion may be any within the box, a gripper may jump from open to closed; no more."""
    protocol = open_protocol("metaworld")
    safety = Safety(protocol.sized(8, 8), protocol.limits)
    safety.reset(np.array([0.0, 0.6, 0.2, 1.0]))
    assert safety.check(np.array([1.0, -1.0, 0.5, 1.0])).command.tolist() == [1.0, -1.0, 0.5, 1.0]
    assert safety.check(np.array([3.0, -2.0, 0.0, -5.0])).command.tolist() == [1.0, -1.0, 0.0, -1.0]


def test_liberos_protocol_is_the_released_clients():
    """220, 280, 300 and 520 steps, 50 initial states, ten tasks a suite, ten commands between questions."""
    protocol = open_protocol("libero")
    tasks = protocol.select(())
    assert {task.group: task.ticks for task in tasks} == {
        "libero_spatial": 220,
        "libero_object": 280,
        "libero_goal": 300,
        "libero_10": 520,
    }
    assert (len(tasks), protocol.episodes, protocol.execute_horizon) == (40, 50, 10)
    assert [camera.rotate for camera in protocol.robot.cameras] == [180, 180]
    assert [task.name for task in protocol.select(["libero_goal/3"])] == ["libero_goal/3"]
    assert len(protocol.select(["libero_pro"])) == 160 and len(protocol.select(["libero_90"])) == 90
    with pytest.raises(ValueError, match="seed: got 50, expected 0 to 49 for libero"):
        protocol.check(50, "official")


def test_calvins_protocol_is_the_official_one():
    """1000 sequences of five tasks, 360 steps each, pictures of 200 and 84 px."""
    protocol = open_protocol("calvin")
    assert (protocol.episodes, protocol.legs, protocol.execute_horizon) == (1000, 5, 10)
    assert [task.ticks for task in protocol.select(())] == [360]
    assert [camera.size for camera in protocol.scaled(None).cameras] == [(200, 200), (84, 84)]
    assert [camera.size for camera in protocol.scaled(100).cameras] == [(100, 100), (100, 100)]
    assert protocol.robot_for(protocol.robot) == protocol.robot


def test_a_missing_simulator_is_one_line_with_the_command_that_makes_it():
    try:
        import metaworld  # noqa: F401
    except ModuleNotFoundError:
        robot = open_protocol("metaworld").sized(8, 8)
        with pytest.raises(RuntimeError, match=r"metaworld: .*make its environment: runs/sims/metaworld\.sh"):
            open_env("metaworld", "reach-v3", robot, "plain")
    with pytest.raises(
        ValueError, match="benchmark: got 'nowhere', expected one of aloha, calvin, libero, metaworld"
    ):
        open_protocol("nowhere")


def test_simplerenvs_protocol_is_the_published_one():
    """24 scenes of four tasks, 60 ticks at 5 Hz, 120 for the eggplant, four commands between questions."""
    protocol = open_protocol("simpler")
    ticks = {task.name: task.ticks for task in protocol.select(())}
    assert ticks == {"spoon": 60, "carrot": 60, "stack": 60, "eggplant": 120}
    assert (protocol.episodes, protocol.execute_horizon, protocol.robot.rate_hz) == (24, 4, 5.0)
    assert protocol.scaled(None) == protocol.robot
    with pytest.raises(ValueError, match="got 'coke', expected tasks of widowx"):
        protocol.select(["coke"])
