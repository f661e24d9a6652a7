"""The compiled operations are those of PyTorch."""

from pathlib import Path

import pytest
import torch

from xr0.engine import kernels
from xr0.engine.operations import Operations, TorchOperations

EPS = 1e-6


@pytest.fixture(scope="module")
def fast() -> Operations:
    if kernels.compiled() is None:
        pytest.skip("no C compiler here")
    return kernels.operations(torch.device("cpu"), torch.float32)


def drawn(*shapes: tuple[int, ...]) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(shape, generator=generator) for shape in shapes]


@pytest.mark.parametrize("width", [7, 128])
def test_norms_residuals_and_activations(fast: Operations, width: int) -> None:
    slow = TorchOperations()
    x, a = drawn((2, 5, width), (2, 5, width))
    weight, gate, bias = drawn((width,), (width,), (width,))
    both, both_bias = drawn((2, 5, 2 * width), (2 * width,))
    cases = [
        lambda do: do.norm(x, weight, EPS),
        lambda do: do.residual(x, a),
        lambda do: do.residual(x, a, bias=bias),
        lambda do: do.residual(x, a, gate=gate),
        lambda do: do.residual(x, a, gate=gate, middle=weight, eps=EPS),
        lambda do: do.gelu(x, bias),
        lambda do: do.swiglu(both),
        lambda do: do.swiglu(both, both_bias),
    ]
    for case in cases:
        torch.testing.assert_close(case(fast), case(slow), atol=2e-6, rtol=2e-6)


@pytest.mark.parametrize("tables", [1, 2])
@pytest.mark.parametrize("whole", [True, False])
def test_heads(fast: Operations, tables: int, whole: bool) -> None:
    """With norms and a bias or without; one table for all rows, or one for each."""
    b, q, n, k, m, e = 2, 5, 4, 2, 9, 16
    width = (n + 2 * k) * e
    qkv, bias, query_norm, key_norm = drawn((b, q, width), (width,), (e,), (e,))
    cosine, sine, room = drawn((tables * q, e), (tables * q, e), (2, b, k, m, e))
    given = {"norms": (query_norm, key_norm), "bias": bias, "eps": EPS} if whole else {}
    results = []
    for do in (fast, TorchOperations()):
        keys, values = room.clone().unbind(0)
        query = do.heads(qkv, (keys, values), (cosine, sine), **given)
        results.append((query, keys, values))
    for mine, other in zip(*results, strict=True):
        torch.testing.assert_close(mine, other, atol=2e-6, rtol=2e-6)
    assert torch.equal(results[0][1][:, :, : m - q], room[0, :, :, : m - q])


def test_extreme_numbers_stay_what_they_are(fast: Operations) -> None:
    gate = torch.tensor([-1e4, -88.0, -20.0, 0.0, 20.0, 88.0, 1e4, torch.nan])
    both = torch.cat([gate, torch.ones(8)])[None, None]
    torch.testing.assert_close(
        fast.swiglu(both), TorchOperations().swiglu(both), atol=1e-6, rtol=1e-6, equal_nan=True
    )
    assert fast.norm(torch.full((1, 1, 8), torch.nan), torch.ones(8), EPS).isnan().all()


def test_what_is_not_contiguous_is_refused(fast: Operations) -> None:
    with pytest.raises(ValueError, match="expected contiguous"):
        fast.norm(torch.ones(8, 8).t()[None], torch.ones(8), EPS)


def test_without_a_compiler_it_is_pytorch_and_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    kernels.compiled.cache_clear()
    monkeypatch.setenv("CC", str(tmp_path / "none"))
    found = kernels.operations(torch.device("cpu"), torch.float32)
    kernels.compiled.cache_clear()
    assert isinstance(found, TorchOperations)
    assert "no C compiler" in caplog.text


def test_other_devices_and_dtypes_have_pytorch_s() -> None:
    assert isinstance(kernels.operations(torch.device("cpu"), torch.bfloat16), TorchOperations)
    assert isinstance(kernels.operations(torch.device("meta"), torch.float32), TorchOperations)
