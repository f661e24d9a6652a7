"""The image rule of a checkpoint, as the preprocessor_config.json of transformers spells it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from xr0.transform.images import MAX_PIXELS, MEAN, MIN_PIXELS, STD, ImageSpec

PREPROCESSOR = "preprocessor_config.json"


def image_spec(preprocessor: Mapping[str, Any], folder: Path) -> ImageSpec:
    """The image rule; what the file leaves out is as in the release."""
    size = preprocessor.get("size") or {}
    for key, expected in (("image_mean", MEAN), ("image_std", STD)):
        if set(preprocessor.get(key, [expected])) != {expected}:
            raise ValueError(
                f"checkpoint: {folder / PREPROCESSOR}: {key} is {preprocessor[key]}, expected all {expected}"
            )
    return ImageSpec(
        preprocessor.get("patch_size", 16),
        preprocessor.get("merge_size", 2),
        preprocessor.get("temporal_patch_size", 2),
        preprocessor.get("min_pixels") or size.get("shortest_edge") or MIN_PIXELS,
        preprocessor.get("max_pixels") or size.get("longest_edge") or MAX_PIXELS,
    )


def image_processor(spec: ImageSpec) -> dict[str, Any]:
    """The image rule as transformers' image processors read it."""
    return {
        "image_processor_type": "Qwen2VLImageProcessorFast",
        "patch_size": spec.patch,
        "merge_size": spec.merge,
        "temporal_patch_size": spec.temporal,
        "min_pixels": spec.min_pixels,
        "max_pixels": spec.max_pixels,
        "size": {"shortest_edge": spec.min_pixels, "longest_edge": spec.max_pixels},
        "image_mean": [MEAN] * 3,
        "image_std": [STD] * 3,
        "do_resize": True,
        "do_rescale": True,
        "do_normalize": True,
        "resample": 3,
    }
