"""Weights on disk: safetensors in, safetensors out, strict by name and shape. Never pickle."""

from __future__ import annotations

import hashlib
import json
import struct
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

TIED = "vlm.lm_head.weight"
"""The output head is the input embedding; the released files leave it out, and so do ours."""

MAX_HEADER_BYTES = 100_000_000
"""The safetensors format's own limit."""

SHOWN = 5
"""Names listed in an error before it says how many more there are."""


def state_dict(module: nn.Module) -> dict[str, Tensor]:
    """What a checkpoint holds."""
    return {name: value.contiguous() for name, value in module.state_dict().items() if name != TIED}


def save(module: nn.Module, path: Path) -> None:
    """Write model.safetensors."""
    save_file({name: value.cpu() for name, value in state_dict(module).items()}, path)


def load_into(module: nn.Module, path: Path) -> None:
    """Read weights; ValueError names every missing, unexpected or misshapen tensor."""
    check_file(path)
    try:
        weights = load_file(path)
    except SafetensorError as error:
        raise ValueError(f"weights: {path} cannot be read ({error})") from error
    expected = state_dict(module)
    problems = [f"missing {name}" for name in expected if name not in weights]
    problems += [f"unexpected {name}" for name in weights if name not in expected]
    problems += [
        f"{name} is {tuple(weights[name].shape)}, expected {tuple(value.shape)}"
        for name, value in expected.items()
        if name in weights and weights[name].shape != value.shape
    ]
    if problems:
        more = f" and {len(problems) - SHOWN} more" if len(problems) > SHOWN else ""
        raise ValueError(f"weights: {path} does not fit: {'; '.join(problems[:SHOWN])}{more}")
    with torch.no_grad():
        for name, value in expected.items():
            value.copy_(weights[name])


def check_file(path: Path) -> None:
    """FileNotFoundError or ValueError where a safetensors file is absent, truncated or not one."""
    if not path.is_file():
        raise FileNotFoundError(f"weights: no file {path.name} in {path.parent}")
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(8)
        length = struct.unpack("<Q", head)[0] if len(head) == 8 else 0
        if not 2 <= length <= min(MAX_HEADER_BYTES, size - 8):
            raise ValueError(f"weights: {path} ({size} bytes) has no readable safetensors header")
        try:
            header = json.loads(file.read(length))
            end = max(
                (entry["data_offsets"][1] for k, entry in header.items() if k != "__metadata__"), default=0
            )
        except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"weights: {path} has no readable safetensors header") from error
    if size != 8 + length + end:
        raise ValueError(
            f"weights: {path} has {size} bytes, its header speaks of {8 + length + end}: truncated?"
        )


def fingerprint(path: Path) -> str:
    """First 16 hex digits of the file's SHA-256."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]
