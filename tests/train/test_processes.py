"""However a batch is split over processes and shards, a run learns the same and can go on elsewhere."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import small_model
import torch
from small_run import run

from xr0.train.distributed import world
from xr0.train.loop import train
from xr0.train.post_train import PostTrainStage
from xr0.train.prefixes import PAPER
from xr0.train.settings import Execution, TrainSettings
from xr0.train.trainable import select
from xr0.types import Batch

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]
"""On busy cores an interpreter needs a minute to start; the common limit of 120 s is the
likeliest reason, not a shown one, why a test of two processes once failed."""

BATCH, HORIZON, STEPS, HALF = 8, 10, 6, 3


def samples(first: int, count: int) -> Batch:
    """So many samples from number `first` on, each a pure function of its number; horizons differ."""
    numbers = range(first, first + count)
    made = [torch.Generator().manual_seed(i) for i in numbers]
    mask = torch.ones(count, HORIZON, 32)
    for row, i in enumerate(numbers):
        mask[row, HORIZON - i % 4 :] = 0
    return Batch(
        small_model.inputs([small_model.row([5, 6 + i % 9], i) for i in numbers]),
        torch.stack([torch.randn(1, 32, generator=g) for g in made]),
        torch.stack([torch.randn(HORIZON, 32, generator=g) for g in made]),
        mask,
        torch.tensor(numbers),
        torch.tensor(0),
        tuple(f"sample {i}" for i in numbers),
        torch.zeros(count).long(),
    )


def expert() -> PostTrainStage:
    """Stage 3, which runs the model without a graph (VLM, rollout) before it runs it with one."""
    vla = small_model.build().train()
    select(vla, "expert")
    return PostTrainStage(vla, PAPER, frequency_weight=1.0)


def train_here(out: Path, steps: int, execution: Execution) -> None:
    """Train on this process, one of those of torchrun; the weights go to out/final.pt at the end."""
    settings = TrainSettings(STEPS, BATCH, lr=1e-3, warmup=2, weight_decay=0.1, ema=0.5, execution=execution)
    with world() as here:
        rows = settings.rows(here.size)

        def batches(k: int) -> tuple[Batch]:
            step, micro = divmod(k, execution.accumulate)
            if step == steps:
                raise KeyboardInterrupt
            return (samples(step * BATCH + (micro * here.size + here.rank) * rows, rows),)

        done = train(expert(), batches, (samples(1000, 4),), settings, here, run(out))
        if here.main:
            torch.save(done.state_dict(), out / "final.pt")


def start(out: Path, processes: int, shard: str, steps: int = STEPS, accumulate: int = 1) -> None:
    """A run, or its first `steps` steps, in processes of its own."""
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    command = [sys.executable, *torchrun, __file__, str(out), str(steps), shard, str(accumulate)]
    done = subprocess.run(
        command, env={**os.environ, "OMP_NUM_THREADS": "1"}, capture_output=True, text=True, check=False
    )
    assert (done.returncode == 0) == (steps == STEPS), done.stderr[-3000:]


def losses(out: Path) -> list[float]:
    rows = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    return [row.get("loss", row.get("validation loss")) for row in rows]


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("alone")
    start(out, processes=1, shard="ddp")
    return out


def assert_same(out: Path, alone: Path) -> None:
    assert losses(out) == pytest.approx(losses(alone), abs=1e-5)
    assert len(losses(out)) == STEPS + STEPS // HALF
    ours, theirs = (torch.load(folder / "final.pt", weights_only=True) for folder in (out, alone))
    fresh = expert().state_dict()
    assert ours.keys() == theirs.keys() == fresh.keys()
    for name, value in ours.items():
        torch.testing.assert_close(value, theirs[name], atol=1e-5, rtol=0)
        frozen = name.startswith("vla.vlm.")
        assert torch.equal(value, fresh[name]) == frozen, name


@pytest.mark.parametrize("shard", ["ddp", "fsdp"])
def test_two_processes_learn_what_one_learns(shard: str, alone: Path, tmp_path: Path) -> None:
    start(tmp_path, processes=2, shard=shard)
    assert_same(tmp_path, alone)


@pytest.mark.parametrize(
    ("first", "then"),
    [((2, "fsdp"), (1, "ddp")), ((1, "ddp"), (2, "fsdp")), ((2, "ddp"), (2, "fsdp"))],
)
def test_a_run_goes_on_with_other_processes(
    first: tuple[int, str], then: tuple[int, str], alone: Path, tmp_path: Path
) -> None:
    start(tmp_path, *first, steps=HALF + 1)
    assert len(losses(tmp_path)) == HALF + 2
    start(tmp_path, *then)
    assert_same(tmp_path, alone)


def test_micro_batches_on_two_shards_add_up(tmp_path: Path) -> None:
    """Four micro-batches of two, then of one sample a process: the same four global ones."""
    for out, processes, shard, accumulate in (
        (tmp_path / "one", 1, "ddp", 4),
        (tmp_path / "two", 2, "ddp", 4),
        (tmp_path / "fsdp", 2, "fsdp", 4),
    ):
        start(out, processes, shard, accumulate=accumulate)
    for name in ("two", "fsdp"):
        assert_same(tmp_path / name, tmp_path / "one")


if __name__ == "__main__":
    out, steps, shard, accumulate = sys.argv[1:]
    every = {"log_every": 1, "save_every": HALF, "validate_every": HALF}
    train_here(Path(out), int(steps), Execution(int(accumulate), shard, **every))
