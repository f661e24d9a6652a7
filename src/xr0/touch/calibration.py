"""Calibration of a network's standard deviations: one factor for each degree of freedom.

Trained by likelihood, a network is usually too confident. The factors are fitted on episodes that neither
training nor evaluation uses; they change sigma and leave the increments as they are (temperature scaling, Guo
et al. 2017, arXiv 1706.04599, applied to a regression). They lie beside the weights:

calibration.json    sigma_scale [6], fingerprint of the weights, what they were fitted on
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from xr0_robot.report import write as write_json
from xr0_robot.touch.sensor.increment import VECTOR
from xr0_robot.types import finite_vector

FILE = "calibration.json"

COVERAGE = 0.6827
"""Share of a normal distribution within one standard deviation, and of errors that shall be within sigma."""


def fit_scale(errors: np.ndarray, sigma: np.ndarray) -> np.ndarray:
    """Factors [6] with which COVERAGE of the errors [n, 6] are within sigma [n, 6], each number by itself."""
    return np.quantile(np.abs(errors) / sigma, COVERAGE, axis=0)


def read(folder: Path, fingerprint: str) -> np.ndarray:
    """The factors [6] of a checkpoint folder whose weights have this fingerprint.

    Ones where there is no file: the network's own sigma, not calibrated. ValueError, one line, for factors of
    other weights or numbers that are no factors.
    """
    path = folder / FILE
    if not path.is_file():
        return np.ones(VECTOR)
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise ValueError(f"tactile checkpoint: {path} is not JSON ({error})") from error
    if found.get("fingerprint") != fingerprint:
        raise ValueError(
            f"tactile checkpoint: {path} is for weights {found.get('fingerprint')!r}, these are "
            f"{fingerprint!r}: run xr0 tactile calibrate"
        )
    scale = finite_vector(f"{path}: sigma_scale", found.get("sigma_scale"), VECTOR)
    if not (scale > 0).all():
        raise ValueError(f"tactile checkpoint: {path} has sigma_scale {scale.tolist()}, expected all above 0")
    return scale


def write(folder: Path, scale: np.ndarray, fingerprint: str, fitted_on: Mapping[str, Any]) -> None:
    """Put the factors beside the weights, in place of any that were there."""
    rounded = [round(float(value), 3) for value in scale]
    write_json(
        folder / FILE, {"sigma_scale": rounded, "fingerprint": fingerprint, "fitted_on": dict(fitted_on)}
    )
