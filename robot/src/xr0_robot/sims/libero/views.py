"""Pictures as robosuite's camera observables take them, drawn only if somebody looks.

robosuite samples what is observed in the first of a tick's substeps (utils/observables.py), so published
policies see the world as it was almost a tick ago. What there is to draw is kept then, which costs little;
only one tick in ten is looked at.
"""

# The simulator is in its own environment, and MuJoCo brings no type stubs.
# pyright: reportAttributeAccessIssue=false, reportMissingImports=false
from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import mujoco
import numpy as np
from robosuite.utils.observables import Observable, sensor

from xr0_robot.sims.looks import draw_plainly

MAX_GEOMS = 1000
"""As in robosuite's own scene (utils/binding_utils.py)."""


class Views:
    """The cameras of a robosuite environment (`domain`), whose scene is never built anew."""

    def __init__(self, domain: Any, cameras: Iterable[str]) -> None:
        self._sim, self._context = domain.sim, domain.sim._render_context_offscreen
        self._scenes = {name: mujoco.MjvScene(self._sim.model._model, maxgeom=MAX_GEOMS) for name in cameras}

        @sensor(modality="image")
        def kept(obs_cache: Any) -> np.ndarray:
            self._keep()
            return np.zeros(1)

        domain.add_observable(Observable("views", kept, sampling_rate=domain.control_freq))

    def draw_plainly(self) -> None:
        """No shadows, mirrors, antialiasing from now on."""
        draw_plainly(self._sim.model)
        self._context.con.free()
        self._context._set_mujoco_context_and_buffers()

    def draw(self, camera: str, height: int, width: int) -> np.ndarray:
        """uint8 [height, width, 3], the bottom row first, as robosuite has it."""
        context, viewport = self._context, mujoco.MjrRect(0, 0, width, height)
        context.gl_ctx.make_current()
        largest = context.con.offWidth, context.con.offHeight
        if width > largest[0] or height > largest[1]:
            context.update_offscreen_size(max(width, largest[0]), max(height, largest[1]))
        mujoco.mjr_render(viewport, self._scenes[camera], context.con)
        picture = np.empty((height, width, 3), dtype=np.uint8)
        mujoco.mjr_readPixels(picture, None, viewport, context.con)
        return picture

    def _keep(self) -> None:
        for name, scene in self._scenes.items():
            camera = mujoco.MjvCamera()
            camera.type = mujoco.mjtCamera.mjCAMERA_FIXED
            camera.fixedcamid = self._sim.model.camera_name2id(name)
            options = (self._context.vopt, self._context.pert, camera, mujoco.mjtCatBit.mjCAT_ALL)
            mujoco.mjv_updateScene(self._sim.model._model, self._sim.data._data, *options, scene)
