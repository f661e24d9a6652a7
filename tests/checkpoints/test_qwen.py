"""A plain Qwen3-VL folder as the start of stage 1: its VLM as it is, a fresh expert, all of it named."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import released_folder
import torch
from safetensors.torch import load_file, save_file

from xr0.checkpoints import convert, pretrained, weights
from xr0.checkpoints import folder as checkpoint
from xr0.checkpoints.folder import Checkpoint, Robot
from xr0.checkpoints.inspection import inspect
from xr0.checkpoints.options import LoadOptions
from xr0.checkpoints.qwen import EMBEDDING, HEAD, load_vlm
from xr0.config import CAUSAL
from xr0.model import vlm
from xr0.sizes import expert_for, official_4b, tiny_model
from xr0.transform import tokenizer as tokenizers
from xr0.transform.images import ImageSpec
from xr0.transform.normalize import Stats
from xr0_robot.sims.bricks.embodiment import BRICKS

SPELLINGS = ["4.57", "5.x"]
"""Of a rotary table in config.json: as `to_vlm` writes it, and as this transformers may."""


def plain(folder: Path, spelling: str = "4.57", dtype: torch.dtype = torch.float32) -> Path:
    """A Qwen3-VL folder. transformers itself writes the second one."""
    convert.to_vlm(released_folder.own(folder.parent / f"{folder.name}-own"), folder)
    if spelling == "5.x":
        tokenizer = (folder / "tokenizer.json").read_text()
        for file in folder.iterdir():
            file.unlink()
        released_folder.untrained().vla.vlm.save_pretrained(folder)
        (folder / "tokenizer.json").write_text(tokenizer)
    values = {name: value.to(dtype) for name, value in load_file(folder / "model.safetensors").items()}
    save_file(values, folder / "model.safetensors")
    return folder


def untie(folder: Path) -> None:
    """An output head of its own."""
    values = load_file(folder / "model.safetensors")
    values[HEAD] = -values[EMBEDDING]
    save_file(values, folder / "model.safetensors")
    edit(folder, lambda d: [part.update(tie_word_embeddings=False) for part in (d, d["text_config"])])


def edit(folder: Path, change: Callable[[dict], object]) -> None:
    config = json.loads((folder / "config.json").read_text())
    change(config)
    (folder / "config.json").write_text(json.dumps(config))


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_vlm_is_the_folder_s_and_the_rest_is_named_as_fresh(
    tmp_path: Path, spelling: str, dtype: torch.dtype
) -> None:
    folder = plain(tmp_path / "vlm", spelling, dtype)
    start = load_vlm(folder, seed=3)
    stored = load_file(folder / "model.safetensors")
    named = weights.state_dict(start.vla)
    for name, value in stored.items():
        assert torch.equal(named.pop(f"vlm.{name}"), value), name
    assert {value.dtype for value in named.values()} == {torch.float32}
    dit = sum(p.numel() for p in start.vla.dit.parameters())
    assert start.fresh[0] == f"dit.*: 78 tensors, {dit:,} parameters"
    assert sum(int(line.split()[1]) for line in start.fresh) == len(named)
    first, again, other = (load_vlm(folder, seed).vla.state_dict() for seed in (3, 3, 4))
    assert all(torch.equal(first[name], again[name]) for name in named)
    assert not torch.equal(first["sink.weight"], other["sink.weight"])


def test_the_vlm_answers_as_transformers_does(tmp_path: Path) -> None:
    folder = plain(tmp_path / "vlm")
    untie(folder)
    theirs = vlm.Qwen3VL.from_pretrained(folder).eval()
    ids = torch.arange(10)[None]
    with torch.no_grad():
        expected = theirs(input_ids=ids).logits
        assert torch.equal(load_vlm(folder, seed=0).vla.vlm(input_ids=ids).logits, expected)


def test_the_image_rule_is_the_release_s_with_the_model_s_patches(tmp_path: Path) -> None:
    folder = plain(tmp_path / "vlm")
    spec = load_vlm(folder, seed=0).processor.spec
    assert spec == ImageSpec(patch=8, merge=2, temporal=2, min_pixels=1_024, max_pixels=90_000)
    assert load_vlm(folder, seed=0, max_pixels=160_000).processor.spec.max_pixels == 160_000


def test_the_expert_s_size_follows_the_release() -> None:
    released, tiny = official_4b(), tiny_model(300, {})
    assert expert_for(released.vlm["text_config"]) == released.dit
    small = expert_for(tiny.vlm["text_config"])
    assert (small.hidden_size, small.num_layers, small.head_dim) == (64, 6, 32)


def test_a_head_of_its_own_stays_its_own(tmp_path: Path) -> None:
    """In memory, in our layout, in the released one, and as a plain VLM again."""
    folder = plain(tmp_path / "vlm")
    untie(folder)
    start = load_vlm(folder, seed=0)
    head = load_file(folder / "model.safetensors")[HEAD]
    slots = np.zeros((5, 32), np.float32)
    stats = Stats(slots, slots + 1, slots[0], slots[0] + 1, "made up")
    robots = {BRICKS.name: Robot(BRICKS, stats)}
    checkpoint.save(tmp_path / "ours", Checkpoint(start.vla, start.processor, robots, CAUSAL, "", ""))
    convert.to_official(tmp_path / "ours", tmp_path / "official")
    convert.to_xr0(tmp_path / "official", tmp_path / "again", LoadOptions())
    for name in ("ours", "official", "again"):
        loaded = pretrained.load(tmp_path / name).vla.vlm
        assert torch.equal(loaded.lm_head.weight, head)
        assert not torch.equal(loaded.state_dict()[EMBEDDING], head)
    assert inspect(tmp_path / "ours")["tensors"] == inspect(tmp_path / "official")["tensors"]
    convert.to_vlm(tmp_path / "official", tmp_path / "back")
    assert torch.equal(load_vlm(tmp_path / "back", seed=0).vla.vlm.lm_head.weight, head)


@pytest.mark.parametrize("untied", [False, True])
def test_a_token_without_a_row_gets_the_mean_of_all_rows(tmp_path: Path, untied: bool) -> None:
    folder = plain(tmp_path / "vlm")
    if untied:
        untie(folder)
    before = load_vlm(folder, seed=0)
    tokenizer = tokenizers.load(folder / "tokenizer.json")
    size = tokenizer.get_vocab_size()
    tokenizer.add_special_tokens(["<|new_0|>", "<|new_1|>"])
    tokenizer.save(str(folder / "tokenizer.json"))
    start = load_vlm(folder, seed=0)
    assert start.vla.config.vlm["text_config"]["vocab_size"] == size + 2
    tables = [HEAD, EMBEDDING] if untied else [EMBEDDING]
    for name in tables:
        got, old = start.vla.vlm.state_dict()[name], before.vla.vlm.state_dict()[name]
        assert torch.equal(got[:size], old)
        torch.testing.assert_close(got[size:], old.mean(dim=0).expand(2, -1))
    assert sum(f"rows {size} to {size + 1}" in line for line in start.fresh) == len(tables)


def test_rows_beyond_the_tokenizer_stay(tmp_path: Path) -> None:
    """Qwen's embedding is padded to a round number."""
    folder = plain(tmp_path / "vlm")
    values = load_file(folder / "model.safetensors")
    values[EMBEDDING] = torch.cat([values[EMBEDDING], torch.ones(20, 128)])
    save_file(values, folder / "model.safetensors")
    edit(folder, lambda d: d["text_config"].update(vocab_size=len(values[EMBEDDING])))
    start = load_vlm(folder, seed=0)
    assert torch.equal(start.vla.vlm.state_dict()[EMBEDDING], values[EMBEDDING])
    assert not any("rows" in line for line in start.fresh)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda v: v.pop("model.language_model.norm.weight"), "missing model.language_model.norm.weight"),
        (lambda v: v.update({"sink.weight": torch.zeros(1, 64)}), r"unexpected sink.weight"),
        (lambda v: v.update({"model.language_model.norm.weight": torch.zeros(3)}), r"norm.weight is \(3,\)"),
        (lambda v: v[EMBEDDING].fill_(torch.nan), "NaN or infinity in model.language_model.embed_tokens"),
        (
            lambda v: v.update({HEAD: v[EMBEDDING] + 1}),
            "lm_head.weight is not the input embedding, config.json",
        ),
    ],
)
def test_weights_that_do_not_fit_are_named(tmp_path: Path, change: Callable, message: str) -> None:
    folder = plain(tmp_path / "vlm")
    values = load_file(folder / "model.safetensors")
    change(values)
    save_file(values, folder / "model.safetensors")
    with pytest.raises(ValueError, match=message) as caught:
        load_vlm(folder, seed=0)
    assert "\n" not in str(caught.value)


def test_a_repeated_head_is_the_embedding(tmp_path: Path) -> None:
    folder = plain(tmp_path / "vlm")
    values = load_file(folder / "model.safetensors")
    save_file({**values, HEAD: values[EMBEDDING].clone()}, folder / "model.safetensors")
    loaded = load_vlm(folder, seed=0).vla.vlm
    assert loaded.lm_head.weight is loaded.get_input_embeddings().weight


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.update(model_type="qwen2_5_vl"), "is of a 'qwen2_5_vl', expected 'qwen3_vl'"),
        (lambda d: d.pop("vision_config"), "does not give the model's sizes"),
        (lambda d: d["text_config"].pop("vocab_size"), "text vocab_size is None"),
        (lambda d: d.update(image_token_id=0), "does not fit the model: image_token_id"),
    ],
)
def test_what_is_no_qwen3_vl_is_one_line(tmp_path: Path, change: Callable, message: str) -> None:
    folder = plain(tmp_path / "vlm")
    edit(folder, change)
    with pytest.raises(ValueError, match=message) as caught:
        load_vlm(folder, seed=0)
    assert "\n" not in str(caught.value)


def test_a_folder_without_tokenizer_is_one_line(tmp_path: Path) -> None:
    folder = plain(tmp_path / "vlm")
    (folder / "tokenizer.json").unlink()
    with pytest.raises(FileNotFoundError, match=r"no file tokenizer.json in .*vlm"):
        load_vlm(folder, seed=0)
