"""Golden tensors of the official model: ours equals them, and what is not equal is found."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from xr0.bench import parity

CASES = ["a_one_view", "a_two_views_padded_batch", "b_no_prefix", "b_prefix_3"]


@pytest.fixture
def copy(golden_dir: Path, tmp_path: Path) -> Path:
    """One case and no images: quick to change."""
    for name in ("config.json", "model.safetensors", "b_prefix_3.safetensors"):
        shutil.copyfile(golden_dir / name, tmp_path / name)
    about = json.loads((golden_dir / "cases.json").read_text())["b_prefix_3"]
    (tmp_path / "cases.json").write_text(json.dumps({"b_prefix_3": about}))
    return tmp_path


def test_every_quantity_of_every_case_matches(golden_dir: Path) -> None:
    found = parity.check(golden_dir)
    assert [error for error in found if not error.passed] == []
    report = parity.report(golden_dir, found)
    assert report["passed"]
    for case in CASES:
        quantities = set(report["cases"][case])
        assert {f"velocity.{k}" for k in range(5)} <= quantities
        assert {f"context.{i}.{part}" for i in range(6) for part in ("key", "value")} <= quantities
        assert {"context_position_ids", "dit_position_ids", "dit_attention_mask", "actions"} <= quantities


@pytest.mark.parametrize(
    "quantity", ["out.context.3.key", "out.velocities", "out.actions", "out.dit_position_ids"]
)
def test_a_golden_number_off_by_more_than_the_tolerance_is_found(copy: Path, quantity: str) -> None:
    path = copy / "b_prefix_3.safetensors"
    golden = load_file(path)
    flat = golden[quantity].flatten()
    flat[len(flat) // 2] += 1 if not flat.is_floating_point() else 1e-4 * float(flat.abs().max())
    save_file(golden, path)
    wrong = [error.quantity for error in parity.check(copy) if not error.passed]
    assert len(wrong) == 1
    assert wrong[0].split(".")[0] in {"context", "velocity", "actions", "dit_position_ids"}


@pytest.mark.parametrize("change", [{"window": 3}, {"offset": 9}, {"prefix_length": 2}])
def test_another_contract_does_not_match(copy: Path, change: dict) -> None:
    cases = json.loads((copy / "cases.json").read_text())
    cases["b_prefix_3"] |= change
    (copy / "cases.json").write_text(json.dumps(cases))
    assert not all(error.passed for error in parity.check(copy))


def test_rounded_rotary_frequencies_are_another_model(copy: Path) -> None:
    cases = json.loads((copy / "cases.json").read_text())
    cases["b_prefix_3"]["rounded_rope"] = True
    (copy / "cases.json").write_text(json.dumps(cases))
    errors = {error.quantity: error for error in parity.check(copy)}
    assert errors["context_position_ids"].passed
    assert not errors["context.5.key"].passed
    assert errors["actions"].relative > 1e-4


def test_a_batch_padded_on_the_left_matches_as_well(golden_dir: Path, tmp_path: Path) -> None:
    """The golden batch, turned: real tokens keep their keys, values and positions; so do all actions."""
    golden = load_file(golden_dir / "a_two_views_padded_batch.safetensors")
    shift = [int((row == 0).sum()) for row in golden["in.attention_mask"]]
    assert any(shift)

    def turned(value: torch.Tensor, batch_dim: int, length_dim: int) -> torch.Tensor:
        rows = [v.roll(n, length_dim - 1) for v, n in zip(value.unbind(batch_dim), shift, strict=True)]
        return torch.stack(rows, batch_dim)

    for name in ("in.input_ids", "in.attention_mask"):
        golden[name] = turned(golden[name], 0, 1)
    for name in [n for n in golden if n.startswith("out.context.")]:
        golden[name] = turned(golden[name], 0, 2)
    golden["out.context_position_ids"] = torch.stack(
        [turned(axis, 0, 1) for axis in golden["out.context_position_ids"]]
    )
    mask, length = golden["out.dit_attention_mask"], golden["in.input_ids"].shape[1]
    golden["out.dit_attention_mask"] = torch.cat(
        [turned(mask[..., :length], 0, 3), mask[..., length:]], dim=-1
    )
    save_file(golden, tmp_path / "turned.safetensors")
    for name in ("config.json", "model.safetensors"):
        shutil.copyfile(golden_dir / name, tmp_path / name)
    (tmp_path / "cases.json").write_text(json.dumps({"turned": {"num_steps": 5}}))
    assert [error for error in parity.check(tmp_path) if not error.passed] == []


@pytest.mark.parametrize("name", ["cases.json", "config.json", "model.safetensors", "b_prefix_3.safetensors"])
def test_a_missing_file_is_named(copy: Path, name: str) -> None:
    (copy / name).unlink()
    with pytest.raises(FileNotFoundError, match=name):
        parity.check(copy)
