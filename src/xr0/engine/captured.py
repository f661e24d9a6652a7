"""CUDA graphs of the fused stages: a GPU runs all their kernels without being told one by one."""

from __future__ import annotations

from itertools import product
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from xr0.engine.fused import Feed, Stages
from xr0.engine.places import Places
from xr0.engine.prepared import Watch

WARM_UPS = 2
"""Runs before a capture, in which libraries choose their kernels and allocate."""

LENGTHS = (16, 32, 64, 128)
"""Tokens by which a sentence may be longer than the shortest one."""


class Captured:
    """The stages for batches up to one size, over buffers of their own; pool: of memory, which all share."""

    def __init__(self, stages: Stages, feed: Feed, places: Places, pool: Any) -> None:
        self._feed = feed
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(WARM_UPS):
                features = stages.vision(feed.pixels, places)
                context = stages.prefill(feed.ids, feed.lengths, features, places)
                stages.denoise(context, feed.state, feed.action_mask, feed.start)
        torch.cuda.current_stream().wait_stream(side)
        self._graphs = tuple(torch.cuda.CUDAGraph() for _ in range(3))
        with torch.cuda.graph(self._graphs[0], pool=pool):
            features = stages.vision(feed.pixels, places)
        with torch.cuda.graph(self._graphs[1], pool=pool):
            context = stages.prefill(feed.ids, feed.lengths, features, places)
        with torch.cuda.graph(self._graphs[2], pool=pool):
            self._actions = stages.denoise(context, feed.state, feed.action_mask, feed.start)
        self._between = (features, context)  # their memory must not be given to others in the pool

    def __call__(self, feed: Feed, watch: Watch) -> Float[Tensor, "b t d"]:
        """Actions of each row. Nothing here waits for the GPU."""
        self._feed.fill(feed)
        vision, prefill, denoise = self._graphs
        vision.replay()
        watch.mark()
        prefill.replay()
        watch.mark()
        denoise.replay()
        return self._actions[: len(feed.lengths)].clone()


def sizes(shortest: int, largest_batch: int) -> list[tuple[int, int]]:
    """(rows, tokens) that are captured, smallest first: powers of two, and the largest batch."""
    batches = {2**k for k in range(largest_batch.bit_length())} | {largest_batch}
    return sorted(product(batches, [shortest + more for more in LENGTHS]))


def smallest(captured: list[tuple[int, int]], rows: int, tokens: int) -> tuple[int, int] | None:
    """Of these sizes, the one in which a batch fits with the least computed for nothing."""
    fitting = [(b, n) for b, n in captured if b >= rows and n >= tokens]
    return min(fitting, key=lambda size: size[0] * size[1], default=None)
