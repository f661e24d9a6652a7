"""The config.json of a Qwen3-VL, as transformers 4.57 and 5.x spell it, and as both read it alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from xr0.sizes import rope

SAVED_BY = {
    "dtype",
    "torch_dtype",
    "transformers_version",
    "architectures",
    "_name_or_path",
    "rope_parameters",
}
"""Entries that are not sizes, or that are respelled."""

TIED = "tie_word_embeddings"
"""Whether the output head is the input embedding."""


def arguments(config: Mapping[str, Any], tied: bool) -> dict[str, Any]:
    """Qwen3VLConfig's arguments. tied: whether the output head is the input embedding, where the config does
    not say; KeyError, TypeError or AttributeError where it lacks a part."""
    text, vision = config["text_config"], config["vision_config"]
    tied = config.get(TIED, text.get(TIED, tied))
    spelled = text.get("rope_parameters") or {"rope_theta": text["rope_theta"], **text["rope_scaling"]}
    rotary = rope(float(spelled["rope_theta"]), list(spelled["mrope_section"]))
    return {
        **_plain(config),
        "text_config": {**_plain(text), **rotary, TIED: tied},
        "vision_config": _plain(vision),
        TIED: tied,
    }


def _plain(config: Mapping[str, Any]) -> dict[str, Any]:
    """A config without what says how it was saved."""
    return {key: value for key, value in config.items() if key not in SAVED_BY}
