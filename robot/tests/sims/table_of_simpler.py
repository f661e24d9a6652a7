"""Importing this puts a box where the model of SimplerEnv's table is missing, before ManiSkill looks for it.

Its top is as high as the table's. Commands are tested on it; a camera's pictures show a photograph instead.
"""

import os
import sys
import tempfile
from pathlib import Path

import numpy as np
import trimesh

ASSETS = Path(sys.prefix) / "assets"
DATA = Path("data/tasks/bridge_v2_real2sim_dataset")
TABLE = DATA / "stages/bridge_table_1_v1.glb"
TOP_M, THICK_M, WIDE_M = 0.87, 0.1, 2.0
FRAME = np.array([2.0634, 2.8313, 0.0])
"""Where the simulator puts the model's origin; the model's second axis points up."""


def with_a_box() -> Path:
    """The assets, in a folder of their own."""
    folder = Path(tempfile.mkdtemp())
    (folder / TABLE).parent.mkdir(parents=True)
    for path in ("data/robots", DATA / "custom", DATA / "real_inpainting"):
        (folder / path).symlink_to(ASSETS / path)
    x, y, z = np.array([0.0, 0.0, TOP_M - THICK_M / 2]) - FRAME
    place = trimesh.transformations.translation_matrix([x, z, -y])
    trimesh.creation.box((WIDE_M, THICK_M, WIDE_M), place).export(folder / TABLE)
    return folder


if not (ASSETS / TABLE).is_file():
    os.environ["MS_ASSET_DIR"] = str(with_a_box())
