"""The benchmark's policy: XR-0's action expert behind a reader of measured things instead of a VLM.

Every thing that is sensed is a token; its keys and values are the context, so what was committed and what is
seen compete in the action expert as they do in the full model.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from xr0.config import DiTConfig
from xr0.model import positions
from xr0.model.dit import Projector, RMSNorm
from xr0.model.expert import Expert
from xr0.types import Context, VLMInputs
from xr0_robot.sims.seam.base import MODEL_DIM

DIT = DiTConfig(hidden_size=64, num_layers=4, head_dim=16, rope_theta=10_000.0)
"""Four layers, so that a prefix can reach past a window of 4 by way of the layers, as in the full model."""

READING_DIM = 4
"""Numbers of a thing that is sensed, at most."""

KINDS = 8
"""Things that can be told apart."""


class Reader(nn.Module):
    """Readings to a token each, and the tokens' keys and values for every layer of the action expert."""

    def __init__(self, dit: DiTConfig) -> None:
        super().__init__()
        size = dit.hidden_size
        self.dit = dit
        self.embed_kind = nn.Embedding(KINDS, size)
        self.reading_projector = Projector(READING_DIM, size, size)
        self.mixed = Projector(size, size, size)
        self.keys = nn.ModuleList(nn.Linear(size, size, bias=False) for _ in range(dit.num_layers))
        self.values = nn.ModuleList(nn.Linear(size, size, bias=False) for _ in range(dit.num_layers))
        self.key_norm = RMSNorm(dit.head_dim)

    def forward(
        self, kinds: Int[Tensor, "b l"], readings: Float[Tensor, "b l r"], mask: Bool[Tensor, "b l"]
    ) -> Context:
        """Tokens stand one after another, those in use first."""
        token = self.embed_kind(kinds) + self.reading_projector(readings)
        token = token + self.mixed(token)
        batch, length, _ = token.shape
        place = torch.arange(length, device=token.device).expand(batch, -1)
        table = positions.rotary_table(place, self.dit.head_dim, self.dit.rope_theta, rounded=False)
        keys = [positions.rotate(self.key_norm(self._heads(key(token))), table) for key in self.keys]
        values = [self._heads(value(token)) for value in self.values]
        return Context(tuple(keys), tuple(values), mask, mask.sum(1) - 1)

    def _heads(self, x: Float[Tensor, "b l c"]) -> Float[Tensor, "b n l e"]:
        return x.unflatten(-1, (self.dit.num_heads, self.dit.head_dim)).transpose(1, 2)


class StateExpert(Expert):
    """The action expert with its reader; about 0.4 M parameters.

    It takes readings where a VLM takes words and pictures: `input_ids` are the things' kinds, the patches
    their numbers.
    """

    vlm: Reader

    def __init__(self, dit: DiTConfig = DIT) -> None:
        super().__init__(dit, MODEL_DIM, MODEL_DIM, Reader(dit))

    def encode(self, inputs: VLMInputs) -> Context:
        """Read the observation."""
        kinds = inputs.input_ids
        readings = inputs.pixel_values.view(*kinds.shape, READING_DIM)
        return self.vlm(kinds, readings, inputs.attention_mask.bool())


def parameters(model: nn.Module) -> int:
    """How many."""
    return sum(parameter.numel() for parameter in model.parameters())
