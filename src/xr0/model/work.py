"""What the model's parts must compute and read, counted from their shapes.

One multiply-add is two FLOPs; causal attention counts half.
"""

from __future__ import annotations

from dataclasses import dataclass

from xr0.config import ModelConfig
from xr0.model.dit import MLP_RATIO, MODULATIONS
from xr0.model.masks import LEADING_TOKENS


@dataclass(frozen=True)
class Work:
    """Of one stage. nbytes: weights, keys and values that must be read at least once.

    It cannot beat its floor: the larger of FLOPs over matrix-product speed and bytes over copy speed.
    """

    flops: float | int
    nbytes: float | int

    def floor_ms(self, ceilings: Ceilings) -> float:
        """No execution on a machine with these ceilings is faster."""
        return 1e3 * max(self.flops / ceilings.flops_per_s, self.nbytes / ceilings.bytes_per_s)


@dataclass(frozen=True)
class Ceilings:
    """Of a machine: matrix products in the model's dtype at the model's shapes, and reads of memory."""

    flops_per_s: float
    bytes_per_s: float


def vision(config: ModelConfig, patches: list[int], itemsize: int) -> Work:
    """The vision tower over views of so many patches each."""
    v = config.vlm["vision_config"]
    h, ffn, depth, merged = v["hidden_size"], v["intermediate_size"], v["depth"], v["spatial_merge_size"] ** 2
    patch = 3 * v["temporal_patch_size"] * v["patch_size"] ** 2
    block = 4 * h * h + 2 * h * ffn
    merger = (merged * h) * (merged * h) + (merged * h) * v["out_hidden_size"]
    mergers = 1 + len(v["deepstack_visual_indexes"])
    n = sum(patches)
    attention = sum(4.0 * h * p * p for p in patches) * depth
    flops = 2.0 * n * (patch * h + depth * block) + 2.0 * n / merged * mergers * merger + attention
    return Work(flops, itemsize * (patch * h + depth * block + mergers * merger + n * h))


def prefill(config: ModelConfig, tokens: int, done: int, itemsize: int, batch: int = 1) -> Work:
    """The language model over all but the first `done` tokens of each row; its last layer as far as keys and
    values."""
    t = config.vlm["text_config"]
    h, e, layers = t["hidden_size"], t["head_dim"], t["num_hidden_layers"]
    queries, keys = t["num_attention_heads"] * e, t["num_key_value_heads"] * e
    layer = 2 * h * queries + 2 * h * keys + 3 * h * t["intermediate_size"]
    weights = (layers - 1) * layer + 2 * h * keys
    attention = 0.5 * 4.0 * queries * (tokens * tokens - done * done) * (layers - 1)
    new = tokens - done
    read = weights + batch * (new * h + 2 * done * keys * layers)
    return Work(batch * (2.0 * new * weights + attention), itemsize * read)


def denoise(
    config: ModelConfig, context: int, horizon: int, steps: int, itemsize: int, batch: int = 1
) -> Work:
    """All steps of the action expert; its weights are read anew in each."""
    h, layers = config.dit.hidden_size, config.dit.num_layers
    tokens = LEADING_TOKENS + horizon
    layer = 4 * h * h + 3 * MLP_RATIO * h * h
    ends = horizon * (config.action_dim * h + h * h + h * config.action_dim + config.action_dim**2)
    attention = 4.0 * h * tokens * (context + 0.5 * tokens) * layers
    once = config.state_dim * h + h * h
    read = layers * (layer + batch * 2 * context * h) + (config.action_dim + h) * h + MODULATIONS * h
    flops = steps * (2.0 * (tokens * layers * layer + ends) + attention) + 2.0 * once
    return Work(batch * flops, itemsize * steps * read)
