"""Pictures to the patches that Qwen's vision tower reads, on the device that will read them.

Bytes travel, not the numbers that are made of them: those are four to eight times as many. A picture is
resized to the same bits on any device: the passes of `images.bicubic` are sums of whole numbers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from itertools import groupby

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor

from xr0.transform.images import MEAN, STD, ImageSpec, bicubic

CPU = torch.device("cpu")

VALUES = (np.arange(256, dtype=np.float32) / 255.0 - MEAN) / STD
"""What the vision tower reads for each of a pixel's 256."""

SHARPNESS = -0.5
"""Of the bicubic filter; Pillow's."""

REACH = 2.0
"""Pixels to either side that the bicubic filter takes in where nothing is made smaller."""

FRACTION_BITS = 22
"""Of a weight as a whole number: what 32 bits leave beside a byte and a sign and one to spare (Pillow's)."""


def pixel_values(
    views: Sequence[np.ndarray],
    grids: Sequence[tuple[int, int]],
    spec: ImageSpec,
    device: torch.device = CPU,
    dtype: torch.dtype = torch.float32,
) -> Float[Tensor, "p c"]:
    """Patches of all views in order; each view is uint8 [h, w, 3] of any size, its grid (height, width) what
    `ImageSpec.grid` says.

    The released preprocessor's rule: bicubic to the grid's pixels, (x / 255 - 0.5) / 0.5, each frame repeated
    to fill the temporal patch, patches ordered so that each merge x merge neighbourhood is consecutive.
    """
    values = _values(device, dtype)
    parts = [values.new_zeros(0, spec.patch_values)]
    for (_, (rows, columns)), alike in groupby(
        zip(views, grids, strict=True), key=lambda each: (each[0].shape, each[1])
    ):
        pictures = np.stack([view for view, _ in alike])
        whole = _fitted(pictures, rows * spec.patch, columns * spec.patch, device)
        read = values.index_select(0, whole.flatten().int()).view(whole.shape)
        parts.append(_patches(read, spec))
    return torch.cat(parts)


def resized(pictures: UInt8[Tensor, "v h w 3"], height: int, width: int) -> UInt8[Tensor, "v y x 3"]:
    """`images.bicubic` of each, to the bit, on their device (Pillow, Resample.c)."""
    return _pass(_pass(pictures, 2, width), 1, height)


def _fitted(pictures: np.ndarray, height: int, width: int, device: torch.device) -> UInt8[Tensor, "v y x 3"]:
    """On a CPU by Pillow itself, which is faster there."""
    if pictures.shape[1:3] == (height, width):
        return torch.from_numpy(pictures).to(device)
    if device.type != "cpu":
        return resized(torch.from_numpy(pictures).to(device), height, width)
    return torch.from_numpy(np.stack([bicubic(picture, height, width) for picture in pictures]))


def _patches(pictures: Float[Tensor, "v h w 3"], spec: ImageSpec) -> Float[Tensor, "p c"]:
    p, m = spec.patch, spec.merge
    views, rows, columns = len(pictures), pictures.shape[1] // p, pictures.shape[2] // p
    blocks = pictures.view(views, rows // m, m, p, columns // m, m, p, 3)
    # view, block row, block column, row in block, column in block, channel, pixel row, pixel column
    blocks = blocks.permute(0, 1, 4, 2, 5, 7, 3, 6).reshape(views * rows * columns, 3, 1, p * p)
    return blocks.expand(-1, -1, spec.temporal, -1).flatten(1)


def _pass(pictures: UInt8[Tensor, "v h w 3"], axis: int, size: int) -> UInt8[Tensor, "v y x 3"]:
    """Along one axis, to `size` pixels."""
    if pictures.shape[axis] == size:
        return pictures
    where, weights = _taps(pictures.shape[axis], size, pictures.device)
    taken = pictures.transpose(axis, -1)[..., where]  # [..., size, taps]
    sums = (taken.int() * weights).sum(-1, dtype=torch.int32)
    rounded = (sums + (1 << FRACTION_BITS - 1)) >> FRACTION_BITS
    return rounded.clamp(0, 255).to(torch.uint8).transpose(axis, -1)


@cache
def _taps(size: int, target: int, device: torch.device) -> tuple[Int[Tensor, "x k"], Int[Tensor, "x k"]]:
    """Of each of `target` pixels: which of `size` pixels it is made of, and their weights in units of
    2**-FRACTION_BITS."""
    scale = size / target
    stretch = max(scale, 1.0)
    reach = REACH * stretch
    most = 2 * math.ceil(reach) + 1
    where, weights = np.zeros((target, most), np.int64), np.zeros((target, most), np.int32)
    for x in range(target):
        centre = (x + 0.5) * scale
        first, end = max(int(centre - reach + 0.5), 0), min(int(centre + reach + 0.5), size)
        share = np.array([_bicubic((k - centre + 0.5) * (1.0 / stretch)) for k in range(first, end)])
        share = share / sum(share.tolist())
        where[x, : end - first] = np.arange(first, end)
        weights[x, : end - first] = np.trunc(share * (1 << FRACTION_BITS) + np.copysign(0.5, share))
    return torch.from_numpy(where).to(device), torch.from_numpy(weights).to(device)


def _bicubic(x: float) -> float:
    """Keys' filter."""
    x, a = abs(x), SHARPNESS
    if x < 1.0:
        return ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0
    return (((x - 5.0) * x + 8.0) * x - 4.0) * a if x < REACH else 0.0


@cache
def _values(device: torch.device, dtype: torch.dtype) -> Float[Tensor, 256]:
    return torch.from_numpy(VALUES).to(device, dtype)
