"""LeRobot's statistics per feature: min max mean std count q01 q10 q50 q90 q99."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

QUANTILES = {"q01": 0.01, "q10": 0.10, "q50": 0.50, "q90": 0.90, "q99": 0.99}
LEVELS = 256
"""Values of a uint8 pixel; images are described by one histogram per channel."""

Stats = dict[str, Any]


def vector_stats(values: np.ndarray) -> Stats:
    """Of numbers [n, d], as lists of d; exact quantiles."""
    values = values.astype(np.float64)
    stats = {
        "min": values.min(axis=0).tolist(),
        "max": values.max(axis=0).tolist(),
        "mean": values.mean(axis=0).tolist(),
        "std": values.std(axis=0).tolist(),
        "count": [len(values)],
    }
    quantiles = np.quantile(values, list(QUANTILES.values()), axis=0)
    return stats | {name: row.tolist() for name, row in zip(QUANTILES, quantiles, strict=True)}


def histogram(image: np.ndarray) -> np.ndarray:
    """Counts [3, 256] of the values of a uint8 image [h, w, 3]."""
    return np.stack([np.bincount(image[..., c].ravel(), minlength=LEVELS) for c in range(3)])


def image_stats(counts: np.ndarray, frames: int) -> Stats:
    """Of the summed histograms [3, 256] of `frames` images; values in [0, 1], shaped [3, 1, 1]."""
    level = np.arange(LEVELS) / (LEVELS - 1)
    share = counts / counts.sum(axis=1, keepdims=True)
    mean = share @ level
    std = np.sqrt(np.maximum(share @ level**2 - mean**2, 0.0))
    cumulative = np.cumsum(share, axis=1)
    present = counts > 0
    stats = {
        "min": level[present.argmax(axis=1)],
        "max": level[LEVELS - 1 - present[:, ::-1].argmax(axis=1)],
        "mean": mean,
        "std": std,
    }
    for name, q in QUANTILES.items():
        stats[name] = level[(cumulative >= q - 1e-12).argmax(axis=1)]
    return {name: value.reshape(3, 1, 1).tolist() for name, value in stats.items()} | {"count": [frames]}


def merge_image_stats(parts: Sequence[Mapping[str, Any]]) -> Stats:
    """Of several episodes together. min, max, mean, std are exact; a quantile is the episodes' mean, weighted
    by count, as LeRobot does it when it has no more the images."""
    count = np.array([part["count"][0] for part in parts], dtype=np.float64)

    def average(values: np.ndarray) -> np.ndarray:
        return np.tensordot(count, values, axes=1) / count.sum()

    array = {name: np.array([part[name] for part in parts]) for name in parts[0] if name != "count"}
    mean = average(array["mean"])
    merged = {
        "min": array["min"].min(axis=0),
        "max": array["max"].max(axis=0),
        "mean": mean,
        "std": np.sqrt(average(array["std"] ** 2 + (array["mean"] - mean) ** 2)),
    }
    merged |= {name: average(array[name]) for name in QUANTILES}
    return {name: value.tolist() for name, value in merged.items()} | {"count": [int(count.sum())]}


def episode_columns(stats: Mapping[str, Stats]) -> dict[str, Any]:
    """Flat columns `stats/<feature>/<statistic>` of an episode's row."""
    return {
        f"stats/{feature}/{name}": value for feature, part in stats.items() for name, value in part.items()
    }


def stats_of_row(row: Mapping[str, Any], feature: str) -> Stats:
    """One feature's statistics back from an episode's row."""
    return {
        name: row[f"stats/{feature}/{name}"] for name in ("min", "max", "mean", "std", "count", *QUANTILES)
    }


def dataset_stats(
    columns: Mapping[str, np.ndarray], rows: Sequence[Mapping[str, Any]], image_keys: Iterable[str]
) -> dict[str, Stats]:
    """meta/stats.json: numbers from every row of the data [n, d], images from the episodes' statistics."""
    stats = {name: vector_stats(values) for name, values in columns.items()}
    return stats | {key: merge_image_stats([stats_of_row(row, key) for row in rows]) for key in image_keys}
