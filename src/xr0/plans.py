"""What robots have planned, as a model continues it or is led along it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from xr0.model import flow, guidance
from xr0.transform import actions as layout
from xr0.transform.normalize import Stats
from xr0_robot.types import Embodiment, Guide, finite_vector

MAX_DEVIATION = 1000.0
"""Of a state or a plan from the training data's mean, in standard deviations; in the robot's own units where
a checkpoint does not normalise its states, as the released ones. No robot that the model could move gets so
far: what lies beyond is a broken sensor or another unit. Every dtype holds more (float16: 65504)."""


@dataclass(frozen=True)
class Plans:
    """Of one kind of robot: commands in its native numbers to the model's tensors, in `dtype` on `device`.

    Each plan is seen from its own robot's state, so none needs to be anchored anew. ValueError, one line, for
    commands of another width, with NaN or beyond MAX_DEVIATION.
    """

    embodiment: Embodiment
    stats: Stats
    device: torch.device
    dtype: torch.dtype

    def prefix(self, plans: Sequence[np.ndarray | None], states: Sequence[np.ndarray]) -> flow.Prefix | None:
        """Committed commands [p, native_dim] of each row, None or none where a row has no prefix."""
        if not any(plan is not None and len(plan) > 0 for plan in plans):
            return None
        return flow.Prefix(*self._joined("prefix", plans, states))

    def guide(
        self,
        guides: Sequence[Guide | None],
        states: Sequence[np.ndarray],
        action_mask: Float[Tensor, "b t d"],
    ) -> guidance.Guide | None:
        """What leads each row, where something does; ValueError also for more rows than a chunk has."""
        if not any(guides):
            return None
        longest = max(len(guide.rows) for guide in guides if guide)
        if longest > self.stats.horizon:
            raise ValueError(f"guide: got {longest} ticks, a chunk has {self.stats.horizon}")
        plan, lengths = self._joined("guide", [guide.rows if guide else None for guide in guides], states)
        delays = torch.tensor([guide.delay if guide else 0 for guide in guides], device=self.device)
        by_gradient = [guide is not None and guide.by == "gradient" for guide in guides]
        gradient = torch.tensor(by_gradient, device=self.device)
        return guidance.Guide.of(plan, lengths, delays, gradient, action_mask)

    def _joined(
        self, name: str, plans: Sequence[np.ndarray | None], states: Sequence[np.ndarray]
    ) -> tuple[Float[Tensor, "b t d"], Int[Tensor, " b"]]:
        """One tensor of them, zeros behind each, and their lengths."""
        actions = np.zeros((len(plans), *self.stats.action_mean.shape), np.float32)
        lengths = [0 if plan is None else len(plan) for plan in plans]
        for i, (plan, state) in enumerate(zip(plans, states, strict=True)):
            if plan is not None and len(plan) > 0:
                actions[i, : len(plan)] = self._encoded(name, plan, state)
        tensor = torch.from_numpy(actions).to(self.device, self.dtype)
        return tensor, torch.tensor(lengths, device=self.device)

    def _encoded(self, name: str, plan: np.ndarray, state: np.ndarray) -> np.ndarray:
        width = self.embodiment.native_dim
        rows = [finite_vector(f"{name} row {i}", row, width) for i, row in enumerate(plan)]
        with np.errstate(over="ignore", invalid="ignore"):
            encoded = layout.encode_actions(np.stack(rows), state, self.embodiment)
            normal = self.stats.normalize_actions(encoded)
        check_plausible(name, normal)
        return normal


def check_plausible(name: str, normal: np.ndarray) -> None:
    """ValueError for normalised numbers beyond MAX_DEVIATION."""
    farthest = float(np.abs(normal).max())
    if not farthest <= MAX_DEVIATION:
        raise ValueError(
            f"{name}: got a number {farthest:.3g} standard deviations from the training data's mean, "
            f"expected at most {MAX_DEVIATION:g}: another unit, or a broken sensor?"
        )
