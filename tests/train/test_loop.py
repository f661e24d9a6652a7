"""A run trains, averages its weights, refuses what cannot be right, and stops where it can go on."""

import json
import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest
import small_model
import torch
from small_run import HELD_OUT, HERE, SETTINGS, Regression, batches, run, with_execution
from torch import nn

from xr0.train.distributed import to_device, world
from xr0.train.loop import train
from xr0.types import Batch, LanguageBatch, VLMInputs


def logged(out: Path) -> list[dict]:
    return [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]


def learnt(out: Path) -> list[dict]:
    """What was logged, but for what depends on the clock."""
    return [{k: v for k, v in row.items() if k not in {"seconds", "data_wait"}} for row in logged(out)]


def trained(out: Path, settings=SETTINGS, made=batches) -> dict[str, torch.Tensor]:
    return train(Regression(), made, HELD_OUT, settings, HERE, run(out)).state_dict()


def assert_equal(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> None:
    assert one.keys() == other.keys()
    for name, value in one.items():
        assert torch.equal(value, other[name]), name


@pytest.mark.parametrize("ema", [0.0, 0.9])
def test_resuming_changes_neither_weights_nor_log(tmp_path: Path, ema: float) -> None:
    settings = replace(SETTINGS, ema=ema)
    whole = trained(tmp_path / "whole", settings)

    def stops(k: int) -> tuple[torch.Tensor]:
        if k == 4:
            raise KeyboardInterrupt
        return batches(k)

    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path / "halves", settings, stops)
    assert_equal(whole, trained(tmp_path / "halves", settings))
    assert learnt(tmp_path / "whole") == learnt(tmp_path / "halves")


def test_a_finished_run_comes_back_as_it_was(tmp_path: Path) -> None:
    def nothing(k: int) -> tuple[torch.Tensor]:
        raise AssertionError(f"asked for micro-batch {k}")

    settings = replace(SETTINGS, ema=0.9)
    assert_equal(trained(tmp_path, settings), trained(tmp_path, settings, nothing))


def test_half_a_line_at_the_end_of_the_log_is_dropped(tmp_path: Path) -> None:
    trained(tmp_path)
    rows = learnt(tmp_path)
    with (tmp_path / "metrics.jsonl").open("a") as file:
        file.write('{"step": 5, "lo')
    trained(tmp_path)
    assert learnt(tmp_path) == rows


def test_another_run_s_folder_is_refused_by_what_differs(tmp_path: Path) -> None:
    trained(tmp_path)
    with pytest.raises(ValueError, match=r"holds another run \(lr: 0.01 there, 0.02 here\)"):
        trained(tmp_path, replace(SETTINGS, lr=0.02))
    with pytest.raises(ValueError, match=r"\(data.start: a there, b here\)"):
        train(Regression(), batches, HELD_OUT, SETTINGS, HERE, run(tmp_path / "x", data={"start": "a"}))
        train(Regression(), batches, HELD_OUT, SETTINGS, HERE, run(tmp_path / "x", data={"start": "b"}))


def test_how_a_run_is_computed_may_change(tmp_path: Path) -> None:
    half = with_execution(SETTINGS, accumulate=2, save_every=1, log_every=5)

    def halves(k: int) -> tuple[torch.Tensor]:
        return (batches(k // 2)[0].chunk(2)[k % 2],)

    trained(tmp_path)
    assert_equal(trained(tmp_path), trained(tmp_path, half, halves))


class Noiseless(Regression):
    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"loss": (self.hidden(x) - x.flip(-1)).pow(2).mean()}


def test_micro_batches_add_up_to_their_batch(tmp_path: Path) -> None:
    settings = replace(SETTINGS, muon_lr=None)

    def halves(k: int) -> tuple[torch.Tensor]:
        return (batches(k // 2)[0].chunk(2)[k % 2],)

    whole = train(Noiseless(), batches, HELD_OUT, settings, HERE, run(tmp_path / "whole"))
    parts = with_execution(settings, accumulate=2)
    split = train(Noiseless(), halves, HELD_OUT, parts, HERE, run(tmp_path / "parts"))
    torch.testing.assert_close(whole.hidden.weight, split.hidden.weight, atol=1e-6, rtol=0)
    for one, other in zip(logged(tmp_path / "whole"), logged(tmp_path / "parts"), strict=True):
        assert one.get("loss", 0) == pytest.approx(other.get("loss", 0), abs=1e-6)


def test_the_average_of_the_weights_is_what_comes_out(tmp_path: Path) -> None:
    """Slow twin: the weights after each step, averaged by hand."""
    average = {name: value.clone() for name, value in Regression().state_dict().items()}
    for steps in range(1, 7):
        short = replace(SETTINGS, steps=steps, schedule="constant")
        now = trained(tmp_path / f"{steps}", short)
        average = {name: 0.9 * value + 0.1 * now[name] for name, value in average.items()}
    out = trained(tmp_path / "ema", replace(SETTINGS, schedule="constant", ema=0.9))
    for name, value in average.items():
        torch.testing.assert_close(out[name], value, atol=1e-6, rtol=0)


def test_a_gradient_that_is_not_finite_stops_the_run(tmp_path: Path) -> None:
    nan = torch.full((8, 4), float("nan"))
    with pytest.raises(RuntimeError, match=r"step 0: loss nan, gradient norm nan; samples of unknown origin"):
        trained(tmp_path, made=lambda k: (nan,))


class Robot(nn.Module):
    """Reads a batch's states, and says each sample's loss if told to."""

    def __init__(self, each: bool) -> None:
        super().__init__()
        self.scale, self.each = nn.Parameter(torch.ones(())), each

    def forward(self, batch: Batch) -> dict[str, torch.Tensor]:
        each = (self.scale * batch.state).flatten(1).sum(dim=1)
        return {"loss": each.mean(), **({"each": each.detach()} if self.each else {})}


@pytest.mark.parametrize(
    ("each", "value", "named"),
    [
        (True, float("inf"), "samples: set, episode 1, frame 0$"),
        (False, float("inf"), "samples: set, episode 0, frame 0; set, episode 1, frame 0$"),
    ],
)
def test_the_samples_of_a_loss_that_is_not_finite_are_named(
    tmp_path: Path, each: bool, value: float, named: str
) -> None:
    state = torch.ones(2, 1, 3)
    state[1, 0, 0] = value
    batch = Batch(
        small_model.inputs([small_model.row([5], 0), small_model.row([5], 1)]),
        state,
        torch.zeros(2, 3, 3),
        torch.ones(2, 3, 3),
        torch.arange(2),
        torch.tensor(0),
        ("set, episode 0, frame 0", "set, episode 1, frame 0"),
        torch.zeros(2).long(),
    )
    with pytest.raises(RuntimeError, match=named):
        train(Robot(each), lambda k: (batch,), (batch,), SETTINGS, HERE, run(tmp_path))


def test_a_parameter_that_the_loss_does_not_depend_on_is_named(tmp_path: Path) -> None:
    stage = Regression()
    stage.idle = nn.Linear(2, 2)
    with pytest.raises(RuntimeError, match=r"idle.weight is trained but the loss does not depend on it \(2"):
        train(stage, batches, HELD_OUT, SETTINGS, HERE, run(tmp_path))


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_run_behind_a_saved_step(
    tmp_path: Path, number: int, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(k: int) -> tuple[torch.Tensor]:
        if k == 1:
            os.kill(os.getpid(), number)
        return batches(k)

    with pytest.raises(SystemExit) as stopped:
        trained(tmp_path / "halves", made=interrupted)
    assert stopped.value.code == status
    assert "stopped after 2 steps" in capsys.readouterr().out
    handled = signal.getsignal(number)
    assert_equal(trained(tmp_path / "whole"), trained(tmp_path / "halves"))
    assert signal.getsignal(number) is handled
    assert learnt(tmp_path / "whole") == learnt(tmp_path / "halves")


def test_training_reduces_the_validation_loss(tmp_path: Path) -> None:
    held_out = (torch.randn(256, 4, generator=torch.Generator().manual_seed(99)),)
    settings = with_execution(replace(SETTINGS, steps=300), validate_every=100, save_every=300)
    train(Regression(), batches, held_out, settings, HERE, run(tmp_path))
    measured = [row["validation loss"] for row in logged(tmp_path) if "validation loss" in row]
    assert len(measured) == 3
    assert measured[-1] < measured[0]


def test_a_save_that_is_overdue_comes_before_its_turn(tmp_path: Path) -> None:
    def stops(k: int) -> tuple[torch.Tensor]:
        if k == 2:
            raise KeyboardInterrupt
        return batches(k)

    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path, with_execution(SETTINGS, save_every=100, save_minutes=1e-9), stops)
    assert [folder.name for folder in tmp_path.glob("state*")] == ["state-00000002"]


def test_frozen_weights_in_bf16_and_trained_ones_in_float32(tmp_path: Path) -> None:
    stage = nn.Sequential()
    stage.frozen, stage.hidden = nn.Linear(4, 4).requires_grad_(False), nn.Linear(4, 4)
    stage.forward = lambda x: {"loss": stage.hidden(stage.frozen(x)).float().pow(2).mean()}
    out = train(stage, batches, HELD_OUT, replace(SETTINGS, precision="bf16"), HERE, run(tmp_path))
    assert (out.frozen.weight.dtype, out.hidden.weight.dtype) == (torch.bfloat16, torch.float32)


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
