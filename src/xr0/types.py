"""What the rooms of the brain hand to one another. Frozen and shaped; no logic.

Shape letters: b batch, t action horizon, d action dim, s state dim, l context length, k context (key/value)
heads, e head dim, p image patches, v views.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor


@dataclass(frozen=True)
class VLMInputs:
    """What the VLM reads: token rows (padded on either side) and the patches of all their images in order."""

    input_ids: Int[Tensor, "b l"]
    attention_mask: Int[Tensor, "b l"]
    pixel_values: Float[Tensor, "p c"]
    image_grid_thw: Int[Tensor, "v 3"]

    def to(self, device: torch.device, dtype: torch.dtype) -> VLMInputs:
        """On `device`, pixels in `dtype`."""
        return VLMInputs(
            self.input_ids.to(device),
            self.attention_mask.to(device),
            self.pixel_values.to(device, dtype),
            self.image_grid_thw.to(device),
        )


@dataclass(frozen=True)
class Context:
    """The VLM's memory of an observation: keys (rotated) and values of the layers that the DiT reads."""

    keys: tuple[Float[Tensor, "b k l e"], ...]
    values: tuple[Float[Tensor, "b k l e"], ...]
    mask: Bool[Tensor, "b l"]
    last_position: Int[Tensor, " b"]

    def repeat(self, times: int) -> Context:
        """Each row `times` times in a row (several noises per VLM pass)."""
        return Context(
            tuple(k.repeat_interleave(times, dim=0) for k in self.keys),
            tuple(v.repeat_interleave(times, dim=0) for v in self.values),
            self.mask.repeat_interleave(times, dim=0),
            self.last_position.repeat_interleave(times, dim=0),
        )


@dataclass(frozen=True)
class Batch:
    """One training batch of robot data, in the model's normalised space.

    action_mask is 1 where the embodiment uses the slot and the sample shows what it is told; robots of a
    shorter horizon have 0 behind it. seeds: all randomness of a sample comes from its own, so its noise does
    not depend on its neighbours. shared_seed: of what all samples of an optimiser step draw together.
    origin: of each sample, for messages ("my_set, episode 3, frame 120"). committed: ticks at each chunk's
    beginning that are not to be learnt, only to be gone on from.
    """

    vlm: VLMInputs
    state: Float[Tensor, "b 1 s"]
    actions: Float[Tensor, "b t d"]
    action_mask: Float[Tensor, "b t d"]
    seeds: Int[Tensor, " b"]
    shared_seed: Int[Tensor, ""]
    origin: tuple[str, ...]
    committed: Int[Tensor, " b"]

    def where(self, shown: Bool[Tensor, " b"]) -> Batch:
        """The same batch, with the actions of other rows masked."""
        return replace(self, action_mask=self.action_mask * shown[:, None, None])


@dataclass(frozen=True)
class LanguageBatch:
    """Vision-language samples; `answer` marks the tokens to be predicted."""

    inputs: VLMInputs
    answer: Bool[Tensor, "b l"]
