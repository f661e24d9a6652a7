"""From one layout of checkpoint folders to another. Tensor names are the same in both, so weights are copied.

to_xr0        released layout or .pt  ->  ours; the released files stay in official/
to_official   ours                    ->  the released layout; byte for byte, where it came from there
to_vlm        any                     ->  the VLM alone, as a plain Qwen3-VL folder
random        a full-size checkpoint with random weights in the released layout
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from xr0.checkpoints import folder as checkpoint
from xr0.checkpoints import official, pretrained, random_weights, tensors, weights
from xr0.checkpoints.contracts import EXTRA, stored_dtype
from xr0.checkpoints.folder import CONFIG, TOKENIZER, About, Robot, new_folder
from xr0.checkpoints.image_rule import PREPROCESSOR, image_processor, image_spec
from xr0.checkpoints.options import LoadOptions
from xr0.config import CAUSAL, EMPTY_SLOT_STD, ModelConfig
from xr0.sizes import OFFICIAL_IMAGES, OFFICIAL_SPECIAL_IDS
from xr0.transform import tokenizer as tokenizers
from xr0.transform.normalize import Stats
from xr0_robot.released import RELEASED

ORIGINAL = "official"
"""Folder inside ours for the files that came with the weights."""

VLM_PREFIX = "vlm."
"""What the released names put before Qwen3-VL's own."""

BFLOAT16_BYTES = 2
"""Per number of a random checkpoint."""

RANDOM_TYPE, RANDOM_HORIZON, RANDOM_SLOTS = "libero_all", 10, 7
"""What a random checkpoint is made for: two views, chunks of 10, as the released LIBERO checkpoint."""


def convert(source: str | Path, out: Path, to: str | None, options: LoadOptions) -> None:
    """To the named layout, "xr0", "official" or "vlm"; to the other of the first two where it is None."""
    folder, _ = pretrained.locate(source)
    released = official.is_official(checkpoint.read_json(folder / CONFIG))
    to = to or ("xr0" if released else "official")
    if to == "vlm":
        to_vlm(source, out)
    elif to == "xr0":
        to_xr0(source, out, options)
    else:
        to_official(folder, out)


def to_xr0(source: str | Path, out: Path, options: LoadOptions) -> None:
    """Ours from the released layout. FileExistsError if `out` is there; else as `pretrained.load`."""
    folder, weights_at = pretrained.locate(source)
    if not official.is_official(checkpoint.read_json(folder / CONFIG)):
        raise ValueError(f"convert: {folder} has our layout already, expected the released one")
    about = pretrained.read_about(folder, weights_at, options)
    with new_folder(out) as new:
        checkpoint.write_about(new, about)
        shutil.copyfile(folder / TOKENIZER, new / TOKENIZER)
        _copy_weights(weights_at, new)
        (new / ORIGINAL).mkdir()
        for path in sorted(folder.iterdir()):
            if path.is_file() and path.suffix not in (".safetensors", ".pt"):
                shutil.copyfile(path, new / ORIGINAL / path.name)


def to_official(source: Path, out: Path) -> None:
    """The released layout from ours. FileExistsError if `out` is there."""
    if official.is_official(checkpoint.read_json(source / CONFIG)):
        raise ValueError(f"convert: {source} has the released layout already, expected ours")
    about = checkpoint.read_about(source)
    with new_folder(out) as new:
        if (source / ORIGINAL).is_dir():
            shutil.copytree(source / ORIGINAL, new, dirs_exist_ok=True)
        else:
            dtype = str(stored_dtype(source)).removeprefix("torch.")
            official.write_about(new, about, dtype)
            shutil.copyfile(source / TOKENIZER, new / TOKENIZER)
        _copy_weights(source, new)


def to_vlm(source: str | Path, out: Path) -> None:
    """The VLM alone, so that standard tools load it: names without "vlm.", Qwen3-VL's own config."""
    folder, weights_at = pretrained.locate(source)
    config = checkpoint.read_json(folder / CONFIG)
    if official.is_official(config):
        model = official.model_config(config, folder)
        spec = image_spec(checkpoint.read_json(folder / PREPROCESSOR), folder)
    else:
        about = checkpoint.read_about(folder)
        model, spec = about.model, about.spec
    values = {
        name.removeprefix(VLM_PREFIX): value
        for name, value in weights.read(weights_at).items()
        if name.startswith(VLM_PREFIX)
    }
    dtype = str(next(iter(values.values())).dtype).removeprefix("torch.")
    with new_folder(out) as new:
        qwen = {**model.vlm, "model_type": "qwen3_vl", "torch_dtype": dtype}
        qwen["architectures"] = ["Qwen3VLForConditionalGeneration"]
        (new / CONFIG).write_text(json.dumps(qwen, indent=2) + "\n")
        processor = image_processor(spec)
        (new / PREPROCESSOR).write_text(json.dumps(processor, indent=2) + "\n")
        _copy_tokenizer(folder, new)
        weights.save(values, new)


def random(model: ModelConfig, out: Path, seed: int) -> None:
    """A checkpoint of the released layout with random bfloat16 weights, written shard by shard."""
    horizon, slots = RANDOM_HORIZON, model.action_dim
    std = np.full((horizon, slots), EMPTY_SLOT_STD / 10, np.float32)
    std[:, :RANDOM_SLOTS] = 1.0
    state = np.zeros(model.state_dim, np.float32)
    stats = Stats(np.zeros_like(std), std, state, np.ones_like(state), "random")
    about = About(
        model, OFFICIAL_IMAGES, {RANDOM_TYPE: Robot(RELEASED[RANDOM_TYPE], stats)}, CAUSAL, "random"
    )
    with new_folder(out) as new:
        official.write_about(new, about, "bfloat16")
        _as_released(new)
        (new / TOKENIZER).write_text(tokenizers.placeholder(OFFICIAL_SPECIAL_IDS).to_str())
        shapes = random_weights.shapes(model)
        sizes = {name: BFLOAT16_BYTES * value.numel() for name, value in shapes.items()}
        parts = weights.split(sizes, weights.SHARD_BYTES)
        weights.write_shards(random_weights.parts(shapes, parts, seed), len(parts), new)


def _as_released(folder: Path) -> None:
    """Leave out what only folders from here have."""
    config = json.loads((folder / CONFIG).read_text())
    del config[EXTRA]
    (folder / CONFIG).write_text(json.dumps(config, indent=2) + "\n")


def _copy_weights(source: Path, out: Path) -> None:
    """Files as they are; a .pt file's tensors as safetensors."""
    if source.is_file():
        weights.save(weights.read_pt(source), out)
        return
    for path in tensors.files(tensors.find(source)):
        shutil.copyfile(path, out / path.name)
    if (source / tensors.INDEX).is_file():
        shutil.copyfile(source / tensors.INDEX, out / tensors.INDEX)


def _copy_tokenizer(folder: Path, out: Path) -> None:
    """tokenizer.json, and beside it what transformers asks for: the original's, or the least that will do."""
    shutil.copyfile(folder / TOKENIZER, out / TOKENIZER)
    original = folder / ORIGINAL if (folder / ORIGINAL).is_dir() else folder
    for name in ("tokenizer_config.json", "chat_template.jinja", "vocab.json", "merges.txt"):
        if (original / name).is_file():
            shutil.copyfile(original / name, out / name)
    if not (out / "tokenizer_config.json").exists():
        config: dict[str, Any] = {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<|im_end|>"}
        (out / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n")
