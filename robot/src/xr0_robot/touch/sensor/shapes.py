"""Shapes of objects: unions of convex prisms, or a surface of triangles, with the half-spaces that bound each
piece."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from xr0_robot import rotation
from xr0_robot.touch.sensor import stl
from xr0_robot.types import finite_vector

PIERCE_MM = 1e-3
"""Half the thickness that a triangle is given, so that a ray can hit it: a thousandth of a taxel."""


@dataclass(frozen=True)
class Prism:
    """A convex polygon along an axis, cut off at both ends.

    polygon: float [m, 2] mm, corners counter-clockwise in the prism's own x and y; height: along its z [mm],
    the middle at 0; taper: size of the far end (z = +height/2) over the near end's, 1 for a prism, less for a
    frustum; position [3] mm and rotvec [3] rad: where it is in the object's frame. ValueError if the polygon
    is not convex and counter-clockwise, or a size not positive.
    """

    polygon: np.ndarray
    height: float
    taper: float = 1.0
    position: np.ndarray = field(default_factory=lambda: np.zeros(3))
    rotvec: np.ndarray = field(default_factory=lambda: np.zeros(3))

    def __post_init__(self) -> None:
        if self.polygon.ndim != 2 or self.polygon.shape[1] != 2 or len(self.polygon) < 3:
            raise ValueError(f"prism: got a polygon of shape {self.polygon.shape}, expected [3 or more, 2]")
        if not np.isfinite(self.polygon).all() or not 0 < self.height < np.inf or not 0 < self.taper <= 1:
            raise ValueError(
                f"prism: got height {self.height}, taper {self.taper}, expected height > 0, 0 < taper <= 1, "
                "finite corners"
            )
        edge = np.roll(self.polygon, -1, axis=0) - self.polygon
        after = np.roll(edge, -1, axis=0)
        turn = edge[:, 0] * after[:, 1] - edge[:, 1] * after[:, 0]
        if not (turn > 0).all() or not np.isclose(_winding(edge), 1.0):
            raise ValueError("prism: got a polygon that is not convex with corners counter-clockwise")

    def vertices(self) -> np.ndarray:
        """Its corners in the object's frame: float [2 m, 3], near end first."""
        near = np.column_stack([self.polygon, np.full(len(self.polygon), -self.height / 2)])
        far = np.column_stack([self.polygon * self.taper, np.full(len(self.polygon), self.height / 2)])
        return np.concatenate([near, far]) @ rotation.exp(self.rotvec).T + self.position

    def planes(self) -> np.ndarray:
        """Its half-spaces in the object's frame: float [m + 2, 4], rows (n, d) with n of length 1; inside is
        n . p <= d."""
        corners, m = self.vertices(), len(self.polygon)
        near, far, following = corners[:m], corners[m:], np.roll(corners[:m], -1, axis=0)
        sides = np.cross(following - near, far - near)
        axis = rotation.exp(self.rotvec)[:, 2]
        normals = np.concatenate([sides / np.linalg.norm(sides, axis=1, keepdims=True), [-axis, axis]])
        on = np.concatenate([near, near[:1], far[:1]])
        return np.column_stack([normals, (normals * on).sum(axis=1)])

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON-able data; `from_dict` is its inverse."""
        return {
            "polygon": self.polygon.tolist(),
            "height": float(self.height),
            "taper": float(self.taper),
            "position": self.position.tolist(),
            "rotvec": self.rotvec.tolist(),
        }

    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> Prism:
        """Build from `to_dict` data; ValueError on unknown, missing or wrong fields."""
        known = {"polygon", "height", "taper", "position", "rotvec"}
        if set(data) != known:
            raise ValueError(f"prism: got fields {sorted(data)}, expected {sorted(known)}")
        try:
            polygon = np.asarray(data["polygon"], dtype=np.float64)
            height, taper = float(data["height"]), float(data["taper"])
        except (TypeError, ValueError) as error:
            raise ValueError(f"prism: polygon, height or taper is not a number ({error})") from error
        position, rotvec = (finite_vector(f"prism {key}", data[key], 3) for key in ("position", "rotvec"))
        return Prism(polygon, height, taper, position, rotvec)


@dataclass(frozen=True)
class Shape:
    """One object: the union of its prisms and of its triangles (float [t, 3, 3] mm, outlines of a
    surface)."""

    name: str
    family: str
    prisms: tuple[Prism, ...] = ()
    triangles: np.ndarray = field(default_factory=lambda: np.zeros((0, 3, 3)))

    def __post_init__(self) -> None:
        if not self.prisms and not len(self.triangles):
            raise ValueError(f"shape {self.name!r}: got neither prisms nor triangles")

    def pieces(self) -> list[np.ndarray]:
        """Half-spaces of every convex piece, in the object's frame: arrays [k, 4] as `Prism.planes`."""
        return [*(prism.planes() for prism in self.prisms), *_triangle_planes(self.triangles)]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON-able data; `from_dict` is its inverse."""
        return {
            "name": self.name,
            "family": self.family,
            "prisms": [prism.to_dict() for prism in self.prisms],
            "triangles": self.triangles.tolist(),
        }

    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> Shape:
        """Build from `to_dict` data (`triangles` may be left out); ValueError on what does not fit."""
        known = {"name", "family", "prisms"}
        if set(data) - {"triangles"} != known or not isinstance(data["prisms"], list):
            raise ValueError(
                f"shape: got fields {sorted(data)}, expected {sorted(known)} and a list of prisms"
            )
        triangles = np.asarray(data.get("triangles", []), dtype=np.float64).reshape(-1, 3, 3)
        prisms = tuple(Prism.from_dict(prism) for prism in data["prisms"])
        return Shape(str(data["name"]), str(data["family"]), prisms, triangles)


USER = "user"
"""Family of shapes that are read from STL files."""


def load_shapes(folder: Path) -> list[Shape]:
    """Every *.json (a Shape, as `to_dict` writes it) and *.stl [mm] of a folder, by name.

    A shape is held as its file has it: x is the closing axis. An STL is moved so that the middle of its
    bounding box is the origin. FileNotFoundError for an empty folder, ValueError naming the file that cannot
    be read.
    """
    paths = sorted([*folder.glob("*.json"), *folder.glob("*.stl")])
    if not paths:
        raise FileNotFoundError(f"shapes: no *.json or *.stl in {folder}")
    return [_load(path) for path in paths]


def _load(path: Path) -> Shape:
    try:
        if path.suffix == ".stl":
            triangles = stl.read(path.read_bytes())
            low, high = triangles.min(axis=(0, 1)), triangles.max(axis=(0, 1))
            return Shape(path.stem, USER, triangles=triangles - (low + high) / 2)
        data = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(data, dict):
            raise ValueError(f"got {type(data).__name__}, expected an object")
        return Shape.from_dict(data)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def _winding(edges: np.ndarray) -> float:
    """Turns that a closed polygon with these edges makes: 1 for one without crossings."""
    angle = np.arctan2(edges[:, 1], edges[:, 0])
    step = (np.diff(np.append(angle, angle[0])) + np.pi) % (2 * np.pi) - np.pi
    return float(step.sum() / (2 * np.pi))


def _triangle_planes(triangles: np.ndarray) -> np.ndarray:
    """A triangle as a thin convex piece: float [t, 5, 4]."""
    edges = np.roll(triangles, -1, axis=1) - triangles
    face = np.cross(edges[:, 0], edges[:, 1])
    face /= np.linalg.norm(face, axis=1, keepdims=True)
    outward = np.cross(edges, face[:, None])
    outward /= np.linalg.norm(outward, axis=2, keepdims=True)
    normals = np.concatenate([outward, face[:, None], -face[:, None]], axis=1)
    on = np.concatenate([triangles, triangles[:, :1], triangles[:, :1]], axis=1)
    return np.concatenate([normals, (normals * on).sum(axis=2, keepdims=True) + PIERCE_MM], axis=2)
