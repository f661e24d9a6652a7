"""Normalisation statistics: they travel inside the checkpoint, fingerprinted to the data they came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from xr0.config import EMPTY_SLOT_STD

UNIT = 1.0
"""Divisor of an unused slot: its (zero) value passes unchanged."""


@dataclass(frozen=True)
class Stats:
    """Mean and std of encoded actions per tick [t, d] and of the state [s], float32.

    epsilon: added to each action's std, as the released post-training code does.
    """

    action_mean: np.ndarray
    action_std: np.ndarray
    state_mean: np.ndarray
    state_std: np.ndarray
    fingerprint: str
    epsilon: float = 0.0

    def __post_init__(self) -> None:
        if self.action_mean.shape != self.action_std.shape or self.action_mean.ndim != 2:
            raise ValueError(
                f"stats: got action mean {self.action_mean.shape} and std {self.action_std.shape}, "
                "expected two [horizon, action_dim] arrays"
            )
        if len(self.action_mean) == 0:
            raise ValueError("stats: got no tick, expected at least one")
        if self.state_mean.shape != self.state_std.shape or self.state_mean.ndim != 1:
            raise ValueError(
                f"stats: got state mean {self.state_mean.shape} and std {self.state_std.shape}, "
                "expected two [state_dim] arrays"
            )
        for name in ("action_mean", "action_std", "state_mean", "state_std"):
            if not np.isfinite(getattr(self, name)).all():
                raise ValueError(f"stats: {name} holds NaN or infinity")
        if (self.action_std < 0).any() or (self.state_std < 0).any():
            raise ValueError("stats: a std is negative")

    @property
    def horizon(self) -> int:
        """The chunk length is data: the number of ticks that the statistics cover."""
        return len(self.action_mean)

    @property
    def mask(self) -> np.ndarray:
        """float32 [t, d]: 1 where the slot carries something."""
        return (self.action_std > EMPTY_SLOT_STD).astype(np.float32)

    def normalize_actions(self, actions: np.ndarray) -> np.ndarray:
        """[..., p, d] with p <= horizon ticks, from the chunk's start."""
        ticks = self._ticks(actions)
        std = self.action_std[:ticks]
        scale = np.where(std > EMPTY_SLOT_STD, std + self.epsilon, UNIT)
        return ((actions - self.action_mean[:ticks]) / scale).astype(np.float32)

    def unnormalize_actions(self, actions: np.ndarray) -> np.ndarray:
        """float64 [..., p, d]: the inverse where a slot is used; one without spread stays near its mean."""
        ticks = self._ticks(actions)
        return (
            actions.astype(np.float64) * (self.action_std[:ticks] + self.epsilon) + self.action_mean[:ticks]
        )

    def normalize_state(self, state: np.ndarray) -> np.ndarray:
        """[..., s]."""
        scale = np.where(self.state_std > EMPTY_SLOT_STD, self.state_std, UNIT)
        return ((state - self.state_mean) / scale).astype(np.float32)

    def to_dict(self) -> dict[str, Any]:
        """JSON-able; `from_dict` is its inverse."""
        arrays = {name: getattr(self, name).tolist() for name in ARRAYS}
        return arrays | {"fingerprint": self.fingerprint, "epsilon": self.epsilon}

    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> Stats:
        """ValueError on unknown, missing or ragged entries."""
        expected = {*ARRAYS, "fingerprint"}
        if not expected <= set(data) <= {*expected, "epsilon"}:
            raise ValueError(f"stats: got {sorted(data)}, expected {sorted(expected)}")
        arrays = {name: np.asarray(data[name], dtype=np.float32) for name in ARRAYS}
        return Stats(**arrays, fingerprint=str(data["fingerprint"]), epsilon=float(data.get("epsilon", 0.0)))

    def _ticks(self, actions: np.ndarray) -> int:
        ticks = actions.shape[-2]
        if ticks > self.horizon:
            raise ValueError(f"actions: got {ticks} ticks, the statistics cover {self.horizon}")
        return ticks


ARRAYS = ("action_mean", "action_std", "state_mean", "state_std")
"""What `to_dict` writes as lists."""
