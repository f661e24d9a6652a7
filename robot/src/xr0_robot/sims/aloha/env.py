"""One task of ALOHA as an Env: gym-aloha's physics, commands and reward, without a picture in every tick."""

# The simulator is in its own environment, and MuJoCo brings no type stubs.
# pyright: reportAttributeAccessIssue=false, reportMissingImports=false
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from dm_control import mujoco
from gym_aloha.constants import ASSETS_DIR, DT
from gym_aloha.tasks import sim
from gym_aloha.utils import sample_box_pose, sample_insertion_pose

from xr0_robot.features import ENVIRONMENT_STATE, OBJECT_PIXELS
from xr0_robot.sims import cameras, gl
from xr0_robot.sims.aloha.protocol import AREA, CAMERA, DISPLACED, MOVED_M, NEAR_M, PROTOCOL, SENTENCES
from xr0_robot.sims.benchmark import Task
from xr0_robot.sims.looks import PLAIN, draw_plainly
from xr0_robot.types import Embodiment, Observation, finite_vector

DONE = 4
"""The reward of a task that is done."""

SECOND_PLACE = 1
"""What a seed's second stream of random numbers is for."""

FINGERS_M = 0.135
"""From a hand's frame to its fingertips, along its first axis."""

KINDS = {"transfer_cube": sim.TransferCubeTask, "insertion": sim.InsertionTask}


class AlohaTask:
    """Two arms at a table; a seed places the things."""

    columns: Mapping[str, Sequence[str]] = {
        ENVIRONMENT_STATE: tuple(f"{thing}.{axis}" for thing in ("object", "goal") for axis in "xyz"),
        OBJECT_PIXELS: tuple(f"{thing}.{axis}" for thing in ("object", "goal") for axis in "uv"),
    }

    def __init__(self, task: Task, robot: Embodiment, look: str) -> None:
        self.embodiment = robot
        self._displaces = task.group == DISPLACED
        self.name = task.name.removesuffix(f"_{DISPLACED}")
        self.instruction = SENTENCES[self.name]
        self.physics: Any = mujoco.Physics.from_xml_path(str(ASSETS_DIR / f"bimanual_viperx_{self.name}.xml"))
        self._task = KINDS[self.name]()
        self._steps = round(DT / self.physics.timestep())
        if look == PLAIN:
            draw_plainly(self.physics.model)
        self.reset(0)

    def reset(self, seed: int, instruction: str | None = None) -> str:
        """Place the things by the seed; the task has one sentence that can be scored."""
        if instruction not in (None, self.instruction):
            raise ValueError(f"instruction: got {instruction!r}, expected {self.instruction!r}")
        poses = [sample_box_pose(seed)] if self.name == "transfer_cube" else sample_insertion_pose(seed)
        sim.BOX_POSE[0] = np.concatenate(poses)
        with self.physics.reset_context():
            self._task.initialize_episode(self.physics)
        self._reward = 0
        self._rng = np.random.default_rng([seed, SECOND_PLACE])
        self._will_move = self._displaces
        return self.instruction

    def observe(self, instruction: str, time_s: float) -> Observation:
        """The view from above."""
        gl.require()
        camera = self.embodiment.cameras[0]
        height, width = PROTOCOL.size(camera)
        picture = self.physics.render(height=height, width=width, camera_id=CAMERA)
        return Observation({camera.key: picture}, self.state(), instruction, time_s)

    def state(self) -> np.ndarray:
        """float64 [14]: each arm's joints [rad] and how open its gripper is."""
        return self._task.get_qpos(self.physics)

    def things(self) -> np.ndarray:
        """Where the cube and the hand that is to have it, or the peg and the socket, are [2, 3]."""
        poses = self.physics.data.qpos[16:].reshape(-1, 7)[:, :3]
        hand = self.physics.named.data.xpos["vx300s_left/gripper_link"]
        return np.array(poses if len(poses) == 2 else [poses[0], hand])

    def numbers(self) -> Mapping[str, np.ndarray]:
        """Those, and where the picture shows them."""
        model, data = self.physics.model.ptr, self.physics.data.ptr
        drawn = cameras.project(model, data, self.embodiment.cameras[0], self.things())
        return {ENVIRONMENT_STATE: self.things().ravel(), OBJECT_PIXELS: drawn.ravel()}

    def apply(self, action: np.ndarray) -> None:
        """Joints and grippers for one tick."""
        self._task.before_step(finite_vector("action", action, self.embodiment.native_dim), self.physics)
        self.physics.step(self._steps)
        if self._will_move:
            self._move_as_the_hand_comes_near()
        self._reward = self._task.get_reward(self.physics)

    def _move_as_the_hand_comes_near(self) -> None:
        """Put the cube somewhere else, at rest."""
        cube, hand = self.things()[0], self.physics.named.data.xpos["vx300s_right/gripper_link"]
        tip = hand + FINGERS_M * self.physics.named.data.xmat["vx300s_right/gripper_link"].reshape(3, 3)[:, 0]
        if np.linalg.norm(tip - cube) > NEAR_M:
            return
        low, high = np.transpose(AREA)
        place = self._rng.uniform(low, high)
        while not MOVED_M[0] < np.linalg.norm(place - cube[:2]) < MOVED_M[1]:
            place = self._rng.uniform(low, high)
        self.physics.data.qpos[16:18] = place
        self.physics.data.qvel[16:] = 0.0
        self.physics.forward()
        self._will_move = False

    def stop(self) -> None:
        """Between ticks nothing moves."""

    def success(self) -> bool:
        """The simulator's own judgement of the last tick."""
        return self._reward == DONE

    def close(self) -> None:
        """Free the renderer."""
        self.physics.free()


def open_env(task: Task, robot: Embodiment, look: str) -> AlohaTask:
    """The task; each has a model of its own."""
    return AlohaTask(task, robot, look)
