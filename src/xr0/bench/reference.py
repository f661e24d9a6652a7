"""How the released model is run today: transformers' eager forward with logits, then a plain Python loop.

It shares its weights with ours, and is the slow twin of `VLA.encode` and `VLA.sample`: no layer is left out,
time is embedded anew in every step, and the whole cache is built.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from jaxtyping import Float
from torch import Tensor

from xr0.config import FLOW_STEPS, Contract
from xr0.model import flow, vlm
from xr0.model.vla import VLA
from xr0.types import Context, VLMInputs


@contextmanager
def eager_attention(vla: VLA) -> Iterator[None]:
    """transformers' eager attention inside, SDPA again afterwards."""
    vla.vlm.set_attn_implementation("eager")
    try:
        yield
    finally:
        vla.vlm.set_attn_implementation("sdpa")


def encode(vla: VLA, inputs: VLMInputs) -> Context:
    """The whole VLM with its logits, and the keys and values of all its layers; the last ones are read."""
    context = vlm.encode_whole(vla.vlm, inputs, vla.config.dit.num_layers)
    groups = vla.config.dit.num_heads // context.keys[0].shape[1]
    return Context(
        tuple(k.repeat_interleave(groups, dim=1) for k in context.keys),
        tuple(v.repeat_interleave(groups, dim=1) for v in context.values),
        context.mask,
        context.last_position,
    )


def sample(
    vla: VLA,
    context: Context,
    state: Float[Tensor, "b 1 s"],
    action_mask: Float[Tensor, "b t d"],
    noise: Float[Tensor, "b t d"],
    contract: Contract,
) -> Float[Tensor, "b t d"]:
    """Euler steps without a prefix, each with its own embedding of time."""
    batch, horizon, _ = noise.shape
    lengths = torch.zeros(batch, dtype=torch.long, device=noise.device)
    layout = vla.layout(context, horizon, lengths, contract)
    leading = vla.leading(state)

    def velocity(x: Float[Tensor, "b t d"], k: int) -> Float[Tensor, "b t d"]:
        t = torch.full((batch,), k / FLOW_STEPS, dtype=x.dtype, device=x.device)
        return vla.velocity(x, vla.modulation(t), leading, context, action_mask, layout)

    return flow.euler(velocity, noise, FLOW_STEPS)
