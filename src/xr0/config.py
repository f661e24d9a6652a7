"""Frozen configuration: what the model is, and which inference contract its weights were trained for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from typing import Any, Literal, TypeVar

T = TypeVar("T")

FLOW_STEPS = 5
"""Euler steps of an inference (arXiv 2602.12684, and the released code's default)."""

ExecutionName = Literal["reference", "eager", "graph"]
"""Ways to compute one and the same inference, slowest first (`xr0.engine`)."""

FASTEST: ExecutionName = "graph"
"""Of those that tests hold equal to the next slower one."""

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
    """What a checkpoint's weights expect of an inference: what they were trained with.

    window: an action sees itself and this many actions before it; None is plain causal.
    offset: added to the rotary position of every action that is not prefix.
    max_prefix: the longest prefix [ticks] that training has shown; 0 where there was none.
    rounded_rope: rotary frequencies went through bfloat16, as the released weights saw them.
    """

    name: str
    window: int | None
    offset: int
    max_prefix: int
    rounded_rope: bool = False

    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> Contract:
        """Build from JSON data; ValueError on unknown or missing keys."""
        return _strict(Contract, data)


CAUSAL = Contract("causal", window=None, offset=0, max_prefix=0)
"""Contract A: pre-trained weights, here and in the release (modeling_mibot.py)."""

WINDOWED = Contract("windowed", window=4, offset=10, max_prefix=6)
"""Contract B: weights post-trained for asynchronous execution (window, offset and prefix of XR0.py)."""

FULL = Contract("full", window=None, offset=0, max_prefix=WINDOWED.max_prefix)
"""A prefix that every action sees, in the positions of pre-training: training-time RTC (arXiv 2512.05964)."""

CONTRACTS = (CAUSAL, WINDOWED)
"""What `--contract` may name."""

RELEASED_EPSILON = 1e-6
"""The released post-training code adds this to each std, the inference code nothing."""


TEXT_SIZES = (
    "vocab_size",
    "hidden_size",
    "intermediate_size",
    "num_hidden_layers",
    "num_attention_heads",
    "num_key_value_heads",
    "head_dim",
)
VISION_SIZES = (
    "depth",
    "hidden_size",
    "intermediate_size",
    "num_heads",
    "patch_size",
    "spatial_merge_size",
    "temporal_patch_size",
    "out_hidden_size",
    "num_position_embeddings",
)
"""What must be given of a VLM, by Qwen3VLConfig's names."""

MAX_LAYERS, MAX_SIZE = 1_000, 10_000_000
"""A config that claims more is broken: nothing is built by what it merely says."""


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

    def __post_init__(self) -> None:
        text, vision = (self._part(name) for name in ("text_config", "vision_config"))
        sizes = {f"text {name}": text.get(name) for name in TEXT_SIZES}
        sizes |= {f"vision {name}": vision.get(name) for name in VISION_SIZES}
        sizes |= {
            f"dit {name}": getattr(self.dit, name) for name in ("hidden_size", "num_layers", "head_dim")
        }
        sizes |= {"state_dim": self.state_dim, "action_dim": self.action_dim}
        for name, size in sizes.items():
            most = MAX_LAYERS if name.endswith(("layers", "depth")) else MAX_SIZE
            if type(size) is not int or not 1 <= size <= most:
                raise ValueError(f"model: {name} is {size!r}, expected a whole number from 1 to {most}")
        self._check_fit(text, vision)

    def _part(self, name: str) -> Mapping[str, Any]:
        part = self.vlm.get(name)
        if not isinstance(part, Mapping):
            raise ValueError(f"model: got no {name}, expected the sizes of Qwen3-VL's")
        return part

    def _check_fit(self, text: Mapping[str, Any], vision: Mapping[str, Any]) -> None:
        """Sizes that must agree with one another."""
        heads, kv_heads = text["num_attention_heads"], text["num_key_value_heads"]
        sections = (text.get("rope_scaling") or {}).get("mrope_section")
        behind = vision.get("deepstack_visual_indexes")
        fits = {
            "text heads are a multiple of key-value heads": heads % kv_heads == 0,
            "vision hidden_size is a multiple of 4 times its heads": vision["hidden_size"]
            % (4 * vision["num_heads"])
            == 0,
            "vision out_hidden_size is text hidden_size": vision["out_hidden_size"] == text["hidden_size"],
            "vision num_position_embeddings is a square": math.isqrt(vision["num_position_embeddings"]) ** 2
            == vision["num_position_embeddings"],
            "deepstack_visual_indexes are vision layers": _whole_numbers(behind, vision["depth"]),
            "mrope_section makes half a text head": _whole_numbers(sections, text["head_dim"])
            and 2 * sum(sections or ()) == text["head_dim"],
            "dit head_dim is text head_dim": self.dit.head_dim == text["head_dim"],
            "dit hidden_size is a multiple of head_dim times key-value heads": self.dit.hidden_size
            % (self.dit.head_dim * kv_heads)
            == 0,
            "dit has at most as many layers as the text": self.dit.num_layers <= text["num_hidden_layers"],
            "rope_theta is a number above 0": isinstance(self.dit.rope_theta, int | float)
            and 0 < self.dit.rope_theta < math.inf,
        }
        wrong = [what for what, holds in fits.items() if not holds]
        if wrong:
            raise ValueError(f"model: expected that {'; '.join(wrong)}")

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON-able data; `from_dict` is its inverse."""
        return asdict(self)

    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> ModelConfig:
        """Build from `to_dict` data; ValueError on unknown or missing keys."""
        if not isinstance(data.get("dit"), Mapping):
            raise ValueError("ModelConfig: got no 'dit' section, expected one with DiTConfig's fields")
        return _strict(ModelConfig, {**data, "dit": _strict(DiTConfig, data["dit"])})


def _whole_numbers(values: Any, below: int) -> bool:
    """A list of whole numbers from 0 to below `below`."""
    return isinstance(values, list | tuple) and all(type(v) is int and 0 <= v < below for v in values)


def _strict(kind: type[T], data: Mapping[str, Any]) -> T:
    """Only known fields, and all that have no default."""
    known = {field.name: field.default is MISSING for field in fields(kind)}  # type: ignore[arg-type]
    if not {name for name, needed in known.items() if needed} <= set(data) <= set(known):
        raise ValueError(f"{kind.__name__}: got fields {sorted(data)}, expected {sorted(known)}")
    return kind(**data)
