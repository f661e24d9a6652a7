"""What robots have planned, as a model continues it or is led along it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

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
    """Of one kind of robot: commands in its native numbers to the model's, then to tensors in `dtype` on
    `device`.

    Each plan is seen from its own robot's state, so none needs to be anchored anew.
    """

    embodiment: Embodiment
    stats: Stats
    device: torch.device
    dtype: torch.dtype

    def encode(self, name: str, plan: np.ndarray | None, state: np.ndarray) -> np.ndarray | None:
        """Commands [n, native_dim] at a state [state_dim] in the model's numbers [n, d]; None for no plan.

        ValueError, one line, for commands of another width, with NaN or beyond MAX_DEVIATION.
        """
        if plan is None or len(plan) == 0:
            return None
        width = self.embodiment.native_dim
        rows = [finite_vector(f"{name} row {i}", row, width) for i, row in enumerate(plan)]
        with np.errstate(over="ignore", invalid="ignore"):
            encoded = layout.encode_actions(np.stack(rows), state, self.embodiment)
            normal = self.stats.normalize_actions(encoded)
        check_plausible(name, normal)
        return normal

    def encode_guide(self, guide: Guide | None, state: np.ndarray) -> Guide | None:
        """The same of what leads a row; ValueError also for more rows than a chunk has."""
        if guide is None:
            return None
        if len(guide.rows) > self.stats.horizon:
            raise ValueError(f"guide: got {len(guide.rows)} ticks, a chunk has {self.stats.horizon}")
        rows = self.encode("guide", guide.rows, state)
        return None if rows is None else replace(guide, rows=rows)

    def prefix(self, encoded: Sequence[np.ndarray | None]) -> flow.Prefix | None:
        """Of a batch, committed commands [p, d] of each row, None where a row has no prefix."""
        if all(plan is None for plan in encoded):
            return None
        return flow.Prefix(*self._joined(encoded))

    def guide(
        self, encoded: Sequence[Guide | None], action_mask: Float[Tensor, "b t d"]
    ) -> guidance.Guide | None:
        """Of a batch, what leads each row, where something does."""
        if not any(encoded):
            return None
        plan, lengths = self._joined([guide.rows if guide else None for guide in encoded])
        delays = torch.tensor([guide.delay if guide else 0 for guide in encoded], device=self.device)
        by_gradient = [guide is not None and guide.by == "gradient" for guide in encoded]
        gradient = torch.tensor(by_gradient, device=self.device)
        return guidance.Guide.of(plan, lengths, delays, gradient, action_mask)

    def _joined(self, plans: Sequence[np.ndarray | None]) -> tuple[Float[Tensor, "b t d"], Int[Tensor, " b"]]:
        """One tensor of them, zeros behind each, and their lengths."""
        actions = np.zeros((len(plans), *self.stats.action_mean.shape), np.float32)
        lengths = [0 if plan is None else len(plan) for plan in plans]
        for i, plan in enumerate(plans):
            if plan is not None:
                actions[i, : len(plan)] = plan
        tensor = torch.from_numpy(actions).to(self.device, self.dtype)
        return tensor, torch.tensor(lengths, device=self.device)


def check_plausible(name: str, normal: np.ndarray) -> None:
    """ValueError for normalised numbers beyond MAX_DEVIATION."""
    farthest = float(np.abs(normal).max())
    if not farthest <= MAX_DEVIATION:
        raise ValueError(
            f"{name}: got a number {farthest:.3g} standard deviations from the training data's mean, "
            f"expected at most {MAX_DEVIATION:g}: another unit, or a broken sensor?"
        )
