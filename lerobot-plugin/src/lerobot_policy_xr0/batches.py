"""LeRobot's batches as this project's samples and requests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from lerobot.configs import FeatureType, PolicyFeature
from torch import Tensor

from xr0.checkpoints.folder import Robot
from xr0.data.collate import Row, collate
from xr0.data.robots import encoded, sizeless
from xr0.policy import made_up_size
from xr0.transform.augment import Augmentation
from xr0.transform.processor import Processor
from xr0.types import Batch
from xr0_robot.features import ACTION, IMAGES, STATE
from xr0_robot.types import Embodiment

TASK, PADDED = "task", "action_is_pad"


def inputs(embodiment: Embodiment) -> dict[str, PolicyFeature]:
    """What LeRobot has to bring, by the names that it gives cameras."""
    state = PolicyFeature(FeatureType.STATE, (embodiment.state_dim,))
    views = {
        IMAGES + camera.key: PolicyFeature(FeatureType.VISUAL, (3, *made_up_size(camera)))
        for camera in embodiment.cameras
    }
    return {STATE: state, **views}


def size_of(batch: Mapping[str, Any]) -> int:
    """How many samples; ValueError without a state."""
    if STATE not in batch:
        raise ValueError(f"batch: got {sorted(batch)}, expected {STATE}")
    return len(batch[STATE])


def state_of(batch: Mapping[str, Any], i: int) -> np.ndarray:
    """What sample i senses, float64 [state_dim], in the robot's own numbers."""
    return batch[STATE][i].cpu().double().numpy()


def task_of(batch: Mapping[str, Any], i: int) -> str:
    """What sample i is told; ValueError where it is told nothing."""
    tasks = batch.get(TASK)
    task = tasks if isinstance(tasks, str) else tasks[i] if tasks else ""
    if not task.strip():
        raise ValueError(
            f"batch: sample {i} has no sentence in {TASK!r}; lerobot-rollout takes one by --task"
        )
    return task


def pictures_of(batch: Mapping[str, Any], embodiment: Embodiment, i: int) -> dict[str, np.ndarray]:
    """What sample i sees: uint8 [h, w, 3] by camera key, of observation.images.KEY, or KEY where a dataset
    names its pictures in a way of its own. ValueError names a camera that is missing."""
    return {camera.key: _picture(_feature(batch, camera.key)[i]) for camera in embodiment.cameras}


def training_batch(
    batch: Mapping[str, Any], robot: Robot, processor: Processor, augmentation: Augmentation | None
) -> Batch:
    """Samples in the model's space. All that is random about them comes from torch's generator, which LeRobot
    seeds, saves and restores. augmentation: None where they are validated on."""
    seeds = torch.randint(2**63 - 1, (size_of(batch) + 1,)).tolist()
    rows = [_row(batch, i, robot, processor, augmentation, seed) for i, seed in enumerate(seeds[1:])]
    return collate(rows, processor, seeds[0])


def _row(
    batch: Mapping[str, Any],
    i: int,
    robot: Robot,
    processor: Processor,
    augmentation: Augmentation | None,
    seed: int,
) -> Row:
    embodiment, stats = robot.embodiment, robot.stats
    told = batch[ACTION][i].cpu().double().numpy()
    pad = batch[PADDED][i].cpu().numpy() if PADDED in batch else np.zeros(len(told), dtype=bool)
    told = np.where(pad[:, None], embodiment.hold(told), told)
    state, actions = encoded(state_of(batch, i)[None], told[None], embodiment)
    seen = (pictures_of(batch, embodiment, i), task_of(batch, i), sizeless(embodiment))
    if augmentation is None:
        tokens = processor.action(*seen)
    else:
        tokens = processor.action(*seen, np.random.default_rng(seed), augmentation)
    normal = stats.normalize_actions(actions)[0]
    return Row(tokens, stats.normalize_state(state), normal, stats.mask, 0, seed, f"sample {i} of the batch")


def _feature(batch: Mapping[str, Any], key: str) -> Tensor:
    for name in (IMAGES + key, key):
        if name in batch:
            return batch[name]
    there = sorted(name for name in batch if "image" in name)
    raise ValueError(
        f"batch: no pictures of camera {key!r}, got {', '.join(there) or 'none'}; --rename_map renames them"
    )


def _picture(image: Tensor) -> np.ndarray:
    """uint8 [h, w, 3] of [3, h, w], floats from 0 to 1 or bytes."""
    if image.is_floating_point():
        image = (image * 255).round().clamp(0, 255).to(torch.uint8)
    return np.ascontiguousarray(image.permute(1, 2, 0).cpu().numpy())
