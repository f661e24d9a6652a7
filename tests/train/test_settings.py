"""Settings that cannot be meant are refused by name, with what was got and what was expected."""

from dataclasses import replace

import pytest

from xr0.train.settings import Execution, TrainSettings

SETTINGS = TrainSettings(steps=10, batch=12, lr=1e-3)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("steps", 0, "steps: got 0, expected >= 1"),
        ("batch", -1, "batch: got -1, expected >= 1"),
        ("lr", float("nan"), "lr: got nan, expected > 0"),
        ("muon_lr", 0.0, "muon_lr: got 0.0, expected > 0"),
        ("warmup", -1, "warmup: got -1, expected >= 0"),
        ("start_share", 2.0, "start_share: got 2.0, expected >= 0 and <= 1"),
        ("final_share", -0.1, "final_share: got -0.1, expected >= 0 and <= 1"),
        ("weight_decay", -0.1, "weight_decay: got -0.1, expected >= 0"),
        ("grad_clip", 0.0, "grad_clip: got 0.0, expected > 0"),
        ("ema", 1.0, "ema: got 1.0, expected >= 0 and < 1"),
        ("seed", -1, "seed: got -1, expected >= 0"),
    ],
)
def test_what_is_learnt_with(name: str, value: object, expected: str) -> None:
    with pytest.raises(ValueError, match=f"^{expected}$"):
        replace(SETTINGS, **{name: value})


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("accumulate", 0, "accumulate: got 0, expected >= 1"),
        ("save_every", 0, "save_every: got 0, expected >= 1"),
        ("save_minutes", 0.0, "save_minutes: got 0.0, expected > 0"),
        ("validate_every", 0, "validate_every: got 0, expected >= 1"),
        ("log_every", 0, "log_every: got 0, expected >= 1"),
        ("workers", -1, "workers: got -1, expected >= 0"),
    ],
)
def test_how_it_is_computed(name: str, value: object, expected: str) -> None:
    with pytest.raises(ValueError, match=f"^{expected}$"):
        Execution(**{name: value})


def test_muon_is_not_sharded() -> None:
    with pytest.raises(ValueError, match="Muon needs whole matrices"):
        replace(SETTINGS, muon_lr=0.02, execution=Execution(shard="fsdp"))


def test_a_batch_is_split_over_processes_and_micro_batches_or_refused() -> None:
    settings = replace(SETTINGS, execution=Execution(accumulate=2))
    assert settings.rows(processes=3) == 2
    with pytest.raises(ValueError, match="batch 12: cannot be split over 4 processes x accumulate 2"):
        settings.rows(processes=4)


def test_the_execution_is_no_part_of_what_a_run_is() -> None:
    assert SETTINGS.identity() == replace(SETTINGS, execution=Execution(shard="fsdp", workers=4)).identity()
    assert SETTINGS.identity() != replace(SETTINGS, ema=0.9).identity()
