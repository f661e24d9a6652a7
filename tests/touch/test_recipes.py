"""Every tactile recipe trains, writes a checkpoint that predicts, and goes on where it was."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from xr0.touch import data, recipes
from xr0.touch.net import NetConfig
from xr0.touch.predictor import Predictor
from xr0_robot.touch.sensor.pads import TactileReading

SMALL = replace(
    recipes.REFINE,
    net=NetConfig("conv", 2, 1, 8, 16),
    train=replace(recipes.REFINE.train, steps=3, warmup=1, batch=8),
)


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("grasps")
    data._check_format(folder)
    data._write_shard(folder / "000000.npz", 0, 4)
    return folder


@pytest.mark.parametrize("recipe", [recipes.refine, recipes.absolute, recipes.blind])
def test_a_recipe_trains(recipe, shards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recipes, "HELD_OUT_SHAPES", 1)
    monkeypatch.setattr(recipes, "HELD_OUT_PAIRS", 8)
    recipe(shards, tmp_path / "run", SMALL)
    predictor = Predictor.from_pretrained(tmp_path / "run" / "checkpoint")
    images = np.random.default_rng(0).integers(1, 255, (2, 11, 9)).astype(np.uint8)
    reading = TactileReading(("left", "right"), images, np.array([6.0]))
    w, sigma = predictor.predict(reading, reading)
    assert np.isfinite(w).all()
    assert (sigma > 0).all()


def test_too_little_data_is_refused(shards: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected more than 256"):
        recipes.refine(shards, tmp_path / "run", SMALL)
