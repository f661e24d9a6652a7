"""Where a hand with two fingers takes hold of a thing that it knows the points of."""

from __future__ import annotations

import numpy as np


def narrowest(shape: np.ndarray) -> tuple[np.ndarray, float, np.ndarray]:
    """The horizontal direction [3] across which a shape, points [n, 3] in metres, is least wide, how wide,
    and the middle [3] there of its bounds."""
    angles = np.deg2rad(np.arange(0, 180, 5))
    directions = np.stack([np.cos(angles), np.sin(angles)])
    across = shape[:, :2] @ directions
    low, high = across.min(axis=0), across.max(axis=0)
    k = int(np.argmin(high - low))
    along = shape[:, :2] @ np.array([-directions[1, k], directions[0, k]])
    middle = (low[k] + high[k]) / 2 * directions[:, k]
    middle = middle + (along.min() + along.max()) / 2 * np.array([-directions[1, k], directions[0, k]])
    centre = np.array([*middle, (shape[:, 2].min() + shape[:, 2].max()) / 2])
    return np.array([*directions[:, k], 0.0]), float(high[k] - low[k]), centre
