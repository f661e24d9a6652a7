"""Muon: momentum whose every matrix is made orthogonal (Keller Jordan, kellerjordan.github.io/posts/muon).

As torch.optim.Muon, but in the matrices' own precision. torch's rounds to bfloat16, which a CPU without such
instructions multiplies so much slower than float32 that it was most of a small model's step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.optim import Optimizer

MOMENTUM = 0.95
"""Of its author, with Nesterov's look ahead."""

NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
"""Of the quintic a x + b x^3 + c x^5, whose slope at 0 is large (its author's)."""

ITERATIONS = 5
"""Bring singular values to about 1, from anywhere above 0.01 (its author's)."""

NO_NORM = 1e-7
"""Stands in for the norm of a gradient of zeros."""


class Muon(Optimizer):
    """Over matrices between hidden spaces. ValueError for a parameter that is no matrix."""

    def __init__(self, matrices: Iterable[nn.Parameter], lr: float, weight_decay: float) -> None:
        super().__init__(matrices, {"lr": lr, "weight_decay": weight_decay})
        for parameter in self._parameters():
            if parameter.ndim != 2:
                raise ValueError(
                    f"muon: got a parameter of shape {tuple(parameter.shape)}, expected a matrix"
                )

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> None:  # type: ignore[override]
        """Move every matrix that has a gradient."""
        if closure is not None:
            raise ValueError("muon: takes no closure")
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    self._move(parameter, parameter.grad, group["lr"], group["weight_decay"])

    def _move(self, matrix: Tensor, gradient: Tensor, lr: float, weight_decay: float) -> None:
        state = self.state[matrix]
        if not state:
            state["momentum_buffer"] = torch.zeros_like(gradient)
        momentum: Tensor = state["momentum_buffer"]
        momentum.lerp_(gradient, 1 - MOMENTUM)
        update = orthogonal(gradient.lerp(momentum, MOMENTUM))
        rows, columns = matrix.shape
        matrix.mul_(1 - lr * weight_decay)
        matrix.add_(update, alpha=-lr * max(1.0, rows / columns) ** 0.5)

    def _parameters(self) -> Iterable[nn.Parameter]:
        return (parameter for group in self.param_groups for parameter in group["params"])


def orthogonal(matrix: Float[Tensor, "m n"]) -> Float[Tensor, "m n"]:
    """About U V^T of matrix = U S V^T, by Newton-Schulz iterations."""
    if matrix.shape[0] > matrix.shape[1]:
        return orthogonal(matrix.T).T
    a, b, c = NEWTON_SCHULZ
    x = matrix / matrix.norm().clamp(min=NO_NORM)
    for _ in range(ITERATIONS):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x
