"""Layouts into one another: nothing is lost on the way there and back."""

import json
from pathlib import Path

import numpy as np
import pytest
import released_folder
import torch
from released_folder import VIEW
from safetensors.torch import load_file
from transformers import Qwen3VLForConditionalGeneration

from xr0.checkpoints import convert
from xr0.checkpoints import folder as checkpoint
from xr0.checkpoints.inspection import inspect, lines
from xr0.checkpoints.options import LoadOptions
from xr0.policy import Policy, Request
from xr0.sizes import tiny_model


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def ask(policy: Policy) -> np.ndarray:
    sizes = {c.key: (c.height or 64, c.width or 64) for c in policy.embodiment.cameras}
    images = {key: np.resize(VIEW, (*size, 3)) for key, size in sizes.items()}
    return policy.infer(Request(images, np.full(policy.embodiment.state_dim, 0.1), "lift it", None, 5))[0]


@pytest.mark.parametrize("shards", [1, 3])
def test_official_to_ours_to_official_is_byte_identical(tmp_path: Path, shards: int) -> None:
    start = released_folder.released(
        tmp_path / "start", {"libero_all": 10, "bridge_delta": 4}, torch.bfloat16, shards
    )
    (start / "chat_template.jinja").write_text("{{ messages }}")
    convert.to_xr0(start, tmp_path / "ours", LoadOptions(robot_type="bridge_delta"))
    convert.to_official(tmp_path / "ours", tmp_path / "back")
    assert files(tmp_path / "back") == files(start)
    here, there = (
        Policy.from_pretrained(tmp_path / "ours"),
        Policy.from_pretrained(start, robot_type="bridge_delta"),
    )
    assert np.array_equal(ask(here), ask(there))
    assert here.checkpoint.contract == there.checkpoint.contract


def test_what_was_trained_here_comes_back_from_the_official_layout(tmp_path: Path) -> None:
    mine = released_folder.own(tmp_path / "mine")
    convert.to_official(mine, tmp_path / "official")
    again = Policy.from_pretrained(tmp_path / "official")
    first = Policy.from_pretrained(mine)
    assert again.checkpoint.contract == first.checkpoint.contract
    assert again.embodiment == first.embodiment
    assert np.array_equal(ask(again), ask(first))
    convert.to_xr0(tmp_path / "official", tmp_path / "again", LoadOptions())
    assert (
        load_file(tmp_path / "again/model.safetensors").keys() == load_file(mine / "model.safetensors").keys()
    )
    assert np.array_equal(ask(Policy.from_pretrained(tmp_path / "again")), ask(first))


def test_the_vlm_alone_is_a_plain_qwen3_vl_folder(tmp_path: Path) -> None:
    mine = released_folder.own(tmp_path / "mine")
    convert.to_vlm(mine, tmp_path / "vlm")
    plain = Qwen3VLForConditionalGeneration.from_pretrained(tmp_path / "vlm")
    ours = checkpoint.load(mine).vla.vlm
    for name, value in plain.state_dict().items():
        assert torch.equal(value, ours.state_dict()[name]), name
    ids = torch.arange(10)[None]
    with torch.no_grad():
        assert torch.equal(plain.eval()(input_ids=ids).logits, ours(input_ids=ids).logits)


def test_a_random_checkpoint_is_like_a_released_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xr0.checkpoints.weights.SHARD_BYTES", 2_000_000)
    ids = {
        "image_token_id": 500,
        "video_token_id": 501,
        "vision_start_token_id": 502,
        "vision_end_token_id": 503,
    }
    model = tiny_model(600, ids)
    monkeypatch.setattr("xr0.checkpoints.convert.OFFICIAL_SPECIAL_IDS", ids)
    monkeypatch.setattr("xr0.checkpoints.convert.OFFICIAL_IMAGES", released_folder.TINY_IMAGES)
    convert.random(model, tmp_path / "random", seed=1)
    assert len(list((tmp_path / "random").glob("*.safetensors"))) > 1
    policy = Policy.from_pretrained(tmp_path / "random")
    assert policy.dtype == torch.bfloat16
    assert np.isfinite(ask(policy)).all()
    convert.random(model, tmp_path / "again", seed=1)
    assert files(tmp_path / "again") == files(tmp_path / "random")


def test_a_folder_is_never_overwritten_and_a_failure_leaves_nothing(tmp_path: Path) -> None:
    start = released_folder.released(tmp_path / "start", {"libero_all": 10})
    (tmp_path / "there").mkdir()
    with pytest.raises(FileExistsError, match="exists already"):
        convert.to_xr0(start, tmp_path / "there", LoadOptions())
    (start / "tokenizer.json").unlink()
    with pytest.raises(FileNotFoundError):
        convert.to_xr0(start, tmp_path / "out", LoadOptions())
    assert not (tmp_path / "out").exists()
    assert not list(tmp_path.glob(".out*"))


def test_inspect_says_what_is_known_and_what_is_not(tmp_path: Path) -> None:
    known = inspect(released_folder.released(tmp_path / "a", {"libero_all": 10}, torch.bfloat16))
    assert known["layout"] == "official"
    assert known["dtype"] == "bfloat16"
    assert known["contract"]["name"] == "causal"
    assert "libero_all" in known["contract"]["known"]
    row = known["robot_types"]["libero_all"]
    assert (row["action_horizon"], row["slots"]) == (10, 7)
    assert row["views"] == {"base": "Base View", "wrist_left": "Left-Wrist View"}
    unknown = inspect(released_folder.released(tmp_path / "b", {"mine": 7, "droid_pt": 15}))
    assert unknown["contract"].startswith("unknown: ")
    assert "--contract causal|windowed" in unknown["contract"]
    assert "--embodiment" in unknown["robot_types"]["mine"]["robot"]
    assert "--views" in unknown["robot_types"]["droid_pt"]["robot"]
    named = inspect(tmp_path / "b", LoadOptions(contract="windowed", views=("Ego View",)))
    assert (named["contract"]["name"], named["contract"]["known"]) == ("windowed", "named by the user")
    assert named["robot_types"]["droid_pt"]["views"] == {"view_0": "Ego View"}
    for report in (known, unknown, named):
        json.dumps(report)
        assert any("robot_types" in line for line in lines(report))
