"""A known factor is found again, and what lies beside the weights scales sigma and nothing else."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from xr0.touch import calibration
from xr0.touch.calibrate import calibrate
from xr0.touch.net import NetConfig, TacRefineNet
from xr0.touch.predictor import Predictor
from xr0_robot.touch.sensor.pads import TactileReading

FACTORS = np.array([1.0, 2.0, 0.5, 1.5, 3.0, 1.2])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    torch.manual_seed(1)
    Predictor(TacRefineNet(NetConfig("conv", 2, 1, 8, 16)), ("left", "right")).save(tmp_path / "tactile")
    return tmp_path / "tactile"


def fingerprint(folder: Path) -> str:
    return Predictor.uncalibrated(folder).fingerprint


def reading(seed: int) -> TactileReading:
    images = np.random.default_rng(seed).integers(1, 255, (2, 11, 9)).astype(np.uint8)
    return TactileReading(("left", "right"), images, np.full(1, 6.0))


def test_the_factors_of_normal_errors_are_found() -> None:
    rng = np.random.default_rng(0)
    sigma = rng.uniform(0.1, 2.0, (40_000, 6))
    errors = FACTORS * sigma * rng.standard_normal(sigma.shape)
    scale = calibration.fit_scale(errors, sigma)
    np.testing.assert_allclose(scale, FACTORS, rtol=0.02)
    assert (np.abs(errors) <= scale * sigma).mean(axis=0) == pytest.approx(calibration.COVERAGE, abs=1e-3)


def test_a_calibration_scales_sigma_and_leaves_the_increment_as_it_is(folder: Path) -> None:
    plain = Predictor.from_pretrained(folder)
    calibration.write(folder, FACTORS, fingerprint(folder), {})
    scaled = Predictor.from_pretrained(folder)
    assert scaled.fingerprint == plain.fingerprint
    (w, sigma), (same_w, larger) = (p.predict(reading(0), reading(1)) for p in (plain, scaled))
    np.testing.assert_array_equal(same_w, w)
    np.testing.assert_allclose(larger, FACTORS * sigma)
    np.testing.assert_array_equal(Predictor.uncalibrated(folder).predict(reading(0), reading(1))[1], sigma)


def test_a_checkpoint_without_one_answers_the_network_s_own_sigma(folder: Path) -> None:
    one, other = Predictor.from_pretrained(folder), Predictor.uncalibrated(folder)
    np.testing.assert_array_equal(one.sigma_scale, np.ones(6))
    for a, b in zip(one.predict(reading(0), reading(1)), other.predict(reading(0), reading(1)), strict=True):
        assert a.tobytes() == b.tobytes()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"fingerprint": "other"}, "is for weights 'other'"),
        ({"sigma_scale": [1.0] * 5}, r"expected numbers of shape \(6,\)"),
        ({"sigma_scale": [1.0] * 5 + [0.0]}, "expected all above 0"),
    ],
)
def test_a_calibration_that_does_not_fit_is_refused(folder: Path, change: dict, reason: str) -> None:
    calibration.write(folder, FACTORS, fingerprint(folder), {})
    path = folder / calibration.FILE
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ValueError, match=reason):
        Predictor.from_pretrained(folder)
    path.write_text("{")
    with pytest.raises(ValueError, match="is not JSON"):
        Predictor.from_pretrained(folder)


def test_calibrating_writes_what_the_next_load_applies(folder: Path) -> None:
    scale = calibrate(folder, 3, 500_000)
    np.testing.assert_allclose(Predictor.from_pretrained(folder).sigma_scale, scale, atol=1e-3)
    fitted_on = json.loads((folder / calibration.FILE).read_text())["fitted_on"]
    assert (fitted_on["first_seed"], fitted_on["episodes"]) == (500_000, 3)
    again = calibrate(folder, 3, 500_000)  # starts from the network's own sigma, not from the last factors
    np.testing.assert_array_equal(again, scale)


@pytest.mark.parametrize("first_seed", [499_999, 999_999, 1_000_000])
def test_seeds_of_training_and_evaluation_are_not_for_calibration(folder: Path, first_seed: int) -> None:
    with pytest.raises(ValueError, match="from 500000 to 1000000"):
        calibrate(folder, 3, first_seed)
