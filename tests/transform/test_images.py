"""The image rule against the official pipeline's output."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load_file

from xr0.transform import images

QWEN = images.ImageSpec(patch=16, merge=2, temporal=2)


@pytest.mark.parity
def test_patches_equal_the_official_ones(parity_dir: Path) -> None:
    about = json.loads((parity_dir / "images/images.json").read_text())
    assert about
    for name, want in about.items():
        image = np.asarray(Image.open(parity_dir / "images" / f"{Path(name).stem}.png").convert("RGB"))
        got, grid = images.patches(image, QWEN)
        golden = load_file(parity_dir / "images" / f"{Path(name).stem}.safetensors") if (
            parity_dir / "images" / f"{Path(name).stem}.safetensors"
        ).exists() else None
        print(name, want, got.shape, grid, None if golden is None else {k: v.shape for k, v in golden.items()})
    assert 0
