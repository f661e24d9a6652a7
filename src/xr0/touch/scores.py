"""Episodes to numbers: errors after each move, success within tolerances with its interval, divergence,
calibration."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from xr0.touch.calibration import fit_scale
from xr0_robot.report import wilson
from xr0_robot.touch.sensor.increment import DOF, magnitudes

TOLERANCES = {
    "10deg_10mm": (10.0, 10.0),
    "5deg_10mm": (5.0, 10.0),
    "5deg_5mm": (5.0, 5.0),
    "5deg_1mm": (5.0, 1.0),
    "3deg_0_5mm": (3.0, 0.5),
}
"""Degrees and mm below which an episode is a success (the first three are the paper's)."""

AFTER = (0, 1, 2, 3, 5)
"""Moves after which errors are reported."""

UNOBSERVABLE = 1e-9
"""An error (mm, rad) that begins below this was projected out: touch cannot tell that degree of freedom."""

FELT = DOF[1:]
"""Degrees of freedom whose sigma is reported: the closing axis, x, is not felt."""

SIGMAS = {"within_1_sigma": 1.0, "within_2_sigma": 2.0}
"""A calibrated normal distribution holds 68 and 95 % of the truth within these."""


@dataclass(frozen=True)
class Outcome:
    """n episodes of one method, with m predictions.

    errors: [n, steps + 1, 6], observable part of what was left (mm, rad); verdicts, families, seeds: [n];
    dropped: int [n], degrees of freedom that touch cannot tell; predicted, sigma, true: [m, 6].
    """

    errors: np.ndarray
    verdicts: tuple[str, ...]
    families: tuple[str, ...]
    seeds: tuple[int, ...]
    dropped: np.ndarray
    predicted: np.ndarray
    sigma: np.ndarray
    true: np.ndarray


def joined(parts: Sequence[Outcome]) -> Outcome:
    """One outcome of slices."""

    def stacked(name: str) -> np.ndarray:
        return np.concatenate([getattr(part, name) for part in parts])

    def listed(name: str) -> tuple[Any, ...]:
        return tuple(value for part in parts for value in getattr(part, name))

    return Outcome(
        errors=stacked("errors"),
        verdicts=listed("verdicts"),
        families=listed("families"),
        seeds=listed("seeds"),
        dropped=stacked("dropped"),
        predicted=stacked("predicted"),
        sigma=stacked("sigma"),
        true=stacked("true"),
    )


def summary(outcome: Outcome) -> dict[str, Any]:
    """One method on one group of episodes, as a report has it."""
    mm, deg = magnitudes(outcome.errors)
    last = outcome.errors.shape[1] - 1
    observable = np.abs(outcome.errors[:, 0]) > UNOBSERVABLE
    return {
        "n": len(mm),
        **_successes(mm[:, last], deg[:, last], "success"),
        **_successes(mm[:, 0], deg[:, 0], "unrefined"),
        "errors": {f"after_{k}": _errors(outcome.errors[:, min(k, last)], observable) for k in AFTER},
        "diverged": float(_diverged(mm, deg).mean()),
        "verdicts": dict(Counter(outcome.verdicts)),
        "unobservable_dof": {str(k): v for k, v in sorted(Counter(outcome.dropped.tolist()).items())},
    }


def details(outcome: Outcome, sigma_scale: np.ndarray) -> dict[str, Any]:
    """For the method that a report is about: by family, how true its sigma is, and every episode.

    sigma_scale: the factors [6] that its sigma already contains; the calibration without them stands beside.
    """
    mm, deg = magnitudes(outcome.errors)
    raw = replace(outcome, sigma=outcome.sigma / sigma_scale)
    return {
        "families": {name: _rates(mm[own, -1], deg[own, -1]) for name, own in _groups(outcome.families)},
        "calibration": _calibration(outcome),
        "calibration_unscaled": _calibration(raw),
        "rows": [
            {
                "seed": seed,
                "family": family,
                "verdict": verdict,
                "unobservable_dof": int(dropped),
                "mm": np.round(a, 3).tolist(),
                "deg": np.round(b, 2).tolist(),
            }
            for seed, family, verdict, dropped, a, b in zip(
                outcome.seeds, outcome.families, outcome.verdicts, outcome.dropped, mm, deg, strict=True
            )
        ],
    }


def by_seed(outcomes: Mapping[int, Outcome]) -> dict[str, Any]:
    """Success of each first seed's own block of episodes."""
    found = {}
    for first, outcome in outcomes.items():
        mm, deg = magnitudes(outcome.errors[:, -1])
        found[str(first)] = {"n": len(mm), **_rates(mm, deg)}
    return found


def _successes(mm: np.ndarray, deg: np.ndarray, prefix: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, (most_deg, most_mm) in TOLERANCES.items():
        hits = int(((mm <= most_mm) & (deg <= most_deg)).sum())
        found[f"{prefix}_{name}"] = hits / len(mm)
        found[f"{prefix}_{name}_ci95"] = list(wilson(hits, len(mm)))
    return found


def _rates(mm: np.ndarray, deg: np.ndarray) -> dict[str, float]:
    return {
        f"success_{name}": float(((mm <= most_mm) & (deg <= most_deg)).mean())
        for name, (most_deg, most_mm) in TOLERANCES.items()
    }


def _errors(errors: np.ndarray, observable: np.ndarray) -> dict[str, Any]:
    """Whole, and by degree of freedom where touch can tell it (observable, bool [n, 6])."""
    mm, deg = magnitudes(errors)
    size = np.abs(errors)
    size[:, 3:] = np.rad2deg(size[:, 3:])
    by_dof = {
        name: _spread(size[observable[:, k], k]) for k, name in enumerate(DOF) if observable[:, k].any()
    }
    return {"mm": _spread(mm), "deg": _spread(deg), "by_dof": by_dof}


def _spread(values: np.ndarray) -> dict[str, float | int]:
    return {
        "n": len(values),
        "median": float(np.median(values)),
        "mean": float(values.mean()),
        "p90": float(np.percentile(values, 90)),
    }


def _diverged(mm: np.ndarray, deg: np.ndarray) -> np.ndarray:
    """Whether an episode ended further from its goal than it began, 1 mm counted as much as 6 degrees, as in
    the strictest tolerance."""
    size = mm / 0.5 + deg / 3.0
    return size[:, -1] > np.maximum(size[:, 0], 1.0)


def _calibration(outcome: Outcome) -> dict[str, Any]:
    """Share of errors within one and two sigma, and the factor on sigma that would make the first 68 %."""
    errors = outcome.true - outcome.predicted
    z, needed = np.abs(errors) / outcome.sigma, fit_scale(errors, outcome.sigma)
    shares = {name: (z <= most).mean(axis=0) for name, most in SIGMAS.items()} | {"factor_needed": needed}
    return {name: dict(zip(FELT, map(float, values[1:]), strict=True)) for name, values in shares.items()}


def _groups(names: Sequence[str]) -> list[tuple[str, np.ndarray]]:
    return [(name, np.array(names) == name) for name in sorted(set(names))]
