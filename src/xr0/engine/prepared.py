"""What an execution is given, and the watch that it marks its stages on."""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from xr0.config import ExecutionName
from xr0.model import flow, guidance
from xr0.types import VLMInputs

Grids = tuple[tuple[int, int], ...]
"""Patches (down, right) of each view."""


@dataclass(frozen=True)
class Prepared:
    """A batch of requests as the model takes it, padded on the right; `native` are the robots' own states
    [b, state_dim]. grids: of the views of every row; None where rows differ in them."""

    inputs: VLMInputs
    grids: Grids | None
    native: np.ndarray
    state: Float[Tensor, "b 1 s"]
    action_mask: Float[Tensor, "b t d"]
    noise: Float[Tensor, "b t d"]
    prefix: flow.Prefix | None
    guide: guidance.Guide | None


class Watch:
    """Marks in time, on a GPU those of its own clock: to read them is to wait, to set them is not.

    by: which execution it was that computed.
    """

    def __init__(self, device: torch.device) -> None:
        self.by: ExecutionName | None = None
        self._on_gpu = device.type == "cuda"
        self._marks: list[float] = []
        self._events: list[torch.cuda.Event] = []
        self.mark()

    def mark(self) -> None:
        """Here ends a stage and begins the next."""
        if self._on_gpu:
            event = torch.cuda.Event(enable_timing=True)
            event.record()
            self._events.append(event)
        else:
            self._marks.append(time.perf_counter())

    def spans_ms(self) -> list[float]:
        """Between each mark and the next [ms]."""
        if self._on_gpu:
            self._events[-1].synchronize()
            return [first.elapsed_time(second) for first, second in pairwise(self._events)]
        return [1e3 * (second - first) for first, second in pairwise(self._marks)]
