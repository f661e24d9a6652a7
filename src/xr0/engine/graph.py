"""The fused execution: everything that is known before a request is worked out once."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from xr0.config import ExecutionName
from xr0.engine import kernels
from xr0.engine.denoise import Denoiser, Start
from xr0.engine.execution import Eager, Model
from xr0.engine.places import Places
from xr0.engine.prepared import Grids, Prepared, Watch
from xr0.engine.text import LanguageModel
from xr0.engine.vision import VisionTower

ROOM = 512
"""Tokens that a sentence may be longer than the first one that was read with the same pictures."""

MOST_GRIDS = 8
"""Sizes of pictures whose places are kept; those that were met first are forgotten first."""


class Graph:
    """Fused stages over known places; what fits none, and what needs a gradient, is computed eagerly."""

    name: ExecutionName = "graph"

    def __init__(self, model: Model) -> None:
        vla, opening = model.vla, model.opening
        do = kernels.operations(vla.sink.weight.device, vla.sink.weight.dtype)
        self._vlm, self._done = vla.vlm, 0 if opening is None else len(opening.ids)
        self._eager = Eager(model)
        self._vision = VisionTower(vla.vlm, do)
        self._text = LanguageModel(vla.vlm, vla.config.dit.num_layers, opening, do)
        self._denoise = Denoiser(vla, model.contract, model.steps, do)
        self._places: dict[Grids, Places] = {}

    def __call__(self, given: Prepared, watch: Watch) -> Float[Tensor, "b t d"]:
        """See `Execution`."""
        places = self._known(given)
        return self._eager(given, watch) if places is None else self._fused(given, places, watch)

    def prepare(self, given: Prepared, largest_batch: int) -> None:
        """See `Execution`."""
        self._known(given)

    @torch.inference_mode()
    def _fused(self, given: Prepared, places: Places, watch: Watch) -> Float[Tensor, "b t d"]:
        watch.by = self.name
        ids, lengths = given.inputs.input_ids, given.inputs.attention_mask.sum(dim=1)
        features = self._vision(given.inputs.pixel_values.unflatten(0, (len(ids), -1)), places)
        watch.mark()
        context = self._text(ids[:, self._done :], lengths, features, places)
        watch.mark()
        return self._denoise(context, given.state, given.action_mask, Start.of(given))

    def _known(self, given: Prepared) -> Places | None:
        """None for pictures of several sizes, a sentence without end, and a guide by gradient."""
        if given.grids is None or (given.guide is not None and bool(given.guide.weights.any())):
            return None
        places = self._places.get(given.grids)
        if places is None:
            if len(self._places) >= MOST_GRIDS:
                self._places.pop(next(iter(self._places)))
            first = given.inputs.input_ids[0][given.inputs.attention_mask[0].bool()].tolist()
            places = Places.of(self._vlm, first + first[-1:] * ROOM, given.grids, self._done)
            self._places[given.grids] = places
        return places if given.inputs.input_ids.shape[1] <= len(places.highest) else None
