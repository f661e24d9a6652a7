from __future__ import annotations

import pytest
import torch
from torch import nn

from xr0.train.muon import Muon, orthogonal

SHAPES = ((8, 24), (24, 8), (16, 16))


def matrices(seed: int) -> list[nn.Parameter]:
    generator = torch.Generator().manual_seed(seed)
    return [nn.Parameter(torch.randn(shape, generator=generator)) for shape in SHAPES]


def test_equals_torchs_but_for_its_rounding(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = matrices(0), matrices(0)
    mine = Muon(ours, lr=0.05, weight_decay=0.1)
    other = torch.optim.Muon(theirs, lr=0.05, weight_decay=0.1, momentum=0.95, nesterov=True)
    monkeypatch.setattr(torch.Tensor, "bfloat16", lambda self: self.clone())
    for step in range(4):
        for parameter, twin, gradient in zip(ours, theirs, matrices(step + 1), strict=True):
            parameter.grad, twin.grad = gradient.detach(), gradient.detach().clone()
        mine.step()
        other.step()
    for parameter, twin in zip(ours, theirs, strict=True):
        torch.testing.assert_close(parameter, twin, rtol=1e-5, atol=1e-5)


def test_keeps_directions_and_levels_their_sizes() -> None:
    left, _ = torch.linalg.qr(torch.randn(8, 8, generator=torch.Generator().manual_seed(0)))
    sizes = torch.logspace(-1, 0, 8)
    after = left.T @ orthogonal(left @ torch.diag(sizes))
    assert ((after.diag() > 0.6) & (after.diag() < 1.3)).all()
    torch.testing.assert_close(after, torch.diag(after.diag()), rtol=0, atol=1e-5)


def test_no_gradient_moves_nothing() -> None:
    (still, *_) = matrices(0)
    before = still.detach().clone()
    Muon([still], lr=0.1, weight_decay=0.1).step()
    assert torch.equal(still, before)


def test_refuses_what_is_no_matrix() -> None:
    with pytest.raises(ValueError, match=r"muon: got a parameter of shape \(3,\), expected a matrix"):
        Muon([nn.Parameter(torch.zeros(3))], lr=0.1, weight_decay=0.0)
