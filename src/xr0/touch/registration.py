"""Terms of image registration, for a network to weigh.

One Gauss-Newton step that lays the goal's image over the current one sums, for each in-plane motion, the
difference of the two times the goal's derivative along that motion. A turn hardly shows in anything simpler:
by symmetry no single taxel says which way it went, and a network that has to find such products by itself
first learns everything else. Here the products are its inputs, one for each taxel, and it learns how to sum
them.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from xr0_robot.touch.sensor.pads import COLUMNS, ROWS

MOTIONS = 3
"""Along the columns, along the rows, about the centre of pressure."""

TERMS = MOTIONS * ROWS * COLUMNS
"""Numbers of one finger."""

FLOOR = 0.012
"""Of full scale: what a taxel without load may read (twice the spread of the standing offset)."""

STIFF = 0.05
"""Added to the squared derivatives, as a share of a pad of even pressure: a pad that shows no motion counts
less."""

TURN = 0.1
"""Radians that count as one taxel of shift."""


@torch.no_grad()
def terms(images: Tensor) -> Tensor:
    """Of images [b, 2, f, 11, 9], current and goal: [b, f, 297]. Their sum over the taxels is the step, in
    taxels and in units of TURN."""
    shares = _shares(images.float())
    y, z = torch.arange(float(COLUMNS)), torch.arange(float(ROWS))
    centre_y, centre_z = (shares.mean(-2) * y).mean(-1), (shares.mean(-1) * z).mean(-1)  # [b, 2, f]
    (current, goal), (cy, gy), (cz, gz) = (both.unbind(1) for both in (shares, centre_y, centre_z))
    down, across = _hats(z, cz - gz), _hats(y, cy - gy)
    laid = down @ goal @ across.transpose(-1, -2)
    framed = F.pad(laid, (1, 1, 1, 1))  # nothing is felt outside
    along_y = (framed[..., 1:-1, 2:] - framed[..., 1:-1, :-2]) / 2
    along_z = (framed[..., 2:, 1:-1] - framed[..., :-2, 1:-1]) / 2
    about = (y - cy[..., None, None]) * along_z - (z[:, None] - cz[..., None, None]) * along_y
    slopes = torch.stack([along_y, along_z, TURN * about], dim=2)
    energy = slopes.square().sum((-2, -1), keepdim=True) + STIFF * ROWS * COLUMNS
    return ((laid - current)[:, :, None] * slopes / energy).flatten(2)


def _shares(images: Tensor) -> Tensor:
    """Images over their mean, so that gain and grip force drop out."""
    loaded = (images - FLOOR).clamp(min=0.0)
    return loaded / loaded.mean((-2, -1), keepdim=True).clamp(min=1e-4)


def _hats(steps: Tensor, by: Tensor) -> Tensor:
    """Bilinear interpolation along one axis as a product: [..., n, n], for images moved by fractions of
    taxels [...], zero coming in from outside."""
    at = steps - by[..., None]
    return (1.0 - (at[..., None] - steps).abs()).clamp(min=0.0)
