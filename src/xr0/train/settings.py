"""What a run learns with and how it is computed. Recipes fill it in; nonsense is refused by name."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Precision = Literal["float32", "bf16"]
"""That a run computes in."""


@dataclass(frozen=True)
class Execution:
    """How a run is computed and watched: speed, memory and files, not what is learnt.

    Args:
        accumulate: micro-batches of an optimiser step.
        shard: how several processes share the model: each has all of it (ddp) or its part (fsdp).
        save_every: steps between saves.
        save_minutes: a save also comes when the last is so old.
        validate_every: steps between looks at held-out samples.
        validate_on: how many of them.
        log_every: steps between rows of metrics.jsonl and TensorBoard.
        workers: processes that make batches; 0 makes them in the training process.
        tracker: a package that is told as well what is logged.
    """

    accumulate: int = 1
    shard: Literal["ddp", "fsdp"] = "ddp"
    save_every: int = 100
    save_minutes: float = 5.0
    validate_every: int = 100
    validate_on: int = 64
    log_every: int = 20
    workers: int = 0
    tracker: Literal["wandb", "trackio"] | None = None

    def __post_init__(self) -> None:
        for name in ("accumulate", "save_every", "validate_every", "validate_on", "log_every"):
            require(name, getattr(self, name), at_least=1)
        require("workers", self.workers, at_least=0)
        require("save_minutes", self.save_minutes, above=0)


@dataclass(frozen=True)
class TrainSettings:
    """What a run learns with: whatever changes its weights.

    Args:
        steps: of the optimiser.
        batch: samples of a step, over all processes.
        lr: highest learning rate of AdamW.
        muon_lr: of Muon, which then has the hidden matrices; None leaves all to AdamW.
        warmup: steps from start_share * lr to lr.
        schedule: behind the warm-up: the cosine down to final_share * lr, or constant.
        start_share: of lr, where the warm-up begins.
        final_share: of lr, where the cosine ends.
        weight_decay: of matrices; vectors do not decay.
        grad_clip: largest norm of a gradient.
        ema: decay of the average of the weights that is validated and exported; 0 keeps none.
        precision: bf16 is autocast: weights that are trained stay float32, frozen ones are stored in
            bfloat16.
        seed: of all that is random.
        execution: how it is computed.
    """

    steps: int
    batch: int
    lr: float
    muon_lr: float | None = None
    warmup: int = 0
    schedule: Literal["cosine", "constant"] = "cosine"
    start_share: float = 0.0
    final_share: float = 0.0
    weight_decay: float = 0.0
    grad_clip: float = 1.0
    ema: float = 0.0
    precision: Precision = "float32"
    seed: int = 0
    execution: Execution = field(default_factory=Execution)

    def __post_init__(self) -> None:
        require("steps", self.steps, at_least=1)
        require("batch", self.batch, at_least=1)
        require("lr", self.lr, above=0)
        if self.muon_lr is not None:
            require("muon_lr", self.muon_lr, above=0)
        require("warmup", self.warmup, at_least=0)
        require("start_share", self.start_share, at_least=0, at_most=1)
        require("final_share", self.final_share, at_least=0, at_most=1)
        require("weight_decay", self.weight_decay, at_least=0)
        require("grad_clip", self.grad_clip, above=0)
        require("ema", self.ema, at_least=0, below=1)
        require("seed", self.seed, at_least=0)
        if self.execution.shard == "fsdp" and self.muon_lr is not None:
            raise ValueError("shard fsdp: Muon needs whole matrices; leave muon_lr out (AdamW) or shard ddp")

    def rows(self, processes: int) -> int:
        """Samples of a micro-batch of one process; ValueError where the batch cannot be split so."""
        parts = processes * self.execution.accumulate
        if self.batch % parts:
            raise ValueError(
                f"batch {self.batch}: cannot be split over {processes} processes x accumulate "
                f"{self.execution.accumulate}; expected a multiple of {parts}"
            )
        return self.batch // parts

    def identity(self) -> Mapping[str, Any]:
        """What makes a run another run; its execution does not."""
        return {name: value for name, value in asdict(self).items() if name != "execution"}


def require(
    name: str,
    value: float | int,
    at_least: float | int = -math.inf,
    above: float | int = -math.inf,
    at_most: float | int = math.inf,
    below: float | int = math.inf,
) -> None:
    """ValueError, with the name, for a value outside of its bounds; NaN is outside of any."""
    if at_least <= value <= at_most and above < value < below:
        return
    bounds = [
        f"{word} {bound:g}"
        for word, bound in ((">=", at_least), (">", above), ("<=", at_most), ("<", below))
        if math.isfinite(bound)
    ]
    raise ValueError(f"{name}: got {value}, expected {' and '.join(bounds)}")
