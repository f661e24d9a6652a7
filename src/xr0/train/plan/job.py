"""What is planned: a stage of a model's shape, on so many GPUs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from xr0.config import ModelConfig
from xr0.transform.images import ImageSpec, target_size

Stage = Literal["pretrain-choice", "pretrain-flow", "post-train"]
Part = Literal["expert", "lora", "all"]

TEXT_TOKENS = 60
"""Of a prompt beside its views: the released one with a sentence of a dozen words."""

ROBOT_PER_LANGUAGE = 6
"""Robot samples for each vision-language one (arXiv 2602.12684, pre-training, step 1)."""


@dataclass(frozen=True)
class Job:
    """batch: samples of an optimiser step, over all GPUs and micro-batches. pixels: sides of a view.

    ValueError for what no run can be.
    """

    stage: Stage
    config: ModelConfig
    images: ImageSpec
    part: Part
    gpus: int = 1
    batch: int = 32
    accumulate: int = 1
    bf16: bool = True
    fsdp: bool = False
    checkpointing: bool = False
    ema: bool = False
    views: int = 2
    pixels: int = 256
    horizon: int = 30

    def __post_init__(self) -> None:
        for name in ("gpus", "batch", "accumulate", "views", "pixels", "horizon"):
            if getattr(self, name) < 1:
                raise ValueError(f"plan: {name}: got {getattr(self, name)}, expected 1 or more")
        if self.batch % (self.gpus * self.accumulate):
            raise ValueError(
                f"plan: batch: got {self.batch}, expected a multiple of {self.gpus} GPUs x {self.accumulate} "
                "micro-batches"
            )
        if self.stage == "pretrain-choice" and self.part != "all":
            raise ValueError(f"plan: trainable: got {self.part}, pretrain-choice trains all of the VLM")

    @property
    def rows(self) -> int:
        """Samples that one GPU holds at a time."""
        return self.batch // (self.gpus * self.accumulate)

    @property
    def language_rows(self) -> int:
        """Vision-language samples beside them; stage 1 alone has any."""
        return -(-self.rows // ROBOT_PER_LANGUAGE) if self.stage == "pretrain-choice" else 0

    @property
    def patches(self) -> int:
        """Of one view, behind the image rule."""
        height, width = target_size(self.pixels, self.pixels, self.images)
        return height * width // self.images.patch**2

    @property
    def tokens(self) -> int:
        """Of a sample's context."""
        return TEXT_TOKENS + self.views * self.patches // self.images.merge**2
