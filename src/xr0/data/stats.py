"""Statistics of training data in the model's space, by which it is normalised."""

from __future__ import annotations

import hashlib

import numpy as np

from xr0.config import EMPTY_SLOT_STD
from xr0.transform.normalize import Stats

STD_FLOOR = 0.01
"""1 cm, 0.6 degrees or 1 % of a stroke from 0 to 1: a slot that hardly moves is not blown up to unit variance
(openpi issue 814: a tiny range made actions of -3200)."""


def statistics(actions: np.ndarray, pad: np.ndarray, states: np.ndarray, dataset_fingerprint: str) -> Stats:
    """Of encoded chunks [n, t, d] without their padded ticks, and of encoded states [n, d].

    pad [n, t] is True behind an episode's end. The fingerprint covers the dataset's and the result.
    """
    n, t = actions.shape[:2]
    if pad.shape != (n, t) or states.ndim != 2 or len(states) != n:
        raise ValueError(
            f"statistics: got actions {actions.shape}, pad {pad.shape} and states {states.shape}, "
            "expected [n, t, d], [n, t] and [n, s]"
        )
    inside = (~pad).astype(np.float64)
    count = inside.sum(axis=0)
    if not count.all():
        raise ValueError(f"statistics: no chunk has an action at tick {int(np.argmin(count))} of {t}")
    values = actions.astype(np.float64)
    mean = np.einsum("ntd,nt->td", values, inside) / count[:, None]
    square = np.einsum("ntd,nt->td", (values - mean) ** 2, inside) / count[:, None]
    arrays = [mean, _floored(np.sqrt(square)), states.mean(axis=0), _floored(states.std(axis=0))]
    arrays = [np.asarray(array, dtype=np.float32) for array in arrays]
    if not all(np.isfinite(array).all() for array in arrays):
        raise ValueError("statistics: got NaN or infinity in the actions or states")
    digest = hashlib.sha256(dataset_fingerprint.encode())
    for array in arrays:
        digest.update(array.tobytes())
    return Stats(*arrays, fingerprint=digest.hexdigest())


def _floored(std: np.ndarray) -> np.ndarray:
    """At least the floor where a slot is used, else 0."""
    return np.where(std > EMPTY_SLOT_STD, np.maximum(std, STD_FLOOR), 0.0)
