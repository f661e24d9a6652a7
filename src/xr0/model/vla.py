"""The figure as code: a VLM hands its keys and values to a diffusion transformer that makes actions."""

from __future__ import annotations

from torch import nn

from xr0.config import ModelConfig
from xr0.model import prefill, vlm
from xr0.model.expert import Expert
from xr0.model.vlm import Qwen3VL
from xr0.types import Context, VLMInputs


class VLA(Expert):
    """Brain and cerebellum. The state dict carries the released names and shapes."""

    vlm: Qwen3VL

    def __init__(self, config: ModelConfig, brain: Qwen3VL | None = None) -> None:
        """brain: the VLM that `config` describes, where there is one already."""
        brain = vlm.build(config.vlm) if brain is None else brain
        super().__init__(config.dit, config.state_dim, config.action_dim, brain)
        self.config = config

    @property
    def expert(self) -> nn.ModuleList:
        """Everything but the VLM: what flow matching trains."""
        return nn.ModuleList(module for name, module in self.named_children() if name != "vlm")

    def encode(self, inputs: VLMInputs) -> Context:
        """Prefill: one VLM pass, with keys and values repeated up to the DiT's heads."""
        return self.encode_context(inputs, prefill.encode_images(self.vlm, inputs), None)

    def encode_context(
        self, inputs: VLMInputs, features: prefill.ImageFeatures, opening: prefill.Opening | None
    ) -> Context:
        """The second half of `encode`, behind the vision tower."""
        context = prefill.encode_context(self.vlm, inputs, features, self.config.dit.num_layers, opening)
        groups = self.config.dit.num_heads // context.keys[0].shape[1]
        if groups == 1:
            return context
        return Context(
            tuple(k.repeat_interleave(groups, dim=1) for k in context.keys),
            tuple(v.repeat_interleave(groups, dim=1) for v in context.values),
            context.mask,
            context.last_position,
        )
