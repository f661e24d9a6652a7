"""The executions of an inference: each computes the same, the next one faster.

reference   as the released model is run: transformers' eager forward with logits, then a plain loop
eager       layer by layer, without what nobody reads
graph       fused, with all that is known before worked out once; on a GPU captured as CUDA graphs
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from jaxtyping import Float
from torch import Tensor

from xr0.config import Contract, ExecutionName
from xr0.engine.prepared import Prepared, Watch
from xr0.model import prefill
from xr0.model.vla import VLA


@dataclass(frozen=True)
class Model:
    """What every execution runs. opening: what all its prompts begin with, where they do."""

    vla: VLA
    contract: Contract
    steps: int
    opening: prefill.Opening | None


@runtime_checkable  # hints are checked in tests
class Execution(Protocol):
    """One way to compute actions."""

    name: ExecutionName

    def __call__(self, given: Prepared, watch: Watch) -> Float[Tensor, "b t d"]:
        """Actions. Marks where vision and prefill end, and by whom."""
        ...

    def prepare(self, given: Prepared, largest_batch: int) -> None:
        """Be ready for batches of requests like the one that is given, so that no real one has to wait."""
        ...


class Eager:
    """Layer by layer (`model.prefill`, `Expert.sample`)."""

    name: ExecutionName = "eager"

    def __init__(self, model: Model) -> None:
        self._model = model
        self._schedule = model.vla.schedule(model.steps)

    def __call__(self, given: Prepared, watch: Watch) -> Float[Tensor, "b t d"]:
        """See `Execution`."""
        vla, contract, watch.by = self._model.vla, self._model.contract, self.name
        features = prefill.encode_images(vla.vlm, given.inputs)
        watch.mark()
        context = vla.encode_context(given.inputs, features, self._model.opening)
        watch.mark()
        how = (contract, self._schedule, given.prefix, given.guide)
        return vla.sample(context, given.state, given.action_mask, given.noise, *how)

    def prepare(self, given: Prepared, largest_batch: int) -> None:
        """Nothing to be done."""
