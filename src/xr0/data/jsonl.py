"""Conversations in a file of one JSON per line; their pictures lie beside it.

Only where the lines begin is held in memory; a line is read when its sample is asked for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from xr0.data.vision_language import Conversation, Extent, messages, sample


@dataclass(frozen=True)
class Lines(Sequence[Conversation]):
    """Line k is the bytes start[k] to start[k + 1]; fingerprint: of the file's content."""

    path: Path
    start: np.ndarray
    fingerprint: str

    @staticmethod
    def open(path: Path) -> Lines:
        """Read every line once; ValueError or FileNotFoundError names the first that is not whole."""
        if not path.is_file():
            raise FileNotFoundError(f"{path} is missing")
        start, digest = [0], hashlib.sha256()
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                _check(_conversation(line, path, number))
                digest.update(line)
                start.append(start[-1] + len(line))
        if len(start) == 1:
            raise ValueError(f"{path}: holds no conversation")
        return Lines(path, np.asarray(start), digest.hexdigest())

    def __len__(self) -> int:
        return len(self.start) - 1

    def __getitem__(self, index: Any) -> Conversation:
        if not 0 <= index < len(self):
            raise IndexError(f"{self.path}: no conversation {index}, there are {len(self)}")
        begin, end = self.start[index : index + 2].tolist()
        return _conversation(Extent(self.path, begin, end - begin).read(), self.path, index + 1)


def _conversation(line: bytes, path: Path, number: int) -> Conversation:
    where = f"{path}, line {number}"
    found = sample(line, where)
    names = found.get("images", [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError(f"{where}: got the images {names!r:.80}, expected a list of paths")
    pictures = tuple(Extent(path.parent / name) for name in names)
    return Conversation(messages(found, where), pictures, where)


def _check(conversation: Conversation) -> None:
    conversation.check()
    for picture in conversation.pictures:
        if not picture.path.is_file():
            raise FileNotFoundError(f"{conversation.where}: the image {picture.path} is missing")
