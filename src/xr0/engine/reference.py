"""How the released model is run today: transformers' eager forward with logits, then a plain Python loop.

It shares its weights with the other executions, and is the slow twin of `VLA.encode` and `VLA.sample`: no
layer is left out, time is embedded anew in every step, and the whole cache is built.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from jaxtyping import Float
from torch import Tensor

from xr0.config import ExecutionName
from xr0.engine.execution import Model
from xr0.engine.prepared import Prepared, Watch
from xr0.model import flow, guidance, vlm
from xr0.model.vla import VLA
from xr0.types import Context, VLMInputs


class Reference:
    """Transformers' forward as it is."""

    name: ExecutionName = "reference"

    def __init__(self, model: Model) -> None:
        self._model = model

    def __call__(self, given: Prepared, watch: Watch) -> Float[Tensor, "b t d"]:
        """See `Execution`."""
        vla, watch.by = self._model.vla, self.name
        with eager_attention(vla), _marking_vision(vla, watch):
            context = encode(vla, given.inputs)
        watch.mark()
        return self._sample(context, given)

    def prepare(self, given: Prepared, largest_batch: int) -> None:
        """Nothing to be done."""

    def _sample(self, context: Context, given: Prepared) -> Float[Tensor, "b t d"]:
        """Euler steps, each with its own embedding of time."""
        vla, steps, prefix, guide = self._model.vla, self._model.steps, given.prefix, given.guide
        batch, horizon, _ = given.noise.shape
        lengths = context.last_position.new_zeros(batch) if prefix is None else prefix.lengths
        layout = vla.layout(context, horizon, lengths, self._model.contract)
        leading = vla.leading(given.state)

        def velocity(x: Float[Tensor, "b t d"], k: int) -> Float[Tensor, "b t d"]:
            t = torch.full((batch,), flow.times(steps)[k], dtype=x.dtype, device=x.device)
            return vla.velocity(x, vla.modulation(t), leading, context, given.action_mask, layout)

        if guide is not None:
            led = guidance.guided(velocity, guide, steps)
            return flow.euler(led, guide.start(given.noise), steps, prefix)
        return flow.euler(velocity, given.noise, steps, prefix)


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


@contextmanager
def _marking_vision(vla: VLA, watch: Watch) -> Iterator[None]:
    """transformers' forward does not part the vision tower from the rest."""
    hook = vla.vlm.model.visual.register_forward_hook(lambda *_: watch.mark())
    try:
        yield
    finally:
        hook.remove()
