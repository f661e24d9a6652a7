"""The fused execution: everything that is known before a request is worked out once."""

from __future__ import annotations

import logging

import torch
from jaxtyping import Float
from torch import Tensor

from xr0.config import ExecutionName
from xr0.engine.captured import Captured, sizes, smallest
from xr0.engine.execution import Eager, Model
from xr0.engine.fused import Feed, Stages
from xr0.engine.places import Places
from xr0.engine.prepared import Grids, Prepared, Watch

logger = logging.getLogger("xr0.engine")

ROOM = 512
"""Tokens that a sentence may be longer than the first one that was read with the same pictures."""

MOST_GRIDS = 8
"""Sizes of pictures whose places are kept; those that were met first are forgotten first."""


class Graph:
    """Fused stages over known places. On a CPU those of other pictures are worked out when they are met; on a
    GPU only what was captured before is fused. The rest, and what needs a gradient, is computed eagerly."""

    name: ExecutionName = "graph"

    def __init__(self, model: Model) -> None:
        self._vlm, self._done = model.vla.vlm, 0 if model.opening is None else len(model.opening.ids)
        self._eager, self._stages = Eager(model), Stages(model)
        self._on_gpu = model.vla.sink.weight.device.type == "cuda"
        self._places: dict[Grids, Places] = {}
        self._captured: dict[Grids, dict[tuple[int, int], Captured]] = {}

    @torch.inference_mode()
    def prepare(self, given: Prepared, largest_batch: int) -> None:
        """See `Execution`; on a GPU this captures, in tens of seconds."""
        places = self._known(given)
        if not self._on_gpu or places is None or given.grids is None:
            return
        feed = Feed.of(given, self._done)
        wanted, pool = sizes(feed.ids.shape[1], largest_batch), torch.cuda.graph_pool_handle()
        captured = self._captured[given.grids] = {}
        for size in reversed(wanted):  # the largest first: smaller ones find their memory in the pool
            captured[size] = Captured(self._stages, feed.room(*size), places, pool)
            logger.info("captured %d of %d sizes", len(captured), len(wanted))

    def __call__(self, given: Prepared, watch: Watch) -> Float[Tensor, "b t d"]:
        """See `Execution`."""
        if given.grids is None or (given.guide is not None and bool(given.guide.weights.any())):
            return self._eager(given, watch)
        actions = self._replayed(given, given.grids, watch) if self._on_gpu else self._fused(given, watch)
        return self._eager(given, watch) if actions is None else actions

    @torch.inference_mode()
    def _fused(self, given: Prepared, watch: Watch) -> Float[Tensor, "b t d"] | None:
        """None for a sentence without end."""
        places = self._known(given)
        if places is None:
            return None
        watch.by, feed = self.name, Feed.of(given, self._done)
        features = self._stages.vision(feed.pixels, places)
        watch.mark()
        context = self._stages.prefill(feed.ids, feed.lengths, features, places)
        watch.mark()
        return self._stages.denoise(context, feed.state, feed.action_mask, feed.start)

    @torch.inference_mode()
    def _replayed(self, given: Prepared, grids: Grids, watch: Watch) -> Float[Tensor, "b t d"] | None:
        """None for a batch that fits nothing captured."""
        captured, feed = self._captured.get(grids, {}), Feed.of(given, self._done)
        size = smallest(list(captured), *feed.ids.shape)
        if size is None:
            return None
        watch.by = self.name
        return captured[size](feed, watch)

    def _known(self, given: Prepared) -> Places | None:
        """Of a batch's pictures, where its sentences are not too long for them."""
        if given.grids is None:
            return None
        places = self._places.get(given.grids)
        if places is None:
            if len(self._places) >= MOST_GRIDS:
                self._places.pop(next(iter(self._places)))
            first = given.inputs.input_ids[0][given.inputs.attention_mask[0].bool()].tolist()
            places = Places.of(self._vlm, first + first[-1:] * ROOM, given.grids, self._done)
            self._places[given.grids] = places
        return places if given.inputs.input_ids.shape[1] <= len(places.highest) else None
