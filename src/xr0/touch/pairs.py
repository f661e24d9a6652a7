"""Pairs of grasps for training: current and goal of one shape, read out by one faulty sensor, and their
increment.

Three symmetries make more of each: current and goal may change places (W becomes its inverse), the world may
be mirrored in y or in z, and the gripper may be turned by half a turn, which makes each pad the other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from xr0.touch.data import GOALS_EACH, GRASPS_EACH, STARTS_EACH, GraspData
from xr0.touch.randomise import JOINT_NOISE_MM
from xr0_robot.touch.sensor import electronics
from xr0_robot.touch.sensor.increment import increment, to_vector
from xr0_robot.touch.sensor.pads import LEVELS
from xr0_robot.touch.sensor.symmetry import Symmetry

ANY_SHARE, SWAPPED_SHARE = 0.2, 0.25
"""Share of pairs whose current is any grasp of the shape, not one about its goal; share of pairs that are
swapped."""


@dataclass(frozen=True)
class Pairs:
    """What a network gets. images: float32 [b, 2, f, 11, 9] in 0..1, current then goal; joints: [b, 2, j] in
    mm."""

    images: Tensor
    joints: Tensor

    def where(self, mask: Tensor) -> Pairs:
        """Some of the pairs."""
        return Pairs(self.images[mask], self.joints[mask])


def draw(data: GraspData, count: int, rng: np.random.Generator) -> tuple[Pairs, Tensor]:
    """`count` pairs and their increments [count, 6] (mm, rad)."""
    shape, chosen = rng.integers(len(data), size=count), _choose(rng, count)
    images, joints = _felt(data, shape, chosen, rng)
    w = to_vector(increment(*(data.poses[shape, grasp] for grasp in chosen)))
    images, w = mirrored(images, w, *(rng.random((3, count)) < 0.5))
    return Pairs(as_input(images), joints), torch.from_numpy(w.astype(np.float32))


def draw_poses(data: GraspData, count: int, rng: np.random.Generator) -> tuple[Pairs, Tensor]:
    """`count` single grasps, each beside itself, and the objects' poses [count, 6]: what "estimate the pose
    of each, then subtract" learns. Grasps are drawn as often as current and goal of `draw` are."""
    shape, (current, goal) = rng.integers(len(data), size=count), _choose(rng, count)
    grasp = np.where(rng.random(count) < 0.5, current, goal)
    images, joints = _felt(data, shape, (grasp, grasp), rng)
    pose = to_vector(data.poses[shape, grasp])
    images[:, 1], joints[:, 1] = images[:, 0], joints[:, 0]
    images, pose = mirrored(images, pose, *(rng.random((3, count)) < 0.5))
    return Pairs(as_input(images), joints), torch.from_numpy(pose.astype(np.float32))


def _felt(
    data: GraspData, shape: np.ndarray, chosen: tuple[np.ndarray, np.ndarray], rng: np.random.Generator
) -> tuple[np.ndarray, Tensor]:
    """Two grasps of each shape, read out by one sensor: images uint8 [b, 2, f, 11, 9] and joints [b, 2,
    j]."""
    sensors = electronics.draw(rng, len(shape), data.forces.shape[2])
    images = []
    for grasp in chosen:
        earlier = rng.integers(GRASPS_EACH, size=len(shape))
        forces, before = (data.forces[shape, index].astype(np.float32) for index in (grasp, earlier))
        images.append(electronics.read(forces, before, sensors, rng))
    joints = np.stack([data.joints[shape, grasp] for grasp in chosen], axis=1)
    joints = joints + JOINT_NOISE_MM * rng.standard_normal(joints.shape)
    return np.stack(images, axis=1), torch.from_numpy(joints.astype(np.float32))


def as_input(images: np.ndarray) -> Tensor:
    """8 bit images as a network takes them."""
    return torch.from_numpy(images.astype(np.float32) / LEVELS)


def mirrored(
    images: np.ndarray, w: np.ndarray, y: np.ndarray, z: np.ndarray, turned: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Images [b, 2, 2, 11, 9] of a parallel gripper and increments [b, 6] after the symmetries whose masks
    [b] are set."""
    images, w = images.copy(), w.copy()
    for mask, same in ((y, Symmetry(y=True)), (z, Symmetry(z=True)), (turned, Symmetry(turned=True))):
        images[mask], w[mask] = same.images(images[mask]), same.increment(w[mask])
    return images, w


def _choose(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Indices of current and goal among a shape's grasps."""
    each = 1 + STARTS_EACH
    goal = rng.integers(GOALS_EACH, size=count) * each
    about = goal + rng.integers(1, each, size=count)
    other = (goal + rng.integers(1, GRASPS_EACH, size=count)) % GRASPS_EACH
    current = np.where(rng.random(count) < ANY_SHARE, other, about)
    swapped = rng.random(count) < SWAPPED_SHARE
    return np.where(swapped, goal, current), np.where(swapped, current, goal)
