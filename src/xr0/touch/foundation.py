"""The first simulator, an elastic foundation: what pads feel of a shape, without dynamics.

The object is held fixed and each pad is pressed on it along its own normal with a set force, so how far it
stands from the gripper's middle is not felt. Heights of the object are exact, one ray to each cell of a fine
grid; the skin is a bed of springs, p = k d (1 + (2 d / t)^4): linear, and stiff when half of its thickness is
gone. The force of a cell spreads as a Gaussian, and a taxel feels what falls on its area.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from xr0_robot.touch.sensor.increment import inverse, to_matrix
from xr0_robot.touch.sensor.pads import COLUMNS, PARALLEL, PITCH_MM, ROWS, Hand, joint_count
from xr0_robot.touch.sensor.shapes import Shape

SUBSAMPLES = 8
"""Cells along a taxel's side, a ray jittered in each.

Jitter makes two grasps at one pose differ, by less than one frame of the read-out does. With half as many
rays it is more on many shapes: a fault of the simulator, that hides what a sensor would feel.
"""

TOGETHER, PIECES_TOGETHER = 32, 256
"""Grasps, and convex pieces, computed at once: what fits a core's cache."""

EDGE_ON = 1e-6
"""A face whose normal has a smaller part along the ray bounds no height, it only lets rays by or not."""

FAR_MM = 1e4
"""The height where a ray meets nothing."""

NEWTON_STEPS = 10
"""From the deep side, where the force is a convex function of the depth, they fall onto the root."""


@dataclass(frozen=True)
class Skin:
    """The skins of b sensors with f pads, each field [b, f].

    stiffness: k [N/mm^3]; thickness: t [mm]; spread: standard deviation of the Gaussian [mm]; crown, dome:
    curvature of the face, and of the skin over each taxel [1/mm]; mount: [b, f, 6], where the pad really sits
    in its frame (mm, rad).
    """

    stiffness: np.ndarray
    thickness: np.ndarray
    spread: np.ndarray
    crown: np.ndarray
    dome: np.ndarray
    mount: np.ndarray

    def take(self, index: np.ndarray) -> Skin:
        """Some of the sensors, by index [n] or mask [b]."""
        return Skin(**{name: value[index] for name, value in vars(self).items()})


@dataclass(frozen=True)
class Grasps:
    """What b grasps feel like before any read-out: forces float [b, f, 11, 9] in N, joints float [b, j] in
    mm. A pad that meets nothing feels 0 everywhere."""

    forces: np.ndarray
    joints: np.ndarray


class Foundation:
    """Pads with an elastic skin. jitter: each ray anywhere in its cell, rather than in its middle."""

    def __init__(self, hand: Hand = PARALLEL, subsamples: int = SUBSAMPLES, jitter: bool = True) -> None:
        self.hand = hand
        self._frames = np.stack([finger.frame() for finger in hand])
        self._closing = np.zeros((len(hand), joint_count(hand)))
        self._closing[np.arange(len(hand)), [finger.joint for finger in hand]] = -1.0
        self._jitter = jitter
        self._cell = PITCH_MM / subsamples
        self._y, self._z = (
            torch.arange(n * subsamples) * self._cell - (n * subsamples - 1) * self._cell / 2
            for n in (COLUMNS, ROWS)
        )
        inside = torch.arange(subsamples) * self._cell - (subsamples - 1) * self._cell / 2
        self._y_taxel, self._z_taxel = inside.repeat(COLUMNS), inside.repeat(ROWS)

    def grasp(
        self,
        shapes: Sequence[Shape],
        poses: np.ndarray,
        force_n: np.ndarray,
        skin: Skin,
        rng: np.random.Generator,
    ) -> Grasps:
        """Close on b shapes at poses [b, 4, 4] in the gripper's frame, with force_n [b, f] on each pad."""
        pieces = {id(shape): shape.pieces() for shape in shapes}
        parts = [
            self._grasp(
                [pieces[id(shapes[k])] for k in span], poses[span], force_n[span], skin.take(span), rng
            )
            for span in np.split(np.arange(len(shapes)), range(TOGETHER, len(shapes), TOGETHER))
        ]
        return Grasps(
            np.concatenate([part.forces for part in parts]), np.concatenate([part.joints for part in parts])
        )

    def _grasp(
        self,
        pieces: list[list[np.ndarray]],
        poses: np.ndarray,
        force_n: np.ndarray,
        skin: Skin,
        rng: np.random.Generator,
    ) -> Grasps:
        rotation, origin = self._seen_from_pads(poses, skin.mount)
        gap = self._heights(pieces, rotation, origin, rng)
        for curvature, y, z in ((skin.crown, self._y, self._z), (skin.dome, self._y_taxel, self._z_taxel)):
            gap += 0.5 * _tensor(curvature)[..., None, None] * (z[:, None] ** 2 + y**2)
        stiffness, thickness = (_tensor(v)[..., None, None] for v in (skin.stiffness, skin.thickness))
        depth, touched = press(gap, stiffness * self._cell**2, thickness, _tensor(force_n))
        cells, _ = _springs(
            (depth[..., None, None] - gap).clamp_(min=0.0), stiffness * self._cell**2, thickness
        )
        forces = torch.where(touched[..., None, None], self._felt(cells, _tensor(skin.spread)), 0.0)
        travel = torch.where(touched, depth, 0.0).numpy().astype(np.float64)
        return Grasps(forces.numpy(), travel @ self._closing)

    def _seen_from_pads(self, poses: np.ndarray, mount: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The object in each pad's own frame: rotations [b, f, 3, 3] and origins [b, f, 3]."""
        frames = np.zeros((len(self.hand), 4, 4))
        frames[:, :3, :3], frames[:, 3, 3] = self._frames, 1.0
        seen = inverse(frames @ to_matrix(mount)) @ poses[:, None]
        return seen[..., :3, :3], seen[..., :3, 3]

    def _heights(
        self,
        pieces: list[list[np.ndarray]],
        rotation: np.ndarray,
        origin: np.ndarray,
        rng: np.random.Generator,
    ) -> Tensor:
        """x of the first surface that each ray meets: [b, f, rows, columns] of the fine grid."""
        b, f, rows, columns = *rotation.shape[:2], len(self._z), len(self._y)
        half = self._cell / 2 if self._jitter else 0.0
        shift_y = _tensor(rng.uniform(-half, half, (b, f, rows)))  # of a whole row of rays along y
        shift_z = _tensor(rng.uniform(-half, half, (b, f, columns)))
        heights = torch.full((b, f, rows, columns), FAR_MM)
        faces = np.array([len(piece) for own in pieces for piece in own])
        owners = np.repeat(np.arange(b), [len(own) for own in pieces])
        flat = [piece for own in pieces for piece in own]
        for count in np.unique(faces):
            same = np.flatnonzero(faces == count)
            for start in range(0, len(same), PIECES_TOGETHER):
                chosen = same[start : start + PIECES_TOGETHER]
                owner = owners[chosen]
                planes = np.stack([flat[k] for k in chosen])
                normals = np.einsum("pfij,pkj->pfki", rotation[owner], planes[..., :3])
                offsets = planes[:, None, :, 3] + np.einsum("pfki,pfi->pfk", normals, origin[owner])
                index = torch.from_numpy(owner)
                first = self._first_hit(_tensor(normals), _tensor(offsets), shift_y[index], shift_z[index])
                heights.scatter_reduce_(0, index[:, None, None, None].expand_as(first), first, "amin")
        return heights

    def _first_hit(self, normals: Tensor, offsets: Tensor, shift_y: Tensor, shift_z: Tensor) -> Tensor:
        """Where rays along +x enter convex pieces: [p, f, rows, columns] from normals [p, f, k, 3] and
        offsets.

        On a face x = (d - n_y y - n_z z) / n_x; rays enter by faces with n_x < 0 and leave by those with
        n_x > 0. The sum splits into a part for each row and one for each column, jitter included.
        """
        nx = normals[..., :1]
        nx = torch.where(nx.abs() < EDGE_ON, torch.where(nx < 0, -EDGE_ON, EDGE_ON), nx)
        order = nx[..., 0].argsort(dim=-1)
        entering = (nx[..., 0] < 0).sum(-1)
        slope = (normals[..., 1:] / nx).gather(2, order[..., None].expand(*order.shape, 2))
        base = (offsets / nx[..., 0]).gather(2, order)
        by, bz = slope[..., :1], slope[..., 1:]
        of_row = base[..., None] - bz * self._z - by * shift_y[:, :, None]
        of_column = -by * self._y - bz * shift_z[:, :, None]
        place = torch.arange(order.shape[-1])
        enters = (place < entering[..., None])[..., None]
        inside = torch.where(enters, of_row, -FAR_MM), torch.where(enters, of_column, 0.0)
        outside = torch.where(enters, FAR_MM, of_row), torch.where(enters, 0.0, of_column)
        low, high = (torch.full((*order.shape[:2], len(self._z), len(self._y)), v) for v in (-FAR_MM, FAR_MM))
        for k in range(int(entering.max())):
            torch.maximum(low, inside[0][:, :, k, :, None] + inside[1][:, :, k, None], out=low)
        for k in range(int(entering.min()), order.shape[-1]):
            torch.minimum(high, outside[0][:, :, k, :, None] + outside[1][:, :, k, None], out=high)
        return torch.where(low <= high, low, FAR_MM)

    def _felt(self, cells: Tensor, spread: Tensor) -> Tensor:
        """Forces of cells to forces of taxels: [b, f, 11, 9]."""
        of_rows = _shares(self._z, ROWS, spread)
        of_columns = _shares(self._y, COLUMNS, spread)
        return of_rows @ cells @ of_columns.transpose(-1, -2)


def press(gap: Tensor, stiffness: Tensor, thickness: Tensor, force_n: Tensor) -> tuple[Tensor, Tensor]:
    """How deep each pad goes: the x [b, f] of its face at which springs [b, f, r, c] push back with force_n
    [b, f], and whether it met anything.

    It stops at one and a half thicknesses, where the skin is flat and its carrier would bear the rest.
    """
    nearest = gap.amin(dim=(-2, -1))
    touched = nearest < FAR_MM / 2
    depth = nearest + 1.5 * thickness[..., 0, 0]
    for _ in range(NEWTON_STEPS):
        push, slope = _springs((depth[..., None, None] - gap).clamp_(min=0.0), stiffness, thickness)
        excess = (push.sum((-2, -1)) - force_n).clamp_(min=0.0)
        depth = depth - excess / slope.sum((-2, -1)).clamp(min=1e-9)
    return depth, touched


def _springs(depth: Tensor, stiffness: Tensor, thickness: Tensor) -> tuple[Tensor, Tensor]:
    """Force of springs that are pressed in by depth, and its slope."""
    stiffening = ((2.0 / thickness) * depth).square_().square_()
    return stiffness * depth * (1.0 + stiffening), stiffness * (1.0 + 5.0 * stiffening) * (depth > 0)


def _shares(places: Tensor, taxels: int, spread: Tensor) -> Tensor:
    """Which part of a Gaussian at each place falls on each taxel: [b, f, taxels, places]."""
    borders = (torch.arange(taxels + 1) - taxels / 2) * PITCH_MM
    scale = spread[..., None, None] * 2.0**0.5
    below = torch.erf((borders[:, None] - places) / scale)
    return 0.5 * (below[..., 1:, :] - below[..., :-1, :])


def _tensor(values: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32))
