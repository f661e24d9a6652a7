"""LeRobot's own commands, as their users type them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import torch
from shipped import TINY

from xr0.checkpoints import folder as checkpoints
from xr0.checkpoints.weights import state_dict
from xr0_robot.sims.world import open_world

HERE = Path(__file__).parent
SEED = 300_001


def lerobot(command: str, *options: str, cwd: Path, **variables: str) -> str:
    env = os.environ | {"PYTHONPATH": str(HERE), "OMP_NUM_THREADS": "1"} | variables
    done = subprocess.run(
        [Path(sys.executable).with_name(command), *options],
        cwd=cwd,
        env=env,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stderr


def test_train_saves_what_it_learnt_and_goes_on(dataset, tmp_path):
    given = (f"--dataset.root={dataset}", "--dataset.repo_id=local/bricks", "--num_workers=0")
    new = (f"--policy.checkpoint={TINY}", "--policy.stats=data", "--policy.push_to_hub=false")
    learnt = ("--policy.type=xr0", *new, "--batch_size=2", "--steps=2", "--log_freq=1", "--output_dir=out")
    lerobot("lerobot-train", *learnt, *given, cwd=tmp_path)
    saved = tmp_path / "out/checkpoints/000002/pretrained_model"
    before, after = (state_dict(checkpoints.load(folder).vla) for folder in (TINY, saved / "xr0"))
    changed = {name for name, value in after.items() if not torch.equal(value, before[name])}
    assert changed
    assert not any(name.startswith("vlm.") for name in changed)
    lerobot(
        "lerobot-train",
        "--resume=true",
        f"--config_path={saved / 'train_config.json'}",
        "--steps=3",
        cwd=tmp_path,
    )
    further = state_dict(checkpoints.load(tmp_path / "out/checkpoints/000003/pretrained_model/xr0").vla)
    assert any(not torch.equal(further[name], after[name]) for name in changed)


def test_eval_finds_that_the_shipped_policy_does_its_task(exported, tmp_path):
    lerobot(
        "lerobot-eval",
        f"--policy.path={exported}",
        "--env.discover_packages_path=brick_table_plugin",
        "--env.type=xr0_bricks",
        "--eval.n_episodes=2",
        "--eval.batch_size=1",
        f"--seed={SEED}",
        "--output_dir=out",
        cwd=tmp_path,
    )
    told = json.loads((tmp_path / "out/eval_info.json").read_text())["overall"]
    assert (told["pc_success"], told["n_episodes"]) == (100.0, 2)


def test_rollout_does_the_task_while_it_thinks(exported, tmp_path):
    task = open_world("bricks", "trained").env.reset(SEED)
    said = lerobot(
        "lerobot-rollout",
        "--strategy.type=base",
        f"--policy.path={exported}",
        "--robot.discover_packages_path=brick_table_plugin",
        "--robot.type=xr0_bricks",
        f"--robot.seed={SEED}",
        "--inference.type=rtc",
        "--inference.rtc.execution_horizon=30",
        "--inference.queue_threshold=20",
        "--fps=8",
        f"--task={task}",
        "--duration=18",
        "--return_to_initial_position=false",
        cwd=tmp_path,
        BRICK_TABLE_TALLY=str(tmp_path / "tally.json"),
    )
    tally = json.loads((tmp_path / "tally.json").read_text())
    assert "RTC inference error" not in said
    assert tally["succeeded"], f"{len(tally['commands'])} commands"
