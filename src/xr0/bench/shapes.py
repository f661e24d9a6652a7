"""A checkpoint of a given shape with random weights, in memory: for the stopwatch."""

from __future__ import annotations

import numpy as np
import torch

from xr0.checkpoints import random_weights
from xr0.checkpoints.folder import Checkpoint, Robot
from xr0.config import CAUSAL, EMPTY_SLOT_STD, ModelConfig
from xr0.model import vlm
from xr0.model.vla import VLA
from xr0.sizes import OFFICIAL_IMAGES, OFFICIAL_SPECIAL_IDS, official_4b
from xr0.transform import tokenizer
from xr0.transform.normalize import Stats
from xr0.transform.processor import Processor
from xr0_robot.released import LIBERO
from xr0_robot.types import Camera, Embodiment

SEED = 0
"""Of the random weights."""

USED_SLOTS = 7
"""A pose and a gripper."""

TITLES = ("Base View", "Left-Wrist View", "Right-Wrist View")
"""Of as many cameras as are asked for."""


def official_4b_checkpoint(views: int, horizon: int) -> Checkpoint:
    """The released size, bfloat16; ValueError for more views than there are titles."""
    return checkpoint(official_4b(), views, horizon)


def checkpoint(config: ModelConfig, views: int, horizon: int) -> Checkpoint:
    """One of any size for a robot with so many cameras."""
    if horizon < 1:
        raise ValueError(f"bench: got horizon {horizon}, expected 1 or more")
    std = np.full((horizon, config.action_dim), EMPTY_SLOT_STD / 10, np.float32)
    std[:, :USED_SLOTS] = 1.0
    zeros = np.zeros(config.state_dim, np.float32)
    stats = Stats(np.zeros_like(std), std, zeros, np.ones_like(zeros), "random")
    robots = {"bench": Robot(robot(views), stats)}
    processor = Processor(tokenizer.placeholder(OFFICIAL_SPECIAL_IDS), OFFICIAL_IMAGES)
    return Checkpoint(_vla(config), processor, robots, CAUSAL, "random", f"seed {SEED}")


def _vla(config: ModelConfig) -> VLA:
    with torch.device("meta"):
        vla = VLA(config)
    shapes = random_weights.shapes(config)
    (values,) = random_weights.parts(shapes, [list(shapes)], SEED)
    vla.load_state_dict(values, strict=False, assign=True)
    vlm.tie(vla.vlm)
    vlm.set_rope(vla.vlm, CAUSAL.rounded_rope)
    return vla


def robot(views: int) -> Embodiment:
    """One with so many cameras; ValueError for more than there are titles."""
    if not 1 <= views <= len(TITLES):
        raise ValueError(f"bench: got {views} views, expected 1 to {len(TITLES)}")
    cameras = tuple(Camera(f"view_{k}", TITLES[k], None, None) for k in range(views))
    return Embodiment(
        "bench", LIBERO.rate_hz, cameras, LIBERO.segments, LIBERO.model_dim, "", "", LIBERO.sensed
    )
