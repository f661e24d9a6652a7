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
class Quantiles:
    """The 1st and 99th percentile of encoded actions per tick [t, d] and of the state [s], float32: between
    them lies what the data usually holds."""

    action_q01: np.ndarray
    action_q99: np.ndarray
    state_q01: np.ndarray
    state_q99: np.ndarray

    def __post_init__(self) -> None:
        for low, high in (("action_q01", "action_q99"), ("state_q01", "state_q99")):
            below, above = getattr(self, low), getattr(self, high)
            if below.shape != above.shape or not ((above - below >= 0) & np.isfinite(above - below)).all():
                raise ValueError(
                    f"stats: got {low} {below.shape} and {high} {above.shape}, expected two arrays of one "
                    f"shape, finite, {low} nowhere above {high}"
                )

    @staticmethod
    def from_dict(data: Any) -> Quantiles:
        """ValueError on unknown, missing or ragged entries."""
        return Quantiles(**_arrays(data, QUANTILES))


@dataclass(frozen=True)
class Stats:
    """Mean and std of encoded actions per tick [t, d] and of the state [s], float32.

    epsilon: added to each action's std, as the released post-training code does. quantiles: None where the
    source has none, as the releases.
    """

    action_mean: np.ndarray
    action_std: np.ndarray
    state_mean: np.ndarray
    state_std: np.ndarray
    fingerprint: str
    epsilon: float = 0.0
    quantiles: Quantiles | None = None

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
        if self.quantiles is not None:
            got = self.quantiles.action_q01.shape, self.quantiles.state_q01.shape
            if got != (self.action_mean.shape, self.state_mean.shape):
                raise ValueError(
                    f"stats: got quantiles of shapes {got[0]} and {got[1]}, expected the means' "
                    f"{self.action_mean.shape} and {self.state_mean.shape}"
                )

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
        data: dict[str, Any] = {name: getattr(self, name).tolist() for name in ARRAYS}
        data |= {"fingerprint": self.fingerprint, "epsilon": self.epsilon}
        if self.quantiles is not None:
            data["quantiles"] = {name: getattr(self.quantiles, name).tolist() for name in QUANTILES}
        return data

    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> Stats:
        """ValueError on unknown, missing or ragged entries."""
        expected = {*ARRAYS, "fingerprint"}
        if not expected <= set(data) <= {*expected, "epsilon", "quantiles"}:
            raise ValueError(f"stats: got {sorted(data)}, expected {sorted(expected)}")
        arrays = _arrays({name: data[name] for name in ARRAYS}, ARRAYS)
        quantiles = Quantiles.from_dict(data["quantiles"]) if "quantiles" in data else None
        return Stats(
            **arrays,
            fingerprint=str(data["fingerprint"]),
            epsilon=float(data.get("epsilon", 0.0)),
            quantiles=quantiles,
        )

    def _ticks(self, actions: np.ndarray) -> int:
        ticks = actions.shape[-2]
        if ticks > self.horizon:
            raise ValueError(f"actions: got {ticks} ticks, the statistics cover {self.horizon}")
        return ticks


ARRAYS = ("action_mean", "action_std", "state_mean", "state_std")
QUANTILES = ("action_q01", "action_q99", "state_q01", "state_q99")
"""What `to_dict` writes as lists."""


def _arrays(data: Any, names: tuple[str, ...]) -> dict[str, np.ndarray]:
    """float32, exactly the named ones."""
    if not isinstance(data, Mapping) or set(data) != set(names):
        got = sorted(data) if isinstance(data, Mapping) else type(data).__name__
        raise ValueError(f"stats: got {got}, expected {sorted(names)}")
    try:
        return {name: np.asarray(data[name], dtype=np.float32) for name in names}
    except (TypeError, ValueError) as error:
        raise ValueError(f"stats: {', '.join(names)}: expected tables of numbers ({error})") from error
