"""A plain Qwen3-VL, as it stands on the hub, as the start of stage 1: its VLM, and a fresh action expert."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import Tensor

from xr0.checkpoints import fresh, pretrained, qwen_config, tensors, weights
from xr0.checkpoints.folder import CONFIG, read_json, read_tokenizer
from xr0.config import ModelConfig
from xr0.model import vlm
from xr0.model.vla import VLA
from xr0.sizes import expert_for
from xr0.transform.images import MAX_PIXELS, ImageSpec
from xr0.transform.processor import Processor
from xr0_robot.types import MODEL_DIM

MODEL_TYPE = "qwen3_vl"
"""In the config.json of every Qwen3-VL without experts."""

ARGUMENTS = {
    "text_config",
    "vision_config",
    "tie_word_embeddings",
    "image_token_id",
    "video_token_id",
    "vision_start_token_id",
    "vision_end_token_id",
}
"""What is kept of its config.json."""

HEAD, EMBEDDING = "lm_head.weight", "model.language_model.embed_tokens.weight"
"""Have a row for every token."""


@dataclass(frozen=True)
class Start:
    """What stage 1 begins with. fresh: a line for each part that the files did not give; name, fingerprint:
    of the folder and its weights."""

    vla: VLA
    processor: Processor
    fresh: tuple[str, ...]
    name: str
    fingerprint: str


def load_vlm(
    source: str | Path,
    seed: int,
    slots: int = MODEL_DIM,
    max_pixels: int = MAX_PIXELS,
    dtype: torch.dtype = torch.float32,
) -> Start:
    """A folder or hub name of a Qwen3-VL. The VLM keeps its dtype and its file's pages; the action expert, as
    `VLA` makes it, comes from `seed`, in `dtype`, for vectors of `slots` numbers.

    max_pixels: of a view. A token without a row of the embedding gets the mean of all rows, so that it stands
    out nowhere (Hewitt, "Initializing New Word Embeddings for Pretrained Language Models", 2021).
    FileNotFoundError or ValueError, one line, for what is no Qwen3-VL, not whole, or holds other tensors.
    """
    folder, weights_at = pretrained.locate(source)
    config = read_json(folder / CONFIG)
    if config.get("model_type") != MODEL_TYPE:
        raise ValueError(
            f"{folder}: {CONFIG} is of a {config.get('model_type')!r}, expected {MODEL_TYPE!r} (a plain one)"
        )
    values = weights.read(weights_at)
    stored = _model_config(config, folder, HEAD not in values, slots)
    values = _without_twin(values, stored, folder)
    weights.check(weights_at, weights.empty(stored).vlm, values)
    tokenizer = read_tokenizer(folder, stored)
    model, values, rows = _with_rows(stored, values, highest_id(tokenizer) + 1)
    brain = weights.empty(model).vlm
    brain.load_state_dict(values, strict=False, assign=True)
    vlm.tie(brain)
    vlm.set_rope(brain, rounded=False)
    with fresh.seeded(seed):
        vla = VLA(model, brain)
    vla.expert.to(dtype)
    made = {name: v for name, v in weights.state_dict(vla).items() if not name.startswith("vlm.")}
    return Start(
        vla.eval(),
        Processor(tokenizer, _image_spec(model, max_pixels)),
        (*fresh.groups(made), *rows),
        folder.resolve().name,
        weights.fingerprint(tensors.files(tensors.find(weights_at))),
    )


def highest_id(tokenizer: Tokenizer) -> int:
    """Of its tokens; a model has a row for each id up to it, and may have more."""
    return max(tokenizer.get_vocab(with_added_tokens=True).values())


def _model_config(config: Mapping[str, Any], folder: Path, tied: bool, slots: int) -> ModelConfig:
    """Sizes of the VLM as they are, of the action expert by the released rule."""
    try:
        given = qwen_config.arguments({key: config[key] for key in ARGUMENTS & set(config)}, tied)
        return ModelConfig(given, expert_for(given["text_config"]), slots, slots)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(
            f"checkpoint: {folder / CONFIG} does not give the model's sizes ({error!r})"
        ) from error


def _without_twin(values: dict[str, Tensor], model: ModelConfig, folder: Path) -> dict[str, Tensor]:
    """Without the output head where it is the input embedding; ValueError if only the config says so."""
    if not model.vlm[qwen_config.TIED] or HEAD not in values:
        return values
    if EMBEDDING not in values or not torch.equal(values[HEAD], values[EMBEDDING]):
        raise ValueError(
            f"weights: {folder}: {HEAD} is not the input embedding, {CONFIG} says {qwen_config.TIED}"
        )
    return {name: value for name, value in values.items() if name != HEAD}


def _with_rows(
    model: ModelConfig, values: dict[str, Tensor], rows: int
) -> tuple[ModelConfig, dict[str, Tensor], tuple[str, ...]]:
    """At least `rows` rows of embedding and head; new ones are the mean of the others. A line for each."""
    text = model.vlm["text_config"]
    before = text["vocab_size"]
    if rows <= before:
        return model, values, ()
    wider = {name: _extended(values[name], rows) for name in (EMBEDDING, HEAD) if name in values}
    lines = tuple(f"vlm.{name}: rows {before} to {rows - 1}, the mean of the others" for name in wider)
    vlm_config = {**model.vlm, "text_config": {**text, "vocab_size": rows}}
    return replace(model, vlm=vlm_config), {**values, **wider}, lines


def _extended(table: Tensor, rows: int) -> Tensor:
    mean = table.mean(dim=0, keepdim=True, dtype=torch.float32).to(table.dtype)
    return torch.cat([table, mean.expand(rows - len(table), -1)])


def _image_spec(model: ModelConfig, max_pixels: int) -> ImageSpec:
    vision = model.vlm["vision_config"]
    sizes = (vision[key] for key in ("patch_size", "spatial_merge_size", "temporal_patch_size"))
    return ImageSpec(*sizes, max_pixels=max_pixels)
