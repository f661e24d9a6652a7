"""What lies in a folder of weights, read from headers alone and checked before anything is allocated.

A folder holds model.safetensors, or shards and model.safetensors.index.json. A header's claims are believed
only where the file bears them out: names once, sizes that fit dtype and shape, no gap, no overlap, nothing
beyond the file's end.
"""

from __future__ import annotations

import json
import math
import re
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SINGLE, INDEX = "model.safetensors", "model.safetensors.index.json"

MAX_HEADER_BYTES = 100_000_000
"""The safetensors format's own limit."""

MAX_INDEX_BYTES = 100_000_000
"""Of an index; the released one has 0.1 MB."""

SHARD_NAME = re.compile(r"[A-Za-z0-9_.-]{1,200}\.safetensors")
"""A file beside the index, and nothing else."""

ITEM_BYTES = {
    "BOOL": 1, "U8": 1, "I8": 1, "F8_E4M3": 1, "F8_E5M2": 1, "I16": 2, "U16": 2, "F16": 2, "BF16": 2,
    "I32": 4, "U32": 4, "F32": 4, "F64": 8, "I64": 8, "U64": 8,
}  # fmt: skip
"""Bytes per number, by the format's names of dtypes."""


@dataclass(frozen=True)
class TensorInfo:
    """One tensor as its header describes it. dtype: the format's name, e.g. "BF16"."""

    dtype: str
    shape: tuple[int, ...]
    file: Path

    @property
    def numel(self) -> int:
        """Numbers in it."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes on disk."""
        return self.numel * ITEM_BYTES[self.dtype]


def find(folder: Path) -> dict[str, TensorInfo]:
    """All tensors of a folder by name; FileNotFoundError or ValueError, one line, if they are not whole."""
    if (folder / INDEX).is_file():
        return _by_index(folder)
    if not (folder / SINGLE).is_file():
        raise FileNotFoundError(f"weights: no file {SINGLE} or {INDEX} in {folder}")
    return read_header(folder / SINGLE)


def files(infos: Mapping[str, TensorInfo]) -> list[Path]:
    """The files that hold tensors, in order of name."""
    return sorted({info.file for info in infos.values()})


def read_header(path: Path) -> dict[str, TensorInfo]:
    """The tensors of one safetensors file, in order of their data; FileNotFoundError or ValueError."""
    if not path.is_file():
        raise FileNotFoundError(f"weights: no file {path.name} in {path.parent}")
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(8)
        length = struct.unpack("<Q", head)[0] if len(head) == 8 else 0
        if not 2 <= length <= min(MAX_HEADER_BYTES, size - 8):
            raise ValueError(f"weights: {path} ({size} bytes) has no readable safetensors header")
        entries = parse_json(file.read(length), f"weights: the header of {path}")
    entries.pop("__metadata__", None)
    found = [(*_span(path, name, entry), name) for name, entry in entries.items()]
    end, infos = 0, {}
    for begin, stop, info, name in sorted(found, key=lambda item: item[:2]):
        if begin != end:
            raise ValueError(f"weights: {path}: {name} starts at byte {begin}, expected {end}")
        end, infos[name] = stop, info
    if size != 8 + length + end:
        raise ValueError(
            f"weights: {path} has {size} bytes, its header speaks of {8 + length + end}: truncated?"
        )
    return infos


def parse_json(text: bytes, where: str) -> dict[str, Any]:
    """A JSON object that names nothing twice; ValueError, one line starting with `where`, otherwise."""

    def once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in pairs]
        if len(set(names)) != len(names):
            twice = sorted({name for name in names if names.count(name) > 1})
            raise ValueError(f"names {', '.join(twice)} twice")
        return dict(pairs)

    try:
        data = json.loads(text, object_pairs_hook=once)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{where} is not readable ({error})") from error
    if not isinstance(data, dict):
        raise ValueError(f"{where} holds {type(data).__name__}, expected an object")
    return data


def _by_index(folder: Path) -> dict[str, TensorInfo]:
    path = folder / INDEX
    if path.stat().st_size > MAX_INDEX_BYTES:
        raise ValueError(
            f"weights: {path} has {path.stat().st_size} bytes, expected at most {MAX_INDEX_BYTES}"
        )
    places = parse_json(path.read_bytes(), f"weights: {path}").get("weight_map")
    if not isinstance(places, dict) or not places:
        raise ValueError(f"weights: {path} has no weight_map of names to files")
    for name, place in places.items():
        if not isinstance(place, str) or not SHARD_NAME.fullmatch(place):
            raise ValueError(f"weights: {path}: {name} lies in {place!r}, expected a *.safetensors beside it")
    shards = {place: read_header(folder / place) for place in sorted(set(places.values()))}
    for place, infos in shards.items():
        for name in infos:
            if places.get(name) != place:
                listed = f"lists it in {places[name]}" if name in places else "does not list it"
                raise ValueError(f"weights: {folder / place} holds {name}, {INDEX} {listed}")
    lost = [f"{name} ({place})" for name, place in places.items() if name not in shards[place]]
    if lost:
        raise ValueError(f"weights: {folder}: {INDEX} lists what is not in its file: {', '.join(lost)}")
    return {name: info for infos in shards.values() for name, info in infos.items()}


def _span(path: Path, name: str, entry: Any) -> tuple[int, int, TensorInfo]:
    """Begin and end of a tensor's data, and the rest of its entry."""
    where = f"weights: {path}: {name}"
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise ValueError(f"{where} has no dtype, shape and data_offsets")
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or dtype not in ITEM_BYTES:
        raise ValueError(f"{where} has dtype {dtype!r}, expected one of {', '.join(ITEM_BYTES)}")
    if not _counts(shape) or not _counts(offsets) or len(offsets) != 2:
        raise ValueError(f"{where} has shape {shape!r} and data_offsets {offsets!r}, expected whole numbers")
    info = TensorInfo(dtype, tuple(shape), path)
    if offsets[1] - offsets[0] != info.nbytes:
        raise ValueError(
            f"{where} has {offsets[1] - offsets[0]} bytes, its dtype and shape need {info.nbytes}"
        )
    return offsets[0], offsets[1], info


def _counts(values: Any) -> bool:
    """A list of whole numbers, 0 or more, each below 2^63."""
    return isinstance(values, list) and all(type(v) is int and 0 <= v < 2**63 for v in values)
