"""Frozen configuration: what the model is, and which inference contract its weights were trained for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, TypeVar

T = TypeVar("T")

FLOW_STEPS = 5
"""Euler steps of an inference (paper, and the released code's default)."""

RMS_EPS = 1e-6
"""Of every RMSNorm in the action expert (released modeling file)."""

TIME_SCALE = 1000.0
"""Flow time is multiplied by this before its sinusoids (released modeling file)."""

TIME_FREQUENCIES = 256
"""Width of the time sinusoid, cosines first (released modeling file)."""

TIME_MAX_PERIOD = 10_000.0
"""Longest period of the time sinusoid (released modeling file)."""

EMPTY_SLOT_STD = 1e-5
"""An action slot whose std is at or below this is unused: masked (released processor)."""


@dataclass(frozen=True)
class Contract:
    """How the action expert's tokens see one another, and where they stand (facts/model.md 6).

    window: an action sees itself and this many actions before it; None is plain causal.
    offset: added to the rotary position of every action that is not prefix.
    max_prefix: the longest prefix [ticks] that training has shown; 0 where there was none.
    """

    name: str
    window: int | None
    offset: int
    max_prefix: int

    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> Contract:
        """Build from JSON data; ValueError on unknown or missing keys."""
        return _strict(Contract, data)


CAUSAL = Contract("causal", window=None, offset=0, max_prefix=0)
"""Contract A: the released benchmark and pre-training checkpoints."""

WINDOWED = Contract("windowed", window=4, offset=10, max_prefix=6)
"""Contract B: weights post-trained for asynchronous execution (window, offset and prefix of the release)."""


@dataclass(frozen=True)
class DiTConfig:
    """The action expert: one layer for each of the VLM's last `num_layers` layers."""

    hidden_size: int
    num_layers: int
    head_dim: int
    rope_theta: float

    @property
    def num_heads(self) -> int:
        """Query heads; its own keys and values have as many, the context's are repeated up to it."""
        return self.hidden_size // self.head_dim


@dataclass(frozen=True)
class ModelConfig:
    """A whole model. `vlm` holds the keyword arguments of transformers' Qwen3VLConfig."""

    vlm: dict[str, Any]
    dit: DiTConfig
    state_dim: int = 32
    action_dim: int = 32

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON-able data; `from_dict` is its inverse."""
        return asdict(self)

    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> ModelConfig:
        """Build from `to_dict` data; ValueError on unknown or missing keys."""
        if not isinstance(data.get("dit"), Mapping):
            raise ValueError("ModelConfig: got no 'dit' section, expected one with DiTConfig's fields")
        return _strict(ModelConfig, {**data, "dit": _strict(DiTConfig, data["dit"])})


def _strict(kind: type[T], data: Mapping[str, Any]) -> T:
    known = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    if set(data) != known:
        raise ValueError(f"{kind.__name__}: got fields {sorted(data)}, expected {sorted(known)}")
    return kind(**data)
