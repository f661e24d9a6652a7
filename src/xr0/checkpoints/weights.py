"""Weights on disk to a model and back: safetensors, strict by name and shape, mapped rather than copied.

`.pt` files of the released post-training code are read too, without unpickling anything but tensors.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from pickle import (
    UnpicklingError,
)  # what torch.load raises when it refuses code; nothing else of pickle is used
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from xr0.checkpoints import tensors
from xr0.config import ModelConfig
from xr0.model import vlm
from xr0.model.vla import VLA

HEAD, EMBEDDING = "vlm.lm_head.weight", "vlm.model.language_model.embed_tokens.weight"
"""The output head of the VLM, and its input embedding. Where they are one, the released files leave the head
out, and so do ours."""

DTYPES = (torch.float32, torch.bfloat16, torch.float16)
"""What a model's tensors may be."""

SHARD_BYTES = 5_000_000_000
"""At most in one file, as in the release."""

PT_ROOT, PT_PREFIX = "module", "model."
"""Where the released post-training code keeps the tensors, and what it puts before their names."""


def state_dict(module: nn.Module) -> dict[str, Tensor]:
    """What a checkpoint holds: a parameter with two names, as a tied output head, once."""
    once = {name for name, _ in module.named_parameters()}
    twice = {name for name, _ in module.named_parameters(remove_duplicate=False)} - once
    return {name: value for name, value in module.state_dict().items() if name not in twice}


def build(config: ModelConfig, path: Path, rounded_rope: bool) -> VLA:
    """A model with the weights of a folder, or of a .pt file; they stay in the file's pages.

    FileNotFoundError or ValueError in one line that names every missing, unexpected or misshapen tensor, and
    every one with NaN or infinity in it.
    """
    vla = empty(config)
    values = read(path)
    check(path, vla, values)
    vla.load_state_dict(values, strict=False, assign=True)
    vlm.tie(vla.vlm)
    vlm.set_rope(vla.vlm, rounded_rope)
    return vla.eval()


def empty(config: ModelConfig) -> VLA:
    """A model without memory behind it; ValueError where transformers does not take the VLM's config."""
    try:
        with torch.device("meta"):
            return VLA(config)
    except (KeyError, TypeError, AttributeError, RuntimeError) as error:
        raise ValueError(f"model: transformers cannot build it ({_first_line(error)})") from error


def load_into(module: nn.Module, path: Path) -> None:
    """Copy the weights of a folder into a module of any kind; errors as `build`."""
    values = read(path)
    check(path, module, values)
    module.load_state_dict(values, strict=False)


def read(path: Path) -> dict[str, Tensor]:
    """All tensors of a folder or a .pt file, mapped: nothing is read yet."""
    if path.is_file():
        return read_pt(path)
    return dict(_mapped(tensors.files(tensors.find(path))))


def read_pt(path: Path) -> dict[str, Tensor]:
    """The tensors of a .pt file of the released post-training code, under the released names; without the
    output head where it repeats the input embedding."""
    module = load_pt(path).get(PT_ROOT)
    if not isinstance(module, dict) or not module:
        raise ValueError(
            f"weights: {path} has no {PT_ROOT!r} with tensors, expected a post-training checkpoint"
        )
    alien = [str(name) for name, value in module.items() if not isinstance(value, Tensor)]
    alien += [str(name) for name in module if not str(name).startswith(PT_PREFIX)]
    if alien:
        raise ValueError(f"weights: {path}: {', '.join(alien)}: expected tensors named {PT_PREFIX}*")
    named = {name.removeprefix(PT_PREFIX): value for name, value in module.items()}
    if HEAD in named and EMBEDDING in named and torch.equal(named[HEAD], named[EMBEDDING]):
        del named[HEAD]
    return named


def load_pt(path: Path) -> dict[str, Any]:
    """All entries of a .pt file, mapped; ValueError for one that holds more than tensors and plain data."""
    try:
        data = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except (RuntimeError, ValueError, EOFError, UnpicklingError) as error:
        raise ValueError(f"weights: {path} cannot be read as tensors only ({_first_line(error)})") from error
    if not isinstance(data, dict):
        raise ValueError(f"weights: {path} holds {type(data).__name__}, expected a post-training checkpoint")
    return data


def save(values: Mapping[str, Tensor] | nn.Module, folder: Path, dtype: torch.dtype | None = None) -> None:
    """Write model.safetensors, or shards of SHARD_BYTES with their index, in `dtype` throughout: the tensors'
    own unless named. ValueError where they have several and none is named."""
    named = state_dict(values) if isinstance(values, nn.Module) else dict(values)
    found = {value.dtype for value in named.values()} if dtype is None else {dtype}
    if len(found) != 1:
        raise ValueError(f"weights: tensors are {_names(found)}, expected one dtype, or one to write them in")
    (written,) = found
    parts = split({name: value.numel() * written.itemsize for name, value in named.items()}, SHARD_BYTES)
    shards = ({name: named[name].detach().to("cpu", written).contiguous() for name in p} for p in parts)
    write_shards(shards, len(parts), folder)


def split(sizes: Mapping[str, int], limit: int) -> list[list[str]]:
    """Names in order, cut into runs of at most `limit` bytes (a larger tensor is alone)."""
    parts: list[list[str]] = []
    room = 0
    for name, size in sizes.items():
        if not parts or size > room:
            parts.append([])
            room = limit
        parts[-1].append(name)
        room -= size
    return parts


def write_shards(shards: Iterable[Mapping[str, Tensor]], count: int, folder: Path) -> None:
    """Write one file per shard, one after another, and the index if there are several."""
    places: dict[str, str] = {}
    total = 0
    for k, shard in enumerate(shards, start=1):
        file = tensors.SINGLE if count == 1 else f"model-{k:05d}-of-{count:05d}.safetensors"
        save_file(dict(shard), folder / file, metadata={"format": "pt"})
        places |= dict.fromkeys(shard, file)
        total += sum(value.numel() * value.element_size() for value in shard.values())
    if count > 1:
        index = {"metadata": {"total_size": total}, "weight_map": dict(sorted(places.items()))}
        (folder / tensors.INDEX).write_text(json.dumps(index, indent=2) + "\n")


def fingerprint(files: Sequence[Path]) -> str:
    """First 16 hex digits of the SHA-256 of the files' bytes, one after another."""
    digest = hashlib.sha256()
    for path in files:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()[:16]


def _mapped(files: Sequence[Path]) -> Iterator[tuple[str, Tensor]]:
    """Every tensor of the files, backed by them."""
    for path in files:
        try:
            with safe_open(path, framework="pt", device="cpu") as file:
                for name in file.keys():  # noqa: SIM118 (not a dict)
                    yield name, file.get_tensor(name)
        except SafetensorError as error:
            raise ValueError(f"weights: {path} cannot be read ({error})") from error


def check(path: Path, module: nn.Module, values: Mapping[str, Tensor]) -> None:
    """ValueError, one line, that names each of the tensors of `path` that does not fit the module or has NaN
    or infinity in it, and each that it lacks."""
    _check_fit(path, module, values)
    _check_finite(path, values)


def _check_fit(path: Path, module: nn.Module, values: Mapping[str, Tensor]) -> None:
    shapes = {name: tuple(value.shape) for name, value in values.items()}
    expected = {name: tuple(value.shape) for name, value in state_dict(module).items()}
    problems = [f"missing {name}" for name in expected if name not in shapes]
    problems += [f"unexpected {name}" for name in shapes if name not in expected]
    problems += [
        f"{name} is {shapes[name]}, expected {shape}"
        for name, shape in expected.items()
        if name in shapes and shapes[name] != shape
    ]
    if problems:
        raise ValueError(f"weights: {path} does not fit: {'; '.join(problems)}")
    dtypes = {value.dtype for value in values.values()}
    if len(dtypes) != 1 or not dtypes <= set(DTYPES):
        raise ValueError(
            f"weights: {path} holds {_names(dtypes)}, expected one of {_names(DTYPES)} throughout"
        )


def _check_finite(path: Path, values: Mapping[str, Tensor]) -> None:
    """By the smallest and the largest number of each tensor: one pass over the file, some 0.2 s per GB that
    is in memory (its fingerprint takes 1.7 s)."""
    broken = [name for name, value in values.items() if value.numel() and not _is_finite(value)]
    if broken:
        raise ValueError(f"weights: {path} has NaN or infinity in {', '.join(broken)}")


def _is_finite(value: Tensor) -> bool:
    lowest, highest = torch.aminmax(value)  # NaN wins both
    return bool(torch.isfinite(lowest) & torch.isfinite(highest))


def _names(dtypes: Iterable[torch.dtype]) -> str:
    return ", ".join(sorted(str(dtype).removeprefix("torch.") for dtype in dtypes))


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0]
