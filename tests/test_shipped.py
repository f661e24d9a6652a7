"""What the repository ships: weights that do what they are for, and numbers that were measured on them."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from served import HOST, running

import xr0_robot.sims  # noqa: F401 - chooses the GL library before anything imports MuJoCo
from xr0.checkpoints import tensors, weights
from xr0.cli import launch
from xr0.config import FASTEST
from xr0.policy import Policy
from xr0.serve.adapter import ServedPolicy
from xr0.touch import scores, task
from xr0.touch.groups import Group
from xr0.touch.jobs import Job, Networks, run_job
from xr0.touch.predictor import Predictor
from xr0_robot.cli import main as robot

ROOT = Path(__file__).resolve().parents[1]
CHECKPOINTS, RESULTS, RUNS = ROOT / "checkpoints", ROOT / "results", ROOT / "runs"
SEEDS, EPISODES = task.TUNING_SEEDS, 24


def read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text())


def fingerprint(name: str) -> str:
    return weights.fingerprint(tensors.files(tensors.find(CHECKPOINTS / name)))


def table_policy(path: Path) -> str:
    """Which of the two policies of the brick table a result is of."""
    return "tiny_lambda" if "_lambda_" in path.name else "tiny"


@pytest.mark.parametrize("name", ["tiny", "tiny_lambda", "tactile"])
def test_the_card_speaks_of_these_weights(name: str) -> None:
    assert read(CHECKPOINTS / name / "model_card.json")["fingerprint"] == fingerprint(name)


@pytest.mark.parametrize(
    ("name", "path", "where"),
    [
        *((table_policy(path), path, "checkpoint") for path in sorted((RESULTS / "tiny").glob("*ms*.json"))),
        *(("tactile", path, "checkpoint") for path in sorted((RESULTS / "tactile").glob("report*.json"))),
        ("tactile", RESULTS / "tactile/insertion.json", "network"),
    ],
    ids=lambda value: value.name if isinstance(value, Path) else "",
)
def test_results_were_measured_on_these_weights(name: str, path: Path, where: str) -> None:
    assert read(path)["settings"][where]["fingerprint"] == fingerprint(name)


@pytest.mark.parametrize(("script", "folder"), [("tiny_table.py", "tiny"), ("tactile_table.py", "tactile")])
def test_the_reports_and_the_readme_are_of_the_results(script: str, folder: str, tmp_path: Path) -> None:
    report, readme = RESULTS / folder / "README.md", ROOT / "README.md"
    (tmp_path / "README.md").write_text(readme.read_text())
    written = [tmp_path / "report.md", tmp_path / "README.md"]
    subprocess.run([sys.executable, RUNS / script, RESULTS / folder, *written], check=True)
    assert [path.read_text() for path in written] == [report.read_text(), readme.read_text()]


def test_the_latency_report_is_that_of_the_results(tmp_path: Path) -> None:
    script, written = RUNS / "latency_table.py", tmp_path / "report.md"
    subprocess.run([sys.executable, script, RESULTS / "cpu", written], check=True)
    assert written.read_text() == (RESULTS / "cpu" / "README.md").read_text()


def test_the_fingertips_sigma_is_the_one_that_was_reported() -> None:
    report = read(RESULTS / "tactile" / "report_8000000.json")
    loaded = Predictor.from_pretrained(CHECKPOINTS / "tactile").sigma_scale.tolist()
    assert loaded == report["settings"]["checkpoint"]["sigma_scale"]
    assert loaded != [1.0] * 6


def test_fingertips_refine_parts_of_families_they_never_felt() -> None:
    seeds = tuple(range(SEEDS[0], SEEDS[0] + EPISODES))
    group = Group("held_out", "held_out", compared=False)
    shapes = tuple(task.held_out_shape(seed) for seed in seeds)
    networks = Networks(CHECKPOINTS / "tactile")
    job = Job(group, seeds[0], seeds, shapes, networks)
    found = scores.summary(run_job(job)["network"])
    assert found["unrefined_5deg_1mm"] < 0.2
    assert found["success_5deg_1mm"] > 0.7


@pytest.mark.sim
@pytest.mark.timeout(300)
def test_the_policy_obeys_and_whoever_serves_it_does_so_to_the_last_number(tmp_path: Path) -> None:
    """By `xr0 serve` and a robot in processes of their own, and by a server and a robot in this one."""
    apart, here = tmp_path / "apart.json", tmp_path / "here.json"
    options = ["--mode", "async", "--latency-ms", "100"]
    assert launch.sliced_rollout(CHECKPOINTS / "tiny", options, 2, SEEDS[0], 1, apart) == 0
    assert read(apart)["successes"] >= 1
    policy = Policy.from_pretrained(CHECKPOINTS / "tiny", execution=FASTEST)
    with one_thread(), running(ServedPolicy(policy)) as port:
        where = ["--url", f"ws://{HOST}:{port}", "--json", str(here)]
        seeds = ["--first-seed", str(SEEDS[0]), "--episodes", "2"]
        assert robot(["rollout", *options, *where, *seeds]) == 0
    rows = read(here)["rows"]
    assert rows == read(apart)["rows"]
    assert rows[0]["latencies_ms"][0] == pytest.approx(100.0)


@contextmanager
def one_thread() -> Iterator[None]:
    """As `xr0 serve` computes."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
