"""What a hand must know of a thing: the points of its shape, now, in the world."""

# The simulator is in its own environment, and MuJoCo brings no type stubs.
# pyright: reportAttributeAccessIssue=false, reportMissingImports=false
from __future__ import annotations

import itertools
from typing import Any

import mujoco
import numpy as np

CIRCLE = 24
"""Points that stand for one."""

TOUCHES = 0
"""robosuite's group of the geoms that collide."""

Points = np.ndarray
"""[n, 3] in metres."""


def points(model: Any, data: Any, body: int) -> Points:
    """Corners of all geoms that a body and what hangs on it collide with."""
    bodies = _below(model, body)
    geoms = [
        g for g in range(model.ngeom) if model.geom_bodyid[g] in bodies and model.geom_group[g] == TOUCHES
    ]
    return np.concatenate(
        [_corners(model, g) @ data.geom_xmat[g].reshape(3, 3).T + data.geom_xpos[g] for g in geoms]
    )


def _below(model: Any, body: int) -> set[int]:
    found = {body}
    for other in range(body + 1, model.nbody):  # parents come first
        if int(model.body_parentid[other]) in found:
            found.add(other)
    return found


def _corners(model: Any, geom: int) -> Points:
    """In the geom's frame."""
    size, kind = model.geom_size[geom], model.geom_type[geom]
    if kind == mujoco.mjtGeom.mjGEOM_MESH:
        mesh = model.geom_dataid[geom]
        first = model.mesh_vertadr[mesh]
        return np.array(model.mesh_vert[first : first + model.mesh_vertnum[mesh]])
    if kind in (mujoco.mjtGeom.mjGEOM_CYLINDER, mujoco.mjtGeom.mjGEOM_CAPSULE):
        angles = np.linspace(0.0, 2 * np.pi, CIRCLE, endpoint=False)
        ring = np.stack([size[0] * np.cos(angles), size[0] * np.sin(angles)], axis=1)
        half = size[1] + (size[0] if kind == mujoco.mjtGeom.mjGEOM_CAPSULE else 0.0)
        return np.concatenate([np.column_stack([ring, np.full(CIRCLE, z)]) for z in (-half, half)])
    half = np.full(3, size[0]) if kind == mujoco.mjtGeom.mjGEOM_SPHERE else size
    return np.array(list(itertools.product(*((-h, h) for h in half))))
