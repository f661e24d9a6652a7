"""Makes batches in worker processes, ahead of the step that needs them."""

from __future__ import annotations

import signal
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Generic, TypeVar

from torch.utils.data import DataLoader, Dataset

PREFETCH = 2
"""Batches that each worker is ahead by."""

Made = TypeVar("Made")


@dataclass(frozen=True)
class _Failure:
    """What a worker's batch could not be made for, carried to the training process."""

    error: Exception


@dataclass(frozen=True)
class _Making(Dataset, Generic[Made]):
    make: Callable[[int], Made]

    def __getitem__(self, k: int) -> Made | _Failure:
        try:
            return self.make(k)
        except (ValueError, RuntimeError, OSError) as error:
            return _Failure(error)


def ahead(make: Callable[[int], Made], first: int, last: int, workers: int) -> Generator[Made, None, None]:
    """make(first) to make(last - 1), in order; `make` must depend on nothing but its number.

    workers: processes, forked from this one; 0 makes them here. An error of `make` is raised here, when its
    turn comes. The workers end with the iterator, and with this process.
    """
    if workers == 0:
        yield from map(make, range(first, last))
        return
    loader = DataLoader(
        _Making(make),
        sampler=range(first, last),
        batch_size=None,
        num_workers=workers,
        prefetch_factor=PREFETCH,
        collate_fn=_as_it_is,
        worker_init_fn=_begin,
        multiprocessing_context="fork",
    )
    for made in loader:
        if isinstance(made, _Failure):
            raise made.error
        yield made


def _as_it_is(made: Made) -> Made:
    return made


def _begin(_: int) -> None:
    """A worker ends when the training process says so: a Ctrl-C is for that one, which finishes its step."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
