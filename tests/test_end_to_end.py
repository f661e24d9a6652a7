"""From nothing to a robot that is served: demonstrations, three stages of two steps, a server, an episode."""

import json
import math
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pytest
from served import HOST, running

import xr0_robot.sims  # noqa: F401 - chooses the GL library before anything imports MuJoCo
from xr0.checkpoints import folder as checkpoint
from xr0.cli import launch
from xr0.config import CAUSAL, FASTEST, WINDOWED
from xr0.policy import Policy
from xr0.recipes.bricks import __main__ as bricks
from xr0.recipes.bricks import settings
from xr0.recipes.settings import Given, StageSettings, Start
from xr0.serve.adapter import ServedPolicy
from xr0.train.settings import Execution
from xr0_robot.record.demos import record_demos

pytestmark = [pytest.mark.sim, pytest.mark.timeout(300)]


Settings = TypeVar("Settings", bound=StageSettings)


def brief(whole: Settings) -> Settings:
    return replace(
        whole, train=replace(whole.train, steps=2, warmup=1, batch=6, execution=Execution(validate_on=2))
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("run")
    record_demos("bricks", root / "demos", episodes=2, first_seed=700_000)
    given = Given((str(root / "demos"),))
    bricks.pretrain_choice(given, root / "choice", brief(settings.CHOICE))
    bricks.pretrain_flow(given, Start(f"{root}/choice/checkpoint"), root / "flow", brief(settings.FLOW))
    bricks.post_train(given, Start(f"{root}/flow/checkpoint"), root / "post", brief(settings.POST_TRAIN))
    return root


def test_stages_hand_on_one_vlm_and_change_the_contract(run: Path) -> None:
    choice, flow, post = (checkpoint.load(run / stage / "checkpoint") for stage in ("choice", "flow", "post"))
    assert (flow.contract, post.contract) == (CAUSAL, WINDOWED)
    for name, value in choice.vla.vlm.state_dict().items():
        assert value.equal(post.vla.vlm.state_dict()[name]), name
    assert not flow.vla.sink.weight.equal(post.vla.sink.weight)
    assert (run / "post/checkpoint/model.safetensors").stat().st_size < 30e6


def test_metrics_are_logged_and_finite(run: Path) -> None:
    for stage, names in {
        "choice": {"action", "words", "target"},
        "flow": {"loss"},
        "post": {"error"},
    }.items():
        rows = [json.loads(line) for line in (run / stage / "metrics.jsonl").read_text().splitlines()]
        assert [row["step"] for row in rows] == [0, 1, 1]
        assert names < set(rows[0])
        assert any(name.startswith("validation") for name in rows[2])
        assert all(math.isfinite(value) for row in rows for value in row.values())


def test_a_stage_refuses_data_that_its_start_was_not_trained_on(run: Path, tmp_path: Path) -> None:
    record_demos("bricks", tmp_path / "other", episodes=2, first_seed=700_010)
    given, start = Given((str(tmp_path / "other"),)), Start(f"{run}/choice/checkpoint")
    with pytest.raises(ValueError, match="was trained on data with statistics"):
        bricks.pretrain_flow(given, start, tmp_path / "flow", brief(settings.FLOW))


@contextmanager
def served_here(trained: Path, **_: Any) -> Iterator[str]:
    """A server that needs no process of its own to be ready."""
    with running(ServedPolicy(Policy.from_pretrained(trained, execution=FASTEST))) as port:
        yield f"ws://{HOST}:{port}"


def test_a_killed_robot_is_a_failure_that_keeps_its_episodes(run: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.json"

    def kill_the_first(*arguments: object) -> subprocess.Popen[bytes]:
        process = start(*arguments)  # type: ignore[arg-type]
        part: Path = arguments[3]  # type: ignore[assignment]
        while not part.exists() and process.poll() is None:
            time.sleep(0.05)
        os.kill(process.pid, signal.SIGKILL)
        return process

    start = launch._start_slice
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(launch, "_start_slice", kill_the_first)
        patch.setattr(launch, "server", served_here)
        status = launch.sliced_rollout(run / "post/checkpoint", ["--mode", "sync"], 50, 700_030, 1, out)
    assert status == 1
    found = json.loads(out.read_text())
    assert 1 <= len(found["rows"]) < 50
    assert found["episodes"] == len(found["rows"]) + len(found["missing_seeds"]) == 50


def test_a_checkpoint_that_is_not_there_is_one_line(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(RuntimeError, match="xr0 serve stopped before it served"):
        launch.sliced_rollout(tmp_path / "nothing", [], 1, 0, 1, tmp_path / "out.json")
    (line,) = capfd.readouterr().err.splitlines()
    assert line.startswith("xr0: ") and "no folder" in line
