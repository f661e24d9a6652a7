"""The action expert's whole integration, with all that depends on flow time alone worked out once.

AdaLN costs nothing here: in a given step a norm's weight is w (1 + scale), and its shift goes through the
product behind it into that one's bias (equations: `model.dit`):

    (RMS(x) w (1 + scale) + shift) W^T + b  =  (RMS(x) w') W^T + b'       w' = w (1 + scale)
                                                                       b' = b + shift W^T

The context's keys and values are written once, before the expert's own, which each step overwrites.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from xr0.config import RMS_EPS, Contract
from xr0.engine.operations import Memory, Operations, Table, signed
from xr0.engine.prepared import Prepared
from xr0.engine.products import Product
from xr0.model import masks, positions
from xr0.model.dit import Layer, Projector
from xr0.model.expert import Expert
from xr0.types import Context


@dataclass(frozen=True)
class Start:
    """Where an integration starts, and how its ticks move. held: those of a prefix, which never do; speed: of
    the others, 1 but where a guide leads by ramp."""

    x: Float[Tensor, "b t d"]
    held: Bool[Tensor, "b t 1"]
    speed: Float[Tensor, "b t 1"]
    prefix_lengths: Int[Tensor, " b"]

    @staticmethod
    def of(given: Prepared) -> Start:
        """Of a batch that no gradient leads."""
        noise, prefix, guide = given.noise, given.prefix, given.guide
        x = noise if guide is None else guide.start(noise)
        speed = torch.ones_like(noise[..., :1]) if guide is None else guide.speed
        if prefix is None:
            never = torch.zeros_like(speed, dtype=torch.bool)
            return Start(x, never, speed, never.new_zeros(len(x), dtype=torch.long))
        held = prefix.held()
        return Start(torch.where(held, prefix.actions, x), held, speed, prefix.lengths)


class FusedLayer:
    """One DiT layer in all steps of an integration: of what a step changes there is one for each."""

    def __init__(self, layer: Layer, schedule: Float[Tensor, "k 6 c"], operations: Operations) -> None:
        self._do, attention, mlp = operations, layer.attn, layer.mlp
        shift1, scale1, gate1, shift2, scale2, gate2 = (layer.adaln_table + schedule).float().unbind(1)
        self.qkv, self.out = Product.of(attention.qkv_proj), Product.of(attention.o_proj)
        self.gate_up, self.down = Product.of(mlp.gate_proj, mlp.up_proj), Product.of(mlp.down_proj)
        self.norms = (attention.q_norm.weight, attention.k_norm.weight)
        self.norm1, self.bias1 = _folded(layer.input_layernorm.weight, scale1, shift1, self.qkv)
        self.norm2, self.bias2 = _folded(layer.post_layernorm.weight, scale2, shift2, self.gate_up)
        self.gate1, self.gate2 = (gate.to(schedule.dtype).unbind(0) for gate in (gate1, gate2))
        self.middle, self.final = layer.middle_layernorm.weight, layer.final_layernorm.weight

    def __call__(
        self,
        x: Float[Tensor, "b q c"],
        k: int,
        table: Table,
        memory: Memory,
        mask: Float[Tensor, "b 1 q m"],
    ) -> Float[Tensor, "b q c"]:
        """Step k; writes the tokens' own keys and values behind the context's."""
        do, eps = self._do, RMS_EPS
        qkv = self.qkv.plain(do.norm(x, self.norm1[k], eps))
        query = do.heads(qkv, memory, table, self.norms, self.bias1[k], eps)
        a = F.scaled_dot_product_attention(query, *memory, attn_mask=mask)
        a = self.out.plain(a.transpose(1, 2).flatten(2))
        x = do.residual(x, a, gate=self.gate1[k], middle=self.middle, eps=eps)
        m = do.swiglu(self.gate_up.plain(do.norm(x, self.norm2[k], eps)), self.bias2[k])
        return do.residual(x, self.down.plain(m), gate=self.gate2[k], middle=self.final, eps=eps)


class Denoiser:
    """Context, state and start to actions in so many Euler steps, under one contract."""

    def __init__(self, expert: Expert, contract: Contract, steps: int, operations: Operations) -> None:
        schedule = expert.schedule(steps)
        self.layers = [FusedLayer(layer, schedule, operations) for layer in expert.dit.stack()]
        self.steps, self.contract, self.heads = steps, contract, expert.dit_config.num_heads
        self.sink = expert.sink.weight
        self.state, self.action, self.velocity = map(
            _projector, (expert.state_projector, expert.action_projector, expert.action_output_layer)
        )
        dit = expert.dit_config
        frequencies = positions.inverse_frequencies(dit.head_dim, dit.rope_theta, contract.rounded_rope)
        self.frequencies = frequencies.to(self.sink.device)

    def __call__(
        self,
        context: Context,
        state: Float[Tensor, "b 1 s"],
        action_mask: Float[Tensor, "b t d"],
        start: Start,
    ) -> Float[Tensor, "b t d"]:
        """Actions; what is held comes back untouched."""
        x, h = start.x, 1.0 / self.steps
        leading = torch.cat([self.sink.expand(len(x), -1, -1), _through(self.state, state)], dim=1)
        table, mask = self._table(context, start), self._mask(context, x.shape[1])
        room = mask.shape[-1]
        memories = [
            (self._memory(key, room), self._memory(value, room))
            for key, value in zip(context.keys, context.values, strict=True)
        ]
        for k in range(self.steps):
            tokens = torch.cat([leading, _through(self.action, x * action_mask)], dim=1)
            for layer, memory in zip(self.layers, memories, strict=True):
                tokens = layer(tokens, k, table, memory, mask)
            v = _through(self.velocity, tokens[:, masks.LEADING_TOKENS :])
            x = torch.where(start.held, x, x + start.speed * v * h)
        return x

    def _table(self, context: Context, start: Start) -> Table:
        horizon, offset = start.x.shape[1], self.contract.offset
        ids = positions.dit_positions(context.last_position, horizon, start.prefix_lengths, offset)
        angle = ids.flatten()[:, None].float() * self.frequencies
        angle = torch.cat([angle, angle], dim=-1)
        return signed(angle.cos().to(self.sink.dtype), angle.sin().to(self.sink.dtype))

    def _mask(self, context: Context, horizon: int) -> Float[Tensor, "b 1 q m"]:
        """Added to the scores."""
        own = masks.action_mask_dit(horizon, self.contract.window, self.sink.device)
        visible = masks.with_context(own.expand(len(context.mask), -1, -1), context.mask)
        return torch.zeros_like(visible, dtype=self.sink.dtype).masked_fill_(~visible, -torch.inf)

    def _memory(self, given: Float[Tensor, "b k l e"], length: int) -> Float[Tensor, "b n m e"]:
        """The context's, once for each of the expert's heads, with room for its own."""
        b, k, seen, e = given.shape
        room = given.new_empty(b, self.heads, length, e)
        room[:, :, :seen].view(b, k, self.heads // k, seen, e).copy_(given[:, :, None])
        return room


def _folded(
    weight: Float[Tensor, " c"], scale: Float[Tensor, "k c"], shift: Float[Tensor, "k c"], product: Product
) -> tuple[Sequence[Float[Tensor, " c"]], Sequence[Float[Tensor, " o"]]]:
    """w' and b' of every step."""
    bias = shift @ product.weight.float().t()
    bias = bias if product.bias is None else bias + product.bias
    return (weight * (1 + scale)).to(weight.dtype).unbind(0), bias.to(weight.dtype).unbind(0)


def _projector(projector: Projector) -> tuple[Product, Product]:
    first, second = (layer for layer in projector.layers if isinstance(layer, nn.Linear))
    return Product.of(first), Product.of(second)


def _through(projector: tuple[Product, Product], x: Tensor) -> Tensor:
    first, second = projector
    return second(F.gelu(first(x), approximate="tanh"))
