"""A run that was stopped and goes on ends where an uninterrupted one ends, bit for bit."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from xr0.train import loop
from xr0.train.distributed import World, to_device, world
from xr0.train.optim import OptimSettings
from xr0.types import LanguageBatch, VLMInputs

SETTINGS = OptimSettings(steps=6, warmup=2, muon_lr=0.02, adamw_lr=1e-2, weight_decay=0.0, grad_clip=1.0)
HERE = World(0, 1, torch.device("cpu"))
HELD_OUT = (torch.ones(4, 4),)


class Regression(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.hidden = nn.Linear(4, 4)

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        noise = torch.randn_like(x)
        return {"loss": (self.hidden(x + noise) - x.flip(-1)).pow(2).mean()}


def batches(step: int) -> tuple[torch.Tensor]:
    return (torch.randn(8, 4, generator=torch.Generator().manual_seed(step)),)


def run(out: Path, identity: str = "a") -> loop.Run:
    return loop.Run(out, seed=3, identity=identity, watched="loss")


def logged(out: Path) -> list[dict]:
    rows = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    return [{k: v for k, v in row.items() if k != "seconds"} for row in rows]


def test_resuming_changes_neither_weights_nor_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "SAVE_EVERY", 3)
    monkeypatch.setattr(loop, "LOG_EVERY", 1)
    whole, halves, again = Regression(), Regression(), Regression()
    loop.train(whole, batches, HELD_OUT, SETTINGS, HERE, run(tmp_path / "whole"))

    def stops(step: int) -> tuple[torch.Tensor]:
        if step == 4:
            raise KeyboardInterrupt
        return batches(step)

    with pytest.raises(KeyboardInterrupt):
        loop.train(halves, stops, HELD_OUT, SETTINGS, HERE, run(tmp_path / "halves"))
    loop.train(again, batches, HELD_OUT, SETTINGS, HERE, run(tmp_path / "halves"))
    for name, value in whole.state_dict().items():
        assert torch.equal(value, again.state_dict()[name]), name
    assert logged(tmp_path / "whole") == logged(tmp_path / "halves")


def test_another_run_s_folder_is_refused(tmp_path: Path) -> None:
    loop.train(Regression(), batches, HELD_OUT, SETTINGS, HERE, run(tmp_path))
    with pytest.raises(ValueError, match="holds a run with other settings"):
        loop.train(Regression(), batches, HELD_OUT, SETTINGS, HERE, run(tmp_path, identity="b"))


def test_a_gradient_that_is_not_finite_stops_the_run(tmp_path: Path) -> None:
    nan = torch.full((8, 4), float("nan"))
    with pytest.raises(RuntimeError, match="step 0: gradient norm is nan"):
        loop.train(Regression(), lambda step: (nan,), HELD_OUT, SETTINGS, HERE, run(tmp_path))


def test_training_reduces_the_validation_loss(tmp_path: Path) -> None:
    held_out = (torch.randn(256, 4, generator=torch.Generator().manual_seed(99)),)
    loop.train(Regression(), batches, held_out, replace(SETTINGS, steps=300), HERE, run(tmp_path))
    measured = [row["validation loss"] for row in logged(tmp_path) if "validation loss" in row]
    assert len(measured) == 3
    assert measured[-1] < measured[0]


def test_everything_a_stage_takes_can_move() -> None:
    inputs = VLMInputs(
        torch.ones(1, 2).long(), torch.ones(1, 2).long(), torch.ones(3, 4), torch.ones(1, 3).long()
    )
    given = (LanguageBatch(inputs, torch.ones(1, 2).bool()), torch.ones(2), ("frame 3",), None)
    moved = to_device(given, torch.device("meta"))
    assert moved[0].inputs.pixel_values.is_meta
    assert moved[0].answer.is_meta
    assert moved[1].is_meta
    assert moved[2:] == (("frame 3",), None)


def test_without_torchrun_a_process_is_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WORLD_SIZE", "RANK", "LOCAL_RANK"):
        monkeypatch.delenv(name, raising=False)
    with world() as here:
        assert (here.rank, here.size, here.main) == (0, 1, True)
        module = nn.Linear(2, 2)
        assert here.wrap(module) is module


def two_processes(out: Path) -> None:
    """Under torchrun: each process draws its own batches, as training does."""
    with world() as here:

        def own(step: int) -> tuple[torch.Tensor]:
            return (torch.randn(8, 4, generator=torch.Generator().manual_seed(100 * step + here.rank)),)

        stage = Regression()
        loop.train(stage, own, HELD_OUT, SETTINGS, here, run(out))
        torch.save(stage.state_dict(), out / f"rank-{here.rank}.pt")


@pytest.mark.slow
def test_two_processes_end_with_the_same_weights(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    subprocess.run(
        [*command, __file__, str(tmp_path)], check=True, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )
    ranks = [torch.load(tmp_path / f"rank-{r}.pt", weights_only=True) for r in range(2)]
    fresh = Regression().state_dict()
    for name, value in ranks[0].items():
        assert torch.equal(value, ranks[1][name]), name
        assert not torch.equal(value, fresh[name]), name


if __name__ == "__main__":
    two_processes(Path(sys.argv[1]))
