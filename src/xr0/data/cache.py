"""What is made of a dataset once and kept: $XR0_CACHE, else ~/.cache/xr0.

A file appears whole or not at all, so several processes may make the same one at once.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from xr0.data.lerobot import LeRobotDataset

CACHE_VARIABLE = "XR0_CACHE"

FINGERPRINT_DIGITS = 16
"""Hexadecimal digits of a fingerprint in a folder's name: 64 bits."""


def cache_dir(*parts: str) -> Path:
    """A folder of the cache, made if need be."""
    given = os.environ.get(CACHE_VARIABLE)
    path = (Path(given) if given else Path.home() / ".cache/xr0").joinpath(*parts)
    path.mkdir(parents=True, exist_ok=True)
    return path


@contextmanager
def published(path: Path) -> Iterator[Path]:
    """A temporary file to write, which gets the name `path` if nothing goes wrong, and else is deleted."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def fingerprint(dataset: LeRobotDataset) -> str:
    """`LeRobotDataset.fingerprint`, which reads every number, only where a name, size or time of change of a
    file is new."""
    path = cache_dir("fingerprints") / _listing(dataset.root.resolve())
    if path.exists():
        return path.read_text()
    content = dataset.fingerprint()
    with published(path) as temporary:
        temporary.write_text(content)
    return content


def _listing(root: Path) -> str:
    """sha256 of the names, sizes and times of change of all files below an absolute path."""
    digest = hashlib.sha256(f"{root}\n".encode())
    for folder, folders, files in os.walk(root):
        folders.sort()
        for name in sorted(files):
            stat = os.stat(os.path.join(folder, name))  # noqa: PTH116, PTH118 (100,000 files: no Path each)
            digest.update(f"{folder}/{name} {stat.st_size} {stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()
