"""Pictures of a scene, and where in them a point is."""

# MuJoCo is compiled and brings no type stubs.
# pyright: reportAttributeAccessIssue=false
from __future__ import annotations

import weakref
from collections.abc import Collection
from dataclasses import dataclass

import mujoco
import numpy as np

from xr0_robot.sims import gl
from xr0_robot.types import Camera


class Cameras:
    """Renders named cameras of one model; contexts are made at first use, kept, and bound to that thread."""

    def __init__(self, model: mujoco.MjModel) -> None:
        self._model = model
        self._renderers: dict[tuple[int, int], mujoco.Renderer] = {}
        # Freed at interpreter exit at the latest: later, OSMesa's Python half is gone and complains.
        weakref.finalize(self, _free, self._renderers)

    def render(self, data: mujoco.MjData, camera: str, height: int, width: int) -> np.ndarray:
        """uint8 [height, width, 3]; RuntimeError with the command to type where no OpenGL library is."""
        renderer = self._renderers.get((height, width))
        if renderer is None:
            gl.require()
            renderer = self._renderers[height, width] = mujoco.Renderer(self._model, height, width)
            for flag in (mujoco.mjtRndFlag.mjRND_SHADOW, mujoco.mjtRndFlag.mjRND_REFLECTION):
                renderer.scene.flags[flag] = 0
        renderer.update_scene(data, camera=camera)
        return renderer.render()

    def close(self) -> None:
        """Free all contexts."""
        _free(self._renderers)


@dataclass(frozen=True)
class Displacement:
    """How far a camera strays from its mount [m, degrees], each drawn from a range, in any direction."""

    shift_m: tuple[float, float]
    turn_deg: tuple[float, float]


class Mounts:
    """Where the cameras of one model are mounted, and how to stray from there."""

    def __init__(self, model: mujoco.MjModel) -> None:
        self._model = model
        self._positions, self._turns = model.cam_pos.copy(), model.cam_quat.copy()

    def displace(self, camera: str, by: Displacement, rng: np.random.Generator) -> None:
        """Draw a place and a direction near the camera's mount, wherever it was displaced to before."""
        number, turned = self._model.cam(camera).id, np.empty(4)
        shift, axis = _direction(rng) * rng.uniform(*by.shift_m), _direction(rng)
        half = 0.5 * np.deg2rad(rng.uniform(*by.turn_deg))
        turn = np.concatenate([[np.cos(half)], np.sin(half) * axis])
        mujoco.mju_mulQuat(turned, turn, self._turns[number])
        self._model.cam_pos[number] = self._positions[number] + shift
        self._model.cam_quat[number] = turned


def _direction(rng: np.random.Generator) -> np.ndarray:
    """A unit vector [3], any alike."""
    vector = rng.normal(size=3)
    return vector / np.linalg.norm(vector)


def _free(renderers: dict[tuple[int, int], mujoco.Renderer]) -> None:
    for renderer in renderers.values():
        renderer.close()
    renderers.clear()


def project(model: mujoco.MjModel, data: mujoco.MjData, view: Camera, points: np.ndarray) -> np.ndarray:
    """Pixels [n, 2] (right and down from the top left) of world points [n, 3], also outside the picture.

    A pinhole whose vertical field of view is the camera's fovy. NaN for a point behind the camera.
    """
    camera = data.cam(view.key)
    x, y, z = ((points - camera.xpos) @ camera.xmat.reshape(3, 3)).T
    depth = np.where(z < 0, -z, np.nan)
    height, width = view.size
    focal = 0.5 * height / np.tan(0.5 * np.deg2rad(model.cam(view.key).fovy[0]))
    return np.stack([0.5 * width + focal * x / depth, 0.5 * height - focal * y / depth], axis=1)


def seen(
    model: mujoco.MjModel, data: mujoco.MjData, view: Camera, points: np.ndarray, bodies: Collection[str]
) -> float:
    """Share of world points [n, 3] that lie in the picture with nothing but one of `bodies` before them."""
    ids = {model.body(name).id for name in bodies}
    pixels = project(model, data, view, points)
    inside = ((pixels >= 0) & (pixels < view.size[::-1])).all(axis=1)
    eye, hit, count = data.cam(view.key).xpos, np.zeros(1, dtype=np.int32), 0
    for point in points[inside]:
        mujoco.mj_ray(model, data, eye, point - eye, None, 1, -1, hit)
        count += hit[0] >= 0 and int(model.geom_bodyid[hit[0]]) in ids
    return count / len(points)
