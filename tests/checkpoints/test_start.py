"""Starts for another robot: a Pretrain folder as it is, wider vectors, and what a run saves of them."""

from dataclasses import replace
from pathlib import Path

import pytest
import released_folder
import small_model
import torch
from safetensors.torch import load_file

from xr0.checkpoints import convert, start, weights
from xr0.checkpoints import folder as checkpoint
from xr0.config import CAUSAL
from xr0.model.vla import VLA
from xr0.policy import Policy
from xr0_robot.released import UNDOCUMENTED

HORIZON = 6


def velocity(vla: VLA, state: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """At flow time 0.4, for a state [1 1 s] and actions [1 t d]."""
    given = small_model.inputs([small_model.row([5, 6], 0)])
    with torch.inference_mode():
        context = vla.encode(given)
        layout = vla.layout(context, HORIZON, torch.zeros(1, dtype=torch.long), CAUSAL)
        modulation, leading = vla.modulation(torch.tensor([0.4])), vla.leading(state)
        return vla.velocity(x, modulation, leading, context, torch.ones_like(x), layout)


def test_a_pretrain_folder_starts_without_naming_its_views(tmp_path: Path) -> None:
    folder = released_folder.released(tmp_path / "pretrain", dict.fromkeys(UNDOCUMENTED, 3))
    loaded = start.load(folder)
    assert loaded.robots == {}
    assert start.known_titles(loaded) == ()
    with pytest.raises(ValueError, match="expected one of none"):
        Policy(loaded)


def test_what_is_known_of_a_start_is_kept(tmp_path: Path) -> None:
    folder = released_folder.released(tmp_path / "r", {"libero_all": 10, "droid_pt": 15, "bridge_delta": 4})
    loaded = start.load(folder)
    assert list(loaded.robots) == ["libero_all", "bridge_delta"]
    assert start.known_titles(loaded) == ("Base View", "Left-Wrist View")
    ours = start.load(released_folder.own(tmp_path / "own"))
    assert start.known_titles(ours) == ("Base View", "Left-Wrist View")


def test_more_slots_leave_the_old_ones_as_they_are() -> None:
    vla = small_model.build()
    wide, lines = start.resized(vla, 40, 36, seed=1)
    assert (wide.config.state_dim, wide.config.action_dim) == (40, 36)
    state, x = torch.randn(1, 1, 40), torch.randn(1, HORIZON, 36)
    state[..., 32:] = 0
    x[..., 32:] = 0
    before = velocity(vla, state[..., :32], x[..., :32])
    torch.testing.assert_close(velocity(wide, state, x)[..., :32], before)
    x[..., 35] = 1
    assert not torch.allclose(velocity(wide, state, x)[..., :32], before)
    assert lines == (
        "state_projector.layers.0.weight: (64, 32) grew to (64, 40)",
        "action_projector.layers.0.weight: (64, 32) grew to (64, 36)",
        "action_output_layer.layers.0.weight: (32, 64) grew to (36, 64)",
        "action_output_layer.layers.2.weight: (32, 32) grew to (36, 36)",
    )


def test_what_did_not_grow_is_shared_and_what_is_new_comes_from_the_seed() -> None:
    vla = small_model.build()
    first, second, third = (start.resized(vla, 40, 40, seed)[0] for seed in (1, 1, 2))
    own = weights.state_dict(vla)
    for name, value in weights.state_dict(first).items():
        if value.shape == own[name].shape:
            assert value.data_ptr() == own[name].data_ptr(), name
        assert torch.equal(value, weights.state_dict(second)[name]), name
    columns = [m.state_projector.layers[0].weight[:, 32:] for m in (first, third)]  # type: ignore[union-attr]
    assert not torch.equal(*columns)
    assert columns[0].abs().min() > 0


def test_as_many_slots_are_the_same_model_and_fewer_are_refused() -> None:
    vla = small_model.build()
    assert start.resized(vla, 32, 32, seed=0) == (vla, ())
    with pytest.raises(
        ValueError, match="got 16 state and 32 action slots, expected at least the weights' 32 and 32"
    ):
        start.resized(vla, 16, 32, seed=0)


def test_one_slot_more_of_the_state_alone() -> None:
    wide, lines = start.resized(small_model.build(), 33, 32, seed=0)
    assert lines == ("state_projector.layers.0.weight: (64, 32) grew to (64, 33)",)
    assert velocity(wide, torch.zeros(1, 1, 33), torch.zeros(1, HORIZON, 32)).isfinite().all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_run_saves_what_it_trained_and_the_rest_of_its_start(tmp_path: Path, dtype: torch.dtype) -> None:
    began = start.load(released_folder.released(tmp_path / "r", {"libero_all": 10}, torch.bfloat16))
    trained = {
        name: value.float() + 1 for name, value in weights.state_dict(began.vla).items() if "dit." in name
    }
    checkpoint.save(tmp_path / "done", began, trained, dtype)
    convert.to_official(tmp_path / "done", tmp_path / "official")
    before = weights.read(tmp_path / "r")
    for folder in ("done", "official"):
        after = load_file(tmp_path / folder / "model.safetensors")
        assert after.keys() == before.keys()
        for name, value in after.items():
            assert torch.equal(value, trained.get(name, before[name]).to(dtype)), name


def test_a_checkpoint_is_written_in_one_dtype(tmp_path: Path) -> None:
    began = start.load(released_folder.released(tmp_path / "r", {"libero_all": 10}, torch.bfloat16))
    mixed = {"sink.weight": began.vla.sink.weight.detach().float()}
    with pytest.raises(ValueError, match="tensors are bfloat16, float32, expected one dtype"):
        checkpoint.save(tmp_path / "done", began, mixed)
    for wrong in ({"sink.weight": torch.zeros(3)}, {"head.weight": torch.zeros(3)}):
        with pytest.raises(ValueError, match=f"no tensors of the names and shapes of {next(iter(wrong))}"):
            checkpoint.save(tmp_path / "done", began, wrong)
    assert not (tmp_path / "done").exists()


def test_shards_are_cut_by_the_size_that_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xr0.checkpoints.weights.SHARD_BYTES", 3_000_000)
    began = start.load(released_folder.own(tmp_path / "own"))
    for name, dtype in (("wide", torch.float32), ("narrow", torch.bfloat16)):
        checkpoint.save(tmp_path / name, replace(began), dtype=dtype)
        sizes = [file.stat().st_size for file in (tmp_path / name).glob("*.safetensors")]
        assert max(sizes) < 3_100_000
        assert checkpoint.load(tmp_path / name).vla.sink.weight.dtype == dtype
    assert len(list((tmp_path / "narrow").glob("model-*"))) < len(list((tmp_path / "wide").glob("model-*")))
