"""One task of Meta-World as an Env, made and seeded as LeRobot makes it (src/lerobot/envs/metaworld.py)."""

# The simulator is in its own environment, and MuJoCo brings no type stubs.
# pyright: reportAttributeAccessIssue=false, reportMissingImports=false
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import metaworld
import mujoco
import numpy as np

from xr0_robot.features import ENVIRONMENT_STATE, OBJECT_PIXELS
from xr0_robot.sims import cameras, gl
from xr0_robot.sims.benchmark import Task
from xr0_robot.sims.looks import PLAIN, draw_plainly
from xr0_robot.sims.metaworld.protocol import CAMERA, PROTOCOL
from xr0_robot.sims.metaworld.sentences import sentence
from xr0_robot.types import Embodiment, Observation, finite_vector

MT1_SEED = 42
"""Of the task's own parameters; none of them outlives the first seeded reset."""

CAMERA_PLACE = (0.75, 0.075, 0.7)
"""Where LeRobot moves the view to [m]."""


class MetaworldTask:
    """A hand at a table; a seed places things and goal."""

    columns: Mapping[str, Sequence[str]] = {
        ENVIRONMENT_STATE: tuple(f"{thing}.{axis}" for thing in ("object", "goal") for axis in "xyz"),
        OBJECT_PIXELS: tuple(f"{thing}.{axis}" for thing in ("object", "goal") for axis in "uv"),
    }

    def __init__(self, task: Task, robot: Embodiment, look: str) -> None:
        self.embodiment = robot
        self.instruction = sentence(task.name)
        self.name = task.name
        benchmark = metaworld.MT1(task.name, seed=MT1_SEED)
        self._env: Any = benchmark.train_classes[task.name]()
        self._env.set_task(benchmark.train_tasks[0])
        self.model: mujoco.MjModel = self._env.model
        self.model.camera(CAMERA).pos = CAMERA_PLACE
        if look == PLAIN:
            draw_plainly(self.model)
        self._env.reset()
        self._env._freeze_rand_vec = False  # else every reset repeats the task's own scene
        self._env.seeded_rand_vec = True  # and draws it from the seed
        self._renderer: mujoco.Renderer | None = None
        self.reset(0)

    @property
    def data(self) -> mujoco.MjData:
        """The simulator's state."""
        return self._env.data

    def reset(self, seed: int, instruction: str | None = None) -> str:
        """Place things and goal by the seed, whatever is said; the task has one sentence that can be
        scored."""
        if instruction not in (None, self.instruction):
            raise ValueError(f"instruction: got {instruction!r}, expected {self.instruction!r}")
        self._env.seed(seed)
        self.known, _ = self._env.reset(seed=seed)
        self._success = False
        return self.instruction

    def observe(self, instruction: str, time_s: float) -> Observation:
        """The view, upright: what the simulator draws is turned by half a turn."""
        camera = self.embodiment.cameras[0]
        if self._renderer is None:
            gl.require()
            self._renderer = mujoco.Renderer(self.model, *PROTOCOL.size(camera))
        self._renderer.update_scene(self.data, camera=CAMERA)
        picture = np.ascontiguousarray(self._renderer.render()[::-1, ::-1])
        return Observation({camera.key: picture}, self.state(), instruction, time_s)

    def state(self) -> np.ndarray:
        """float64 [4]: the hand's position [m], and how open it is."""
        return np.array(self.known[:4])

    def numbers(self) -> Mapping[str, np.ndarray]:
        """Where the task's first object and its goal are, and where the picture shows them."""
        places = np.concatenate([self.known[4:7], self.known[-3:]])
        camera = self.embodiment.cameras[0]
        drawn = cameras.project(self.model, self.data, camera, places.reshape(2, 3))
        upright = np.array(camera.size[::-1]) - drawn
        return {ENVIRONMENT_STATE: places, OBJECT_PIXELS: upright.ravel()}

    def apply(self, action: np.ndarray) -> None:
        """Move and grip for one tick."""
        command = finite_vector("action", action, self.embodiment.native_dim)
        self.known, _, _, _, outcome = self._env.step(command)
        self._success = bool(outcome["success"])

    def stop(self) -> None:
        """Between ticks nothing moves."""

    def success(self) -> bool:
        """The simulator's own judgement of the last tick."""
        return self._success

    def close(self) -> None:
        """Free the renderer."""
        if self._renderer is not None:
            self._renderer.close()
            self._renderer = None


def open_env(task: Task, robot: Embodiment, look: str) -> MetaworldTask:
    """The task; each has a model of its own."""
    return MetaworldTask(task, robot, look)
