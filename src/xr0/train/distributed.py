"""One process or several under torchrun; the same code path."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from jaxtyping import Float
from torch import Tensor

T = TypeVar("T")


@dataclass(frozen=True)
class World:
    """This process among its peers."""

    rank: int
    size: int
    device: torch.device

    @property
    def main(self) -> bool:
        """Whether this process writes files and prints."""
        return self.rank == 0

    @contextmanager
    def first(self) -> Iterator[None]:
        """The main process does what is inside before the others: what it writes, they find."""
        if not self.main:
            self.barrier()
        yield
        if self.main:
            self.barrier()

    def barrier(self) -> None:
        """Wait for all."""
        if self.size > 1:
            dist.barrier()


def to_device(value: Any, device: torch.device) -> Any:
    """Tensors, and tuples and frozen dataclasses of them, on a device; words and None stay as they are."""
    if isinstance(value, torch.Tensor):
        return value.to(device)
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, tuple):
        return tuple(to_device(item, device) for item in value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{f.name: to_device(getattr(value, f.name), device) for f in fields(value)})
    raise TypeError(f"to_device: got {type(value).__name__}, expected tensors, words, tuples or dataclasses")


def shared_count(count: Float[Tensor, ""]) -> Float[Tensor, ""]:
    """Mean of `count` over the processes; the count itself where there is one. No gradient.

    sum / shared_count(count), averaged over the processes as gradients are, is the mean over what all of them
    count together. Every process must call it.
    """
    return shared_mean(count)


def shared_mean(values: Float[Tensor, ...]) -> Float[Tensor, ...]:
    """Mean of every value over the processes. No gradient. Every process must call it."""
    if not dist.is_initialized():
        return values.detach()
    total = values.detach().clone()
    dist.all_reduce(total)
    return total / dist.get_world_size()


def gather_objects(value: T) -> list[T]:
    """What each process has, by rank. Every process must call it."""
    if not dist.is_initialized():
        return [value]
    gathered: list[Any] = [None] * dist.get_world_size()
    dist.all_gather_object(gathered, value)
    return gathered


@contextmanager
def world() -> Iterator[World]:
    """Join the process group that torchrun described, if any; leave it at the end."""
    size, rank = int(os.environ.get("WORLD_SIZE", "1")), int(os.environ.get("RANK", "0"))
    cuda = torch.cuda.is_available()
    device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0"))) if cuda else torch.device("cpu")
    if cuda:
        torch.cuda.set_device(device)
    if size > 1:
        dist.init_process_group("nccl" if cuda else "gloo")
    try:
        yield World(rank, size, device)
    finally:
        if size > 1:
            dist.destroy_process_group()
