"""The figure as code: a VLM hands its keys and values to a diffusion transformer that makes actions."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from xr0.config import Contract, ModelConfig
from xr0.model import flow, masks, positions, vlm
from xr0.model.dit import DiT, Projector, TimeEmbedder, TimeProjector
from xr0.types import Context, VLMInputs


class VLA(nn.Module):
    """Brain and cerebellum. The state dict carries the released names and shapes."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        size = config.dit.hidden_size
        self.vlm = vlm.build(config.vlm)
        self.dit = DiT(config.dit)
        self.sink = nn.Embedding(1, size)
        self.state_projector = Projector(config.state_dim, size, size)
        self.action_projector = Projector(config.action_dim, size, size)
        self.action_output_layer = Projector(size, config.action_dim, config.action_dim)
        self.t_embedder = TimeEmbedder(size)
        self.t_projector = TimeProjector(size)

    @property
    def expert(self) -> nn.ModuleList:
        """Everything but the VLM: what flow matching trains."""
        return nn.ModuleList(module for name, module in self.named_children() if name != "vlm")

    def encode(self, inputs: VLMInputs) -> Context:
        """Prefill: one VLM pass, with keys and values repeated up to the DiT's heads."""
        context = vlm.encode(self.vlm, inputs, self.config.dit.num_layers)
        groups = self.config.dit.num_heads // context.keys[0].shape[1]
        return Context(
            tuple(k.repeat_interleave(groups, dim=1) for k in context.keys),
            tuple(v.repeat_interleave(groups, dim=1) for v in context.values),
            context.mask,
            context.last_position,
        )

    def velocity(
        self,
        x: Float[Tensor, "b t d"],
        t: Float[Tensor, " b"],
        context: Context,
        state: Float[Tensor, "b 1 s"],
        action_mask: Float[Tensor, "b t d"],
        positions_and_mask: tuple[tuple[Tensor, Tensor], Bool[Tensor, "b 1 q k"]],
    ) -> Float[Tensor, "b t d"]:
        """One DiT call: d x / d t at (x, t). Unused action slots are zeroed on the way in."""
        table, mask = positions_and_mask
        sink = self.sink.weight.expand(len(x), -1, -1)
        tokens = torch.cat([sink, self.state_projector(state), self.action_projector(x * action_mask)], dim=1)
        modulation = self.t_projector(self.t_embedder(t))
        out = self.dit(tokens, modulation, table, context.keys, context.values, mask)
        return self.action_output_layer(out[:, masks.LEADING_TOKENS :])

    def layout(
        self,
        context: Context,
        horizon: int,
        prefix_length: int,
        contract: Contract,
        hidden: Bool[Tensor, " n"] | None = None,
    ) -> tuple[tuple[Tensor, Tensor], Bool[Tensor, "b 1 q k"]]:
        """Rotary table and attention mask of a call under a contract; `hidden` drops prefix tokens."""
        ids = positions.dit_positions(context.last_position, horizon, prefix_length, contract.offset)
        table = positions.rotary_table(ids, self.config.dit.head_dim, self.config.dit.rope_theta)
        own = masks.action_mask_dit(horizon, contract.window, context.mask.device)
        if hidden is not None:
            own = masks.hide_prefix(own, hidden, prefix_length)
        dtype = self.sink.weight.dtype
        return (table[0].to(dtype), table[1].to(dtype)), masks.with_context(own, context.mask)

    def sample(
        self,
        context: Context,
        state: Float[Tensor, "b 1 s"],
        action_mask: Float[Tensor, "b t d"],
        noise: Float[Tensor, "b t d"],
        contract: Contract,
        steps: int,
        prefix: Float[Tensor, "b p d"] | None = None,
    ) -> Float[Tensor, "b t d"]:
        """Actions by Euler integration; the prefix, if any, comes back untouched."""
        prefix_length = 0 if prefix is None else prefix.shape[1]
        layout = self.layout(context, noise.shape[1], prefix_length, contract)
        return flow.euler(
            lambda x, t: self.velocity(x, t, context, state, action_mask, layout), noise, steps, prefix
        )
