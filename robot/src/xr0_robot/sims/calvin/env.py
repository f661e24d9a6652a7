"""A sequence of CALVIN's tasks as an Env, begun, stepped and judged as the official evaluation does.

One to a process: the official code asks PyBullet without saying which of several simulators it means.
"""

# The simulator is in its own environment.
# pyright: reportMissingImports=false
from __future__ import annotations

import contextlib
import io
import sys
import warnings
from collections.abc import Mapping
from collections.abc import Sequence as Several
from typing import Any

with contextlib.redirect_stderr(io.StringIO()):  # gym tells everybody to leave it
    import gym  # noqa: F401
import hydra
import numpy as np
from omegaconf import OmegaConf

from xr0_robot.features import ENVIRONMENT_STATE
from xr0_robot.sims.benchmark import Task
from xr0_robot.sims.calvin import sequences
from xr0_robot.sims.calvin.protocol import CAMERAS, PROTOCOL, SCENE
from xr0_robot.types import Embodiment, Observation, finite_vector

sys.path.append(str(sequences.SOURCE / "calvin_env"))  # it is no distribution

MODELS = sequences.SOURCE / "calvin/calvin_models/conf"
ENV = sequences.SOURCE / "calvin_env/conf"

SETTINGS = (
    "cameras=static_and_gripper",
    f"scene={SCENE}",
    "env.use_vr=false",
    "env.use_egl=false",
    "env.use_scene_info=true",
    "data_path=data",
)
"""The environment of the official evaluation, drawn without OpenGL."""

THINGS = ("block_red", "block_blue", "block_pink")
JOINTS = ("slider", "drawer", "button", "switch", "lightbulb", "led")
"""In the order of the scene's numbers."""


class CalvinSequence:
    """An arm at a table; a seed is the number of a sequence, of which one task after the other is asked."""

    columns: Mapping[str, Several[str]] = {
        ENVIRONMENT_STATE: (
            *JOINTS,
            *(f"{thing}.{axis}" for thing in THINGS for axis in ("x", "y", "z", "roll", "pitch", "yaw")),
        )
    }

    def __init__(self, robot: Embodiment) -> None:
        self.embodiment = robot
        self._sequences = sequences.official()
        self._sentences: Any = OmegaConf.load(MODELS / "annotations/new_playtable_validation.yaml")
        oracle = OmegaConf.load(MODELS / "callbacks/rollout/tasks/new_playtable_tasks.yaml")
        self._oracle = hydra.utils.instantiate(oracle)
        with warnings.catch_warnings():  # of its age
            warnings.simplefilter("ignore")
            with hydra.initialize_config_dir(str(ENV), version_base=None):
                settings = hydra.compose("config_data_collection", overrides=list(SETTINGS))
            self.table: Any = hydra.utils.instantiate(settings.env)
        # It would draw in every tick; `observe` draws the same from the same state.
        self._views = {camera.name: camera for camera in self.table.cameras}
        self.table.cameras = []
        self.reset(0)

    def reset(self, seed: int, instruction: str | None = None) -> str:
        """A sequence's beginning; each of its tasks has one sentence that can be scored."""
        if not 0 <= seed < len(self._sequences):
            raise ValueError(f"seed: got {seed}, expected 0 to {len(self._sequences) - 1}")
        self.sequence = self._sequences[seed]
        self.table.reset(
            robot_obs=np.array(sequences.ROBOT), scene_obs=sequences.scene(self.sequence.initial)
        )
        self._leg = -1
        told = self.go_on()
        if instruction not in (None, told):
            raise ValueError(f"instruction: got {instruction!r}, expected {told!r}")
        return told

    def go_on(self) -> str:
        """The sequence's next task."""
        self._leg += 1
        self.begun = self.table.get_info()
        return str(self._sentences[self.task][0])

    @property
    def task(self) -> str:
        """What is asked now, by its official name."""
        return self.sequence.tasks[self._leg]

    def observe(self, instruction: str, time_s: float) -> Observation:
        """The table from aside, and the view from the hand."""
        images = {
            camera.key: self._draw(camera.key, *PROTOCOL.size(camera)) for camera in self.embodiment.cameras
        }
        return Observation(images, self.state(), instruction, time_s)

    def state(self) -> np.ndarray:
        """float64 [7]: the hand's place [m], its Euler angles [rad], the fingers' distance [m]."""
        return self.table.robot.get_observation()[0][:7]

    def numbers(self) -> Mapping[str, np.ndarray]:
        """Joints, lights, and the blocks' places and turns."""
        return {ENVIRONMENT_STATE: self.table.scene.get_obs()}

    def apply(self, action: np.ndarray) -> None:
        """Move and grip for one tick; the gripper knows open and closed alone."""
        command = finite_vector("action", action, self.embodiment.native_dim)
        command[6] = 1 if command[6] > 0 else -1
        self.table.step(command)

    def stop(self) -> None:
        """Between ticks nothing moves."""

    def success(self) -> bool:
        """The oracle's judgement of the task that is asked, since it was asked."""
        return self.task in self._oracle.get_task_info_for_set(self.begun, self.table.get_info(), {self.task})

    def close(self) -> None:
        """Free the simulator, once: at the interpreter's exit it would be closed again, and complain."""
        self.table.close()
        self.table.cid = -1

    def _draw(self, camera: str, height: int, width: int) -> np.ndarray:
        view = self._views[CAMERAS[camera]]
        view.height, view.width = height, width
        return np.ascontiguousarray(view.render()[0], dtype=np.uint8)


def open_env(task: Task, robot: Embodiment, look: str) -> CalvinSequence:
    """The benchmark's one task."""
    return CalvinSequence(robot)
