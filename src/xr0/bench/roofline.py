"""What this machine can do: the ceilings that no stage of an inference (`model.work`) gets through."""

from __future__ import annotations

import time
from typing import Any

import torch

from xr0.config import ModelConfig
from xr0.model.work import Ceilings

CEILING_REPEATS = 5
"""Of each ceiling's measurement; the fastest counts."""

COPY_BYTES = 1 << 28
"""Moved by one copy: more than any cache."""


def ceilings(config: ModelConfig, tokens: int, dtype: torch.dtype, device: torch.device) -> Ceilings:
    """Measure this machine, at the shapes of the language model's feed-forward."""
    text: dict[str, Any] = config.vlm["text_config"]
    x = torch.randn(tokens, text["hidden_size"], device=device).to(dtype)
    w = torch.randn(text["intermediate_size"], text["hidden_size"], device=device).to(dtype)
    flops = 2.0 * tokens * w.numel()
    source = torch.ones(COPY_BYTES, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    product_s = _fastest_s(lambda: torch.nn.functional.linear(x, w), device)
    copy_s = _fastest_s(lambda: target.copy_(source), device)
    return Ceilings(flops / product_s, 2.0 * COPY_BYTES / copy_s)


def _fastest_s(run: Any, device: torch.device) -> float:
    times = []
    for _ in range(CEILING_REPEATS):
        start = time.perf_counter()
        run()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        times.append(time.perf_counter() - start)
    return min(times)
