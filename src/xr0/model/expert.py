"""The action expert and what it is made to attend to: keys and values of whatever reads the observation."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from xr0.config import Contract, DiTConfig
from xr0.model import flow, guidance, masks, positions
from xr0.model.dit import DiT, Projector, TimeEmbedder, TimeProjector
from xr0.types import Context, VLMInputs


@dataclass(frozen=True)
class Layout:
    """Where the action expert's tokens stand and whom they see: rotary table, mask, position ids."""

    table: tuple[Float[Tensor, "b 1 q e"], Float[Tensor, "b 1 q e"]]
    mask: Bool[Tensor, "b 1 q k"]
    positions: Int[Tensor, "b q"]


class Expert(nn.Module):
    """The DiT with its ends, behind `vlm`: a module that reads the observation.

    How its reading becomes a context is `encode`'s to say, the only thing that models differ in.
    """

    def __init__(self, dit: DiTConfig, state_dim: int, action_dim: int, vlm: nn.Module) -> None:
        super().__init__()
        size = dit.hidden_size
        self.vlm = vlm
        self.dit = DiT(dit)
        self.sink = nn.Embedding(1, size)
        self.state_projector = Projector(state_dim, size, size)
        self.action_projector = Projector(action_dim, size, size)
        self.action_output_layer = Projector(size, action_dim, action_dim)
        self.t_embedder = TimeEmbedder(size)
        self.t_projector = TimeProjector(size)
        self.dit_config = dit

    def encode(self, inputs: VLMInputs) -> Context:
        """Read the observation."""
        raise NotImplementedError

    def modulation(self, t: Float[Tensor, " b"]) -> Float[Tensor, "b 6 c"]:
        """What flow time does to every layer."""
        return self.t_projector(self.t_embedder(t))

    def schedule(self, steps: int) -> Float[Tensor, "k 6 c"]:
        """The modulations of an integration in `steps` steps: constants of the weights."""
        weight = self.sink.weight
        return self.modulation(torch.tensor(flow.times(steps), dtype=weight.dtype, device=weight.device))

    def leading(self, state: Float[Tensor, "b 1 s"]) -> Float[Tensor, "b 2 c"]:
        """The tokens before the actions: sink and state."""
        return torch.cat([self.sink.weight.expand(len(state), -1, -1), self.state_projector(state)], dim=1)

    def velocity(
        self,
        x: Float[Tensor, "b t d"],
        modulation: Float[Tensor, "b 6 c"],
        leading: Float[Tensor, "b 2 c"],
        context: Context,
        action_mask: Float[Tensor, "b t d"],
        layout: Layout,
    ) -> Float[Tensor, "b t d"]:
        """One DiT call: d x / d t. Unused action slots are zeroed on the way in."""
        tokens = torch.cat([leading, self.action_projector(x * action_mask)], dim=1)
        out = self.dit(tokens, modulation, layout.table, context.keys, context.values, layout.mask)
        return self.action_output_layer(out[:, masks.LEADING_TOKENS :])

    def layout(
        self,
        context: Context,
        horizon: int,
        prefix_lengths: Int[Tensor, " b"],
        contract: Contract,
        own: Bool[Tensor, "b q q"] | None = None,
    ) -> Layout:
        """Of a call under a contract; `own` stands in for the contract's mask among the expert's tokens."""
        ids = positions.dit_positions(context.last_position, horizon, prefix_lengths, contract.offset)
        dit = self.dit_config
        table = positions.rotary_table(ids, dit.head_dim, dit.rope_theta, contract.rounded_rope)
        if own is None:
            own = masks.action_mask_dit(horizon, contract.window, context.mask.device)[None]
        dtype = self.sink.weight.dtype
        return Layout((table[0].to(dtype), table[1].to(dtype)), masks.with_context(own, context.mask), ids)

    def sample(
        self,
        context: Context,
        state: Float[Tensor, "b 1 s"],
        action_mask: Float[Tensor, "b t d"],
        noise: Float[Tensor, "b t d"],
        contract: Contract,
        schedule: Float[Tensor, "k 6 c"],
        prefix: flow.Prefix | None = None,
        guide: guidance.Guide | None = None,
    ) -> Float[Tensor, "b t d"]:
        """Actions by Euler integration; the prefix, if any, comes back untouched, a guide leads."""
        batch, horizon, _ = noise.shape
        none = torch.zeros(batch, dtype=torch.long, device=noise.device)
        layout = self.layout(context, horizon, none if prefix is None else prefix.lengths, contract)
        leading = self.leading(state)

        def velocity(x: Float[Tensor, "b t d"], k: int) -> Float[Tensor, "b t d"]:
            return self.velocity(x, schedule[k].expand(batch, -1, -1), leading, context, action_mask, layout)

        steps = len(schedule)
        if guide is not None:
            return flow.euler(guidance.guided(velocity, guide, steps), guide.start(noise), steps, prefix)
        return flow.euler(velocity, noise, steps, prefix)
