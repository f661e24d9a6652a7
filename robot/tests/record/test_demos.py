"""Demonstrations: successful expert episodes, the same whatever the number of processes."""

import json

import numpy as np
import pytest

pytest.importorskip("mujoco", reason="demonstrations need the extra `sim`")
pytest.importorskip("av", reason="recording needs the extra `record`")
pytest.importorskip("pyarrow", reason="recording needs the extra `record`")

import pyarrow.parquet as pq

from xr0_robot.cli import main
from xr0_robot.record import demos as recorder
from xr0_robot.record.demos import record_demos
from xr0_robot.sims.brick_table.demonstrator import BrickDemonstrator
from xr0_robot.sims.bricks.world import open_table
from xr0_robot.sims.bricks_joints.embodiment import BRICKS_JOINTS
from xr0_robot.types import Embodiment

FIRST_SEED = 4_000_000


@pytest.mark.sim
def test_workers_change_nothing_and_the_answers_are_on_file(tmp_path):
    demos = record_demos("bricks", tmp_path / "two", episodes=2, first_seed=FIRST_SEED, workers=2)
    assert record_demos("bricks", tmp_path / "one", episodes=2, first_seed=FIRST_SEED, workers=1) == demos
    numbers = []
    for name in ("one", "two"):
        tables = [pq.read_table(path) for path in sorted((tmp_path / name).glob("data/*/*.parquet"))]
        numbers.append([row for table in tables for row in table.to_pylist()])
    assert numbers[0] == numbers[1]
    kept = [demo for demo in demos if demo.success]
    assert len(numbers[0]) == sum(demo.ticks for demo in kept)
    assert len(json.loads((tmp_path / "one/meta/demos.json").read_text())) == 2
    talk = (tmp_path / "one/vl/conversations.jsonl").read_text()
    assert talk == (tmp_path / "two/vl/conversations.jsonl").read_text()
    assert {json.loads(line)["id"].split("-")[0] for line in talk.splitlines()} == {str(d.seed) for d in kept}
    actions = np.array([row["action"] for row in numbers[0]])
    assert actions.shape[1] == 7 and np.abs(np.diff(actions[-8:], axis=0)).max() < 1e-2  # ends at rest


class SimulatorError(Exception):
    """As MuJoCo's own are: of no narrower kind."""


class InThisProcess:
    """A pool that sees the patched world."""

    def __init__(self, *_, **__): ...

    __enter__, __exit__, map = (lambda self: self), (lambda *_: None), staticmethod(map)


@pytest.mark.sim
def test_a_seed_that_raises_is_dropped_with_its_reason_and_costs_no_other(tmp_path, monkeypatch, capsys):
    class Troubled(BrickDemonstrator):
        def begin(self, seed):
            self.seed = seed
            return super().begin(seed)

        def act(self):
            if self.seed == FIRST_SEED + 1 and self.env.tick == 20:
                raise SimulatorError("unstable")
            return super().act()

    monkeypatch.setattr(recorder, "open_demonstrator", lambda world: Troubled(open_table("trained")))
    monkeypatch.setattr(recorder, "ProcessPoolExecutor", InThisProcess)
    out = tmp_path / "demos"
    assert (
        main(["record", str(out), "--episodes", "3", "--first-seed", str(FIRST_SEED), "--workers", "1"]) == 0
    )
    attempts = json.loads((out / "meta/demos.json").read_text())
    assert [attempt["success"] for attempt in attempts] == [True, False, True]
    assert [attempt["error"] for attempt in attempts] == [None, "SimulatorError: unstable", None]
    rows = [row for path in out.glob("data/*/*.parquet") for row in pq.read_table(path).to_pylist()]
    assert len(rows) == attempts[0]["ticks"] + attempts[2]["ticks"]
    printed = capsys.readouterr().out.splitlines()
    assert printed[-1] == f"seed {FIRST_SEED + 1} was dropped: SimulatorError: unstable"
    assert "2 episodes" in printed[-2] and "failed on 0 seeds" in printed[-2]


@pytest.mark.sim
def test_of_a_benchmark_as_many_of_each_task_are_kept_as_are_wanted(tmp_path, monkeypatch, capsys):
    """Seeds that the expert fails on are replaced by further ones, up to a bound."""
    fails = {"libero_object/3": {50, 52}, "libero_object/7": set(range(50, 55))}

    class Task(BrickDemonstrator):
        def __init__(self, name, task, pixels, look):
            assert (name, pixels, look) == ("libero", 64, "plain")
            super().__init__(open_table("trained"))
            self.fails = fails[task]

        def begin(self, seed):
            if seed in self.fails:
                raise SimulatorError("unstable")
            return super().begin(FIRST_SEED + seed % 2)

    monkeypatch.setattr(recorder, "BenchmarkDemonstrator", Task)
    monkeypatch.setattr(recorder, "ProcessPoolExecutor", InThisProcess)
    out = tmp_path / "demos"
    asked = ["--world", "libero", "--episodes", "2", "--pixels", "64", "--look", "plain", "--tasks", *fails]
    assert main(["record", str(out), *asked]) == 0
    attempts = json.loads((out / "meta/demos.json").read_text())
    seeds = {task: [demo["seed"] for demo in attempts if demo["task"] == task] for task in fails}
    assert seeds == {"libero_object/3": [50, 51, 52, 53], "libero_object/7": [50, 51, 52, 53]}
    kept = [(demo["task"], demo["seed"]) for demo in attempts if demo["success"]]
    assert kept == [("libero_object/3", 51), ("libero_object/3", 53)]
    printed = capsys.readouterr().out
    assert "libero_object/3: 2 of 2 episodes, from 4 seeds\n" in printed
    assert "libero_object/7: 0 of 2 episodes, from 4 seeds\n" in printed
    assert json.loads((out / "meta/info.json").read_text())["total_episodes"] == 2


@pytest.mark.sim
def test_nothing_is_left_where_recording_is_refused(tmp_path):
    (tmp_path / "there").mkdir()
    with pytest.raises(FileExistsError, match="there: it exists already"):
        record_demos("bricks", tmp_path / "there", episodes=1, first_seed=0)
    with pytest.raises(ValueError, match="got 0 episodes and 1 workers"):
        record_demos("bricks", tmp_path / "new", episodes=0, first_seed=0)
    assert [path.name for path in tmp_path.iterdir()] == ["there"]


@pytest.mark.sim
def test_another_robot_is_recorded_in_its_own_numbers(tmp_path):
    record_demos("bricks_joints", tmp_path / "demos", episodes=1, first_seed=FIRST_SEED)
    info = json.loads((tmp_path / "demos/meta/info.json").read_text())
    assert (info["fps"], info["robot_type"]) == (20, "bricks_joints")
    assert info["features"]["observation.images.front"]["shape"] == [128, 160, 3]
    rows = [r for p in (tmp_path / "demos").glob("data/*/*.parquet") for r in pq.read_table(p).to_pylist()]
    actions, states = (np.array([row[name] for row in rows]) for name in ("action", "observation.state"))
    assert actions.shape[1] == states.shape[1] == 6
    assert np.abs(states[5:, :5] - actions[3:-2, :5]).max() < 0.2  # what is told is measured soon after
    robot = Embodiment.from_dict(json.loads((tmp_path / "demos/meta/embodiment.json").read_text()))
    assert robot == BRICKS_JOINTS
