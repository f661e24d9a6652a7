"""Conversations in WebDataset shards: tar files in which KEY.json, and KEY.jpg or KEY.0.jpg, KEY.1.png, ...,
one behind the other, are a sample. Members of other kinds are passed over.

A shard's headers are read once; a member is then read at its place in the file, in any order, without
unpacking.
"""

from __future__ import annotations

import hashlib
import re
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from xr0.data.vision_language import Conversation, Extent, messages, sample

PICTURE = re.compile(r"(?:(\d+)\.)?(?:jpe?g|png|webp)", re.IGNORECASE)
"""What follows the key of a picture: its number, if there are several, and its kind."""

BRACES = re.compile(r"\{(\d+)\.\.(\d+)\}")
"""{000000..000007}: numbers from the first to the last, as wide as the first is written."""

TAR_END = bytes(2 * tarfile.BLOCKSIZE)
"""Two empty blocks close every tar."""


@dataclass(frozen=True)
class Shards(Sequence[Conversation]):
    """n samples. extents [m, 2]: offset and size of every JSON and picture; sample k lies in the file
    paths[shard[k]] and is the extents start[k] (its JSON) to start[k + 1]."""

    paths: tuple[Path, ...]
    shard: np.ndarray
    start: np.ndarray
    extents: np.ndarray
    fingerprint: str

    @staticmethod
    def open(paths: Sequence[Path]) -> Shards:
        """Read every header and every JSON once; FileNotFoundError or ValueError names the shard, and the key
        that is not whole."""
        for path in paths:
            if not path.is_file():
                raise FileNotFoundError(f"shard {path} is missing")
        shard, start, extents, digest = [], [0], [], hashlib.sha256()
        for number, path in enumerate(paths):
            for key, members in _samples(path):
                data = Extent(path, *members[0]).read()
                _conversation(data, path, members[1:], f"{path}, key {key}").check()
                shard.append(number)
                start.append(start[-1] + len(members))
                extents += members
                digest.update(data + repr([size for _, size in members]).encode())
        if not shard:
            raise ValueError(f"{paths[0].parent}: the shards hold no conversation")
        return Shards(
            tuple(paths),
            np.asarray(shard, np.int32),
            np.asarray(start),
            np.asarray(extents),
            digest.hexdigest(),
        )

    def __len__(self) -> int:
        return len(self.shard)

    def __getitem__(self, index: Any) -> Conversation:
        if not 0 <= index < len(self):
            raise IndexError(f"{self.paths[0].parent}: no conversation {index}, there are {len(self)}")
        path = self.paths[self.shard[index]]
        first, end = self.start[index : index + 2].tolist()
        members = self.extents[first:end].tolist()
        where = f"{path}, sample {index - int(np.searchsorted(self.shard, self.shard[index]))}"
        return _conversation(Extent(path, *members[0]).read(), path, members[1:], where)


def expanded(pattern: str) -> list[Path]:
    """The files that a name with {first..last} stands for; one without stands for itself."""
    found = BRACES.search(pattern)
    if not found:
        return [Path(pattern)]
    first, last = int(found[1]), int(found[2])
    if last < first:
        raise ValueError(f"shards {pattern}: got {found[0]}, expected a range that rises")
    names = [
        f"{pattern[: found.start()]}{number:0{len(found[1])}d}{pattern[found.end() :]}"
        for number in range(first, last + 1)
    ]
    return [path for name in names for path in expanded(name)]


def _conversation(data: bytes, path: Path, pictures: Sequence[Sequence[int]], where: str) -> Conversation:
    found = sample(data, where)
    return Conversation(messages(found, where), tuple(Extent(path, *picture) for picture in pictures), where)


def _samples(path: Path) -> Iterator[tuple[str, list[tuple[int, int]]]]:
    """Key, and offset and size of the JSON and of the pictures in their order, of each sample of a shard."""
    for key, group in groupby(_members(path), key=lambda member: member[0]):
        members = list(group)
        texts = [extent for _, suffix, extent in members if suffix == "json"]
        numbered = [(PICTURE.fullmatch(suffix), extent) for _, suffix, extent in members]
        pictures = [(int(match[1] or 0), extent) for match, extent in numbered if match]
        if len(texts) != 1:
            raise ValueError(f"{path}, key {key}: got {len(texts)} JSON members, expected one beside {key}.*")
        yield key, texts + [extent for _, extent in sorted(pictures)]


def _members(path: Path) -> Iterator[tuple[str, str, tuple[int, int]]]:
    """Key, what follows it, and offset and size, of each file in a tar."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - len(TAR_END)))
        if file.read() != TAR_END:  # tarfile would take a shard that was cut off for one that ends there
            raise ValueError(f"shard {path}: not a whole tar, its end is missing")
    try:
        with tarfile.open(path, "r:") as shard:
            for member in shard:
                if not member.isreg():
                    continue
                folder, _, name = member.name.rpartition("/")
                key, _, suffix = name.partition(".")
                yield f"{folder}/{key}" if folder else key, suffix, (member.offset_data, member.size)
    except tarfile.TarError as error:
        raise ValueError(f"shard {path}: not a readable tar ({error})") from error
