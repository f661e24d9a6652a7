"""A few files that stay open between uses, per process."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, Protocol, TypeVar, runtime_checkable

OPEN_FILES = 12
"""Per process; a video's decoder holds some megabytes of frames."""


@runtime_checkable
class Closing(Protocol):
    """What can be closed."""

    def close(self) -> None:
        """Give the file back."""
        ...


File = TypeVar("File", bound=Closing)


@dataclass
class OpenFiles(Generic[File]):
    """The last used files of this process, opened by `opener`.

    A forked process opens its own: a file's position is shared, and a decoder's threads do not survive a
    fork. What its parent had open stays referenced there, for closing it would wait for those threads.
    """

    opener: Callable[[Path], File]
    _open: dict[int, OrderedDict[Path, File]] = field(default_factory=dict, repr=False)

    @contextmanager
    def use(self, path: Path) -> Iterator[File]:
        """The open file; it does not stay open where its use fails. FileNotFoundError if there is none."""
        mine = self._open.setdefault(os.getpid(), OrderedDict())
        file = mine.pop(path, None) or self.opener(path)
        yield file
        mine[path] = file
        if len(mine) > OPEN_FILES:
            mine.popitem(last=False)[1].close()
