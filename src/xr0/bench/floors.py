"""Below which no execution of an inference comes on a machine with known ceilings, by stage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from xr0.config import FLOW_STEPS, ModelConfig
from xr0.model import work
from xr0.model.work import Ceilings, Work


@dataclass(frozen=True)
class Inference:
    """A batch of observations to one chunk each, by their sizes.

    patches: of each view of a row; tokens: of the context; read_before: of them, those whose keys and values
    are kept between requests; horizon: ticks of the chunk; itemsize: bytes of a weight.
    """

    config: ModelConfig
    patches: tuple[int, ...]
    tokens: int
    read_before: int
    horizon: int
    itemsize: int
    steps: int = FLOW_STEPS
    batch: int = 1

    @property
    def stages(self) -> Mapping[str, Work]:
        """What each must compute and read."""
        sizes = self.config, self.tokens
        return {
            "vision": work.vision(self.config, list(self.patches) * self.batch, self.itemsize),
            "prefill": work.prefill(*sizes, self.read_before, self.itemsize, self.batch),
            "denoise": work.denoise(*sizes, self.horizon, self.steps, self.itemsize, self.batch),
        }


def floors(inference: Inference, limits: Ceilings) -> dict[str, Any]:
    """JSON-able: the ceilings, each stage's work and floor [ms], and their sum."""
    stages = {name: {**asdict(w), "floor_ms": w.floor_ms(limits)} for name, w in inference.stages.items()}
    return {
        "ceilings": asdict(limits),
        "stages": stages,
        "total_ms": sum(stage["floor_ms"] for stage in stages.values()),
    }
