"""What a CPU computes in C (`kernels.c`): compiled once on this machine, kept in the cache, and held against
PyTorch by tests."""

from __future__ import annotations

import ctypes
import hashlib
import logging
import os
import platform
import shutil
import subprocess
from functools import cache
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from xr0.data.cache import cache_dir, published
from xr0.engine.operations import Memory, Norms, Operations, Table, TorchOperations

logger = logging.getLogger("xr0.engine")

SOURCE = Path(__file__).with_name("kernels.c")

MOST = 256
"""Numbers of a head, at most."""

FLAGS = (
    *("-O3", "-shared", "-fPIC", f"-DMOST={MOST}"),
    *("-fassociative-math", "-fno-signed-zeros", "-fno-trapping-math", "-fno-math-errno"),
)
"""Sums in any order; NaN and infinity stay what they are."""

VECTORS = {"AVX2": ("-mavx2", "-mfma"), "AVX512": ("-mavx512f", "-mavx512vl", "-mavx512dq", "-mfma")}
"""By what PyTorch finds in the CPU."""


PANEL = 16
"""Outputs of a product that are computed together."""

CACHED = 1 << 20
"""Weights of a product that is computed here, at most: 4 MB. PyTorch is as fast with larger ones."""


def operations(device: torch.device, dtype: torch.dtype) -> Operations:
    """The fastest there are here."""
    library = compiled() if device.type == "cpu" and dtype == torch.float32 else None
    return TorchOperations() if library is None else CompiledOperations(library)


@cache
def compiled() -> ctypes.PyDLL | None:
    """The kernels; None, with a warning, where they cannot be compiled."""
    compiler = shutil.which(os.environ.get("CC", "cc"))
    if compiler is None:
        logger.warning("no C compiler (cc, or $CC): inference on the CPU is slower than it could be")
        return None
    flags = (*FLAGS, *VECTORS.get(torch.backends.cpu.get_cpu_capability(), ()))
    key = hashlib.sha256(
        repr((SOURCE.read_bytes(), compiler, flags, platform.machine())).encode()
    ).hexdigest()
    path = cache_dir("kernels") / f"{key}.so"
    if not path.exists():
        try:
            with published(path) as temporary:
                command = [compiler, *flags, "-o", str(temporary), str(SOURCE), "-lm"]
                subprocess.run(command, check=True, capture_output=True, text=True)
        except subprocess.CalledProcessError as error:
            logger.warning("%s cannot compile the kernels: %s", compiler, error.stderr.strip())
            return None
    return _typed(ctypes.PyDLL(str(path)))  # keeps the interpreter's lock: a call takes microseconds


def _typed(library: ctypes.PyDLL) -> ctypes.PyDLL:
    pointer, number, real = ctypes.c_void_p, ctypes.c_long, ctypes.c_float
    arguments = {
        "norm": [pointer] * 3 + [number] * 2 + [real],
        "residual": [pointer] * 6 + [number] * 2 + [real],
        "gelu": [pointer] * 3 + [number] * 2,
        "swiglu": [pointer] * 3 + [number] * 2,
        "heads": [pointer] * 6 + [number] + [pointer] * 3 + [number] * 6 + [real],
        "product": [pointer] * 4 + [number] * 3,
    }
    for name, types in arguments.items():
        function = getattr(library, name)
        function.argtypes, function.restype = types, None
    return library


def packed(weight: Float[Tensor, "o i"]) -> Float[Tensor, "j i 16"] | None:
    """A product's weights in panels, for `product`; None where PyTorch is to compute it."""
    vectors = torch.backends.cpu.get_cpu_capability() in VECTORS
    fits = weight.numel() <= CACHED and len(weight) % PANEL == 0
    if weight.device.type != "cpu" or weight.dtype != torch.float32 or not (fits and vectors and compiled()):
        return None
    return weight.detach().unflatten(0, (-1, PANEL)).transpose(1, 2).contiguous()


def product(
    x: Float[Tensor, "... i"], panels: Float[Tensor, "j i 16"], bias: Float[Tensor, " o"] | None
) -> Float[Tensor, "... o"]:
    """x W^T + b, in one thread."""
    x, width = x.contiguous(), len(panels) * PANEL
    out, inner = x.new_empty(*x.shape[:-1], width), x.shape[-1]
    if (library := compiled()) is None:
        raise RuntimeError("kernel: panels without a compiler, which no product has")
    library.product(_at(x), _at(panels), _at(bias), _at(out), x.numel() // inner, inner, width)
    return out


class CompiledOperations:
    """On the CPU, in float32."""

    def __init__(self, library: ctypes.PyDLL) -> None:
        self._norm, self._residual, self._gelu = library.norm, library.residual, library.gelu
        self._swiglu, self._heads = library.swiglu, library.heads

    def norm(self, x: Tensor, weight: Tensor, eps: float) -> Tensor:
        """See `Operations`."""
        out, n = torch.empty_like(x), x.shape[-1]
        self._norm(_at(x), _at(weight), _at(out), x.numel() // n, n, eps)
        return out

    def residual(
        self,
        x: Tensor,
        a: Tensor,
        gate: Tensor | None = None,
        bias: Tensor | None = None,
        middle: Tensor | None = None,
        eps: float = 0.0,
    ) -> Tensor:
        """See `Operations`."""
        out, n = torch.empty_like(x), x.shape[-1]
        given = (_at(x), _at(a), _at(gate), _at(bias), _at(middle))
        self._residual(*given, _at(out), x.numel() // n, n, eps)
        return out

    def gelu(self, x: Tensor, bias: Tensor) -> Tensor:
        """See `Operations`."""
        out, n = torch.empty_like(x), x.shape[-1]
        self._gelu(_at(x), _at(bias), _at(out), x.numel() // n, n)
        return out

    def swiglu(self, both: Tensor, bias: Tensor | None = None) -> Tensor:
        """See `Operations`."""
        n = both.shape[-1] // 2
        out = both.new_empty(*both.shape[:-1], n)
        self._swiglu(_at(both), _at(bias), _at(out), out.numel() // n, n)
        return out

    def heads(
        self,
        qkv: Tensor,
        memory: Memory,
        table: Table,
        norms: Norms | None = None,
        bias: Tensor | None = None,
        eps: float = 0.0,
    ) -> Tensor:
        """See `Operations`."""
        (keys, values), (cosine, sine) = memory, table
        query_norm, key_norm = (None, None) if norms is None else norms
        b, q, width = qkv.shape
        k, m, e = keys.shape[1:]
        if e > MOST or e % 2:
            raise ValueError(f"kernel: got heads of {e} numbers, expected an even number up to {MOST}")
        n = width // e - 2 * k
        query = qkv.new_empty(b, n, q, e)
        given = (_at(qkv), _at(bias), _at(query_norm), _at(key_norm), _at(cosine), _at(sine), len(cosine))
        self._heads(*given, _at(query), _at(keys), _at(values), b, q, n, k, m, e, eps)
        return query


def _at(tensor: Tensor | None) -> int | None:
    """Where its numbers are."""
    if tensor is None:
        return None
    if not tensor.is_contiguous():
        raise ValueError(f"kernel: got strides {tensor.stride()}, expected contiguous numbers")
    return tensor.data_ptr()
