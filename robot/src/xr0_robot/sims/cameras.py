"""Pictures of a scene, and where in them a point is."""

from __future__ import annotations

import weakref

import mujoco
import numpy as np

from xr0_robot.sims import gl


class Cameras:
    """Renders named cameras of one model; contexts are made at first use, reused, and bound to that thread."""

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


def _free(renderers: dict[tuple[int, int], mujoco.Renderer]) -> None:
    for renderer in renderers.values():
        renderer.close()
    renderers.clear()


def project(
    model: mujoco.MjModel, data: mujoco.MjData, camera: str, xyz: np.ndarray, height: int, width: int
) -> tuple[float, float]:
    """Pixel (u right, v down, from the top left corner) of world point [3]; ValueError if it is behind the camera.

    A pinhole whose vertical field of view is the camera's fovy; the point may lie outside the picture.
    """
    view = data.cam(camera)
    x, y, z = view.xmat.reshape(3, 3).T @ (np.asarray(xyz, dtype=np.float64) - view.xpos)
    if z >= 0:
        raise ValueError(f"project: point {np.round(xyz, 3).tolist()} is behind camera {camera!r}")
    focal = 0.5 * height / np.tan(0.5 * np.deg2rad(model.cam(camera).fovy[0]))
    return float(0.5 * width - focal * x / z), float(0.5 * height + focal * y / z)
