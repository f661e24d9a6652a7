"""The three stages of an inference, fused: functions of tensors whose shapes and places are known before."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Int
from torch import Tensor

from xr0.engine import kernels
from xr0.engine.denoise import Denoiser, Start
from xr0.engine.execution import Model
from xr0.engine.prepared import Prepared
from xr0.engine.text import LanguageModel
from xr0.engine.vision import VisionTower


@dataclass(frozen=True)
class Feed:
    """All that the stages read of a batch. ids: behind the opening; lengths: with it."""

    ids: Int[Tensor, "b l"]
    lengths: Int[Tensor, " b"]
    pixels: Float[Tensor, "b p c"]
    state: Float[Tensor, "b 1 s"]
    action_mask: Float[Tensor, "b t d"]
    start: Start

    @staticmethod
    def of(given: Prepared, done: int) -> Feed:
        """done: tokens of the opening."""
        ids, lengths = given.inputs.input_ids, given.inputs.attention_mask.sum(dim=1)
        pixels = given.inputs.pixel_values.unflatten(0, (len(ids), -1))
        return Feed(ids[:, done:], lengths, pixels, given.state, given.action_mask, Start.of(given))

    def tensors(self) -> tuple[Tensor, ...]:
        """In order."""
        start = (self.start.x, self.start.held, self.start.speed, self.start.prefix_lengths)
        return self.ids, self.lengths, self.pixels, self.state, self.action_mask, *start

    def room(self, batch: int, length: int) -> Feed:
        """Buffers for so many rows of so many tokens, filled with copies of the first row."""
        ids = self.ids[:1]
        ids = torch.cat([ids, ids[:, -1:].expand(-1, length - ids.shape[1])], dim=1)
        first = replace(self, ids=ids).tensors()
        rows = [part[:1].expand(batch, *part.shape[1:]).clone() for part in first]
        ids, lengths, pixels, state, action_mask, *start = rows
        return Feed(ids, lengths, pixels, state, action_mask, Start(*start))

    def fill(self, other: Feed) -> None:
        """Take over another batch, as long or shorter and as many or fewer; what is behind it stays."""
        for mine, theirs in zip(self.tensors(), other.tensors(), strict=True):
            mine[tuple(slice(size) for size in theirs.shape)].copy_(theirs, non_blocking=True)


class Stages:
    """Of one model; each takes what the one before it gives."""

    def __init__(self, model: Model) -> None:
        vla, opening = model.vla, model.opening
        do = kernels.operations(vla.sink.weight.device, vla.sink.weight.dtype)
        self.vision = VisionTower(vla.vlm, do)
        self.prefill = LanguageModel(vla.vlm, vla.config.dit.num_layers, opening, do)
        self.denoise = Denoiser(vla, model.contract, model.steps, do)
