"""Training data: shapes with sixteen grasps each, as forces before any read-out, in shards of .npz files.

Four goals a shape, and three starts about each, from a hair's breadth to as far as a loop may begin. All
grasps of a shape are felt by one skin. The read-out's faults are drawn anew each time a grasp is used
(`pairs.py`), so the shards hold clean forces.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch

from xr0.touch import randomise, task
from xr0.touch.foundation import Foundation, Grasps
from xr0.touch.task import GOALS, WIDE
from xr0_robot.leash import follow_parent
from xr0_robot.touch.sensor.increment import to_matrix, to_vector
from xr0_robot.touch.sensor.shapes import Shape

FORMAT = "xr0-tactile-1"
"""Layout of the shards; raised when it changes."""

SHARD = 512
"""Shapes in a file."""

GOALS_EACH, STARTS_EACH = 4, 3
"""Goals of a shape; starts about each goal."""

GRASPS_EACH = GOALS_EACH * (1 + STARTS_EACH)
"""Grasp 4 g is goal g, the three after it are its starts."""

REACH, CLOSENESS = 1.1, np.array([1.0, 2.0, 2.0, 1.5, 1.5, 1.5])
"""A start is off its goal by the wide spread times REACH u^CLOSENESS, one uniform u for y and z, one for the
turn, one for the tilts. Were they the same, a network would learn that what is close in y and z is hardly
turned, and stop there; and the flatter the exponent, the less it takes a turn that it hardly feels for
none."""

ROUNDS = 8
"""Draws for those grasps that miss a pad, before a shape is left out."""


@dataclass(frozen=True)
class GraspData:
    """n shapes. forces: float16 [n, 16, f, 11, 9] in N; joints: float32 [n, 16, j] in mm; poses: float64
    [n, 16, 4, 4]."""

    forces: np.ndarray
    joints: np.ndarray
    poses: np.ndarray

    def __len__(self) -> int:
        return len(self.forces)

    def split(self, first: int) -> tuple[GraspData, GraspData]:
        """The first shapes, and the others."""
        parts = (slice(None, first), slice(first, None))
        head, tail = (GraspData(self.forces[p], self.joints[p], self.poses[p]) for p in parts)
        return head, tail


def generate(out: Path, shapes: int, first_seed: int, workers: int) -> None:
    """Write the shards of seeds first_seed, first_seed + 1, ...; those that are there are kept.

    ValueError for seeds outside the training range, or a folder of another layout.
    """
    low, high = task.TRAIN_SEEDS
    if not low <= first_seed <= first_seed + shapes <= high:
        raise ValueError(f"seeds: got {first_seed} to {first_seed + shapes}, training has {low} to {high}")
    out.mkdir(parents=True, exist_ok=True)
    _check_format(out)
    jobs = [
        (out / f"{seed:06d}.npz", seed, min(SHARD, first_seed + shapes - seed))
        for seed in range(first_seed, first_seed + shapes, SHARD)
    ]
    todo = [job for job in jobs if not job[0].exists()]
    with ProcessPoolExecutor(workers, get_context("spawn"), follow_parent) as pool:
        for done, path in enumerate(pool.map(_write_shard, *zip(*todo, strict=True)) if todo else ()):
            print(f"{path.name}: {len(jobs) - len(todo) + done + 1} of {len(jobs)}", flush=True)


def load(folder: Path) -> GraspData:
    """All shards of a folder; FileNotFoundError if there is none, ValueError for another layout."""
    paths = sorted(folder.glob("*.npz"))
    if not paths:
        raise FileNotFoundError(f"tactile data: no shards in {folder}")
    _check_format(folder)
    parts = [np.load(path, allow_pickle=False) for path in paths]
    forces, joints, vectors = (
        np.concatenate([part[key] for part in parts]) for key in ("forces", "joints", "poses")
    )
    return GraspData(forces, joints, to_matrix(vectors))


def grasp_shape(
    sensor: Foundation, shape: Shape, rng: np.random.Generator
) -> tuple[Grasps, np.ndarray] | None:
    """Sixteen grasps of a shape and the object's poses [16, 4, 4]; None if both pads cannot hold it."""
    fingers = len(sensor.hand)
    skin = randomise.draw_skin(rng, 1, fingers)
    mean_n = rng.uniform(*randomise.FORCE_N)

    def close(poses: np.ndarray) -> Grasps:
        n = len(poses)
        force = randomise.draw_force(rng, np.full(n, mean_n), fingers)
        return sensor.grasp([shape] * n, poses, force, skin.take(np.zeros(n, int)), rng)

    goals = _held(close, lambda n: to_matrix(GOALS.draw(rng, n)), np.zeros(GOALS_EACH, int))
    if goals is None:
        return None
    about = np.repeat(np.arange(GOALS_EACH), STARTS_EACH)

    def draw_starts(which: np.ndarray) -> np.ndarray:
        u = rng.random((len(which), 4))[:, [0, 1, 1, 2, 3, 3]]
        scale = REACH * u**CLOSENESS
        return task.starts(rng, goals[1][which], WIDE, scale)

    starts = _held_about(close, draw_starts, about)
    return None if starts is None else _interleave(goals, starts)


def _held(
    close: Callable[[np.ndarray], Grasps], draw: Callable[[int], np.ndarray], which: np.ndarray
) -> tuple[Grasps, np.ndarray] | None:
    return _held_about(close, lambda index: draw(len(index)), which)


def _held_about(
    close: Callable[[np.ndarray], Grasps], draw: Callable[[np.ndarray], np.ndarray], which: np.ndarray
) -> tuple[Grasps, np.ndarray] | None:
    """Grasps at draw(which), where those that miss a pad are drawn again."""
    poses = draw(which)
    grasps = close(poses)
    for _ in range(ROUNDS):
        missed = ~task.in_contact(grasps.forces)
        if not missed.any():
            return grasps, poses
        poses[missed] = draw(which[missed])
        again = close(poses[missed])
        grasps.forces[missed], grasps.joints[missed] = again.forces, again.joints
    return None


def _interleave(
    goals: tuple[Grasps, np.ndarray], starts: tuple[Grasps, np.ndarray]
) -> tuple[Grasps, np.ndarray]:
    """Each goal before its own starts."""
    order = np.argsort(
        np.concatenate([np.arange(GOALS_EACH) * 2, np.repeat(np.arange(GOALS_EACH), STARTS_EACH) * 2 + 1]),
        kind="stable",
    )
    forces = np.concatenate([goals[0].forces, starts[0].forces])[order]
    joints = np.concatenate([goals[0].joints, starts[0].joints])[order]
    return Grasps(forces, joints), np.concatenate([goals[1], starts[1]])[order]


def _write_shard(path: Path, first_seed: int, count: int) -> Path:
    torch.set_num_threads(1)
    sensor = Foundation()
    forces, joints, poses = [], [], []
    for seed in range(first_seed, first_seed + count):
        done = grasp_shape(sensor, task.training_shape(seed), np.random.default_rng([seed, 1]))
        if done is not None:
            grasps, where = done
            forces.append(grasps.forces.astype(np.float16))
            joints.append(grasps.joints.astype(np.float32))
            poses.append(to_vector(where))
    draft = path.with_suffix(".part.npz")
    np.savez(draft, forces=np.stack(forces), joints=np.stack(joints), poses=np.stack(poses))
    return draft.replace(path)


def _check_format(folder: Path) -> None:
    """The folder's layout, written by whoever is first."""
    path = folder / "format.json"
    if not path.exists():
        path.write_text(json.dumps({"format": FORMAT}) + "\n")
    found = json.loads(path.read_text()).get("format")
    if found != FORMAT:
        raise ValueError(f"tactile data: {folder} has format {found!r}, expected {FORMAT!r}; remove it")
