"""One WidowX task of SimplerEnv as an Env: ManiSkill's physics, in the released action contract."""

# The simulator is in its own environment.
# pyright: reportMissingImports=false
from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from xr0_robot.features import ENVIRONMENT_STATE
from xr0_robot.sims.benchmark import Task
from xr0_robot.sims.simpler.protocol import CAMERA, ENVS, PROTOCOL
from xr0_robot.types import Embodiment, Observation, finite_vector

HOME = Path(sys.prefix)
MESA = HOME / "mesa/lavapipe.json"
"""Vulkan on a CPU, where `runs/sims/simpler.sh` unpacked it."""

os.environ.setdefault("MS_ASSET_DIR", str(HOME / "assets"))
os.environ.setdefault("MS_SKIP_ASSET_DOWNLOAD_PROMPT", "1")
if MESA.is_file():
    os.environ.setdefault("VK_ICD_FILENAMES", str(MESA))

import cv2  # noqa: E402
import gymnasium  # noqa: E402
import mani_skill.envs  # noqa: E402, F401 - registers the tasks
import sapien  # noqa: E402
from mani_skill import ASSET_DIR  # noqa: E402
from mani_skill.utils.common import to_tensor  # noqa: E402
from scipy.spatial.transform import Rotation  # noqa: E402

ASSETS = ASSET_DIR / "tasks/bridge_v2_real2sim_dataset"

DOWN = np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]])
"""The hand that points down: its turn is none (open-pi-zero's `default_rot`)."""

OPEN_FROM = 0.5
"""Of the gripper's command: above it opens, else it closes (open-pi-zero's rule for Bridge)."""

FINGERS = ("left_finger", "right_finger")

MENDS = "make its environment, with all assets: runs/sims/simpler.sh"

FILES: Mapping[str, tuple[str, ...]] = {
    "spoon": ("bridge_spoon_generated_modified", "table_cloth_generated_shorter"),
    "carrot": ("bridge_carrot_generated_modified", "bridge_plate_objaverse_larger"),
    "stack": ("baked_green_cube_3cm", "baked_yellow_cube_3cm"),
    "eggplant": ("eggplant", "dummy_sink_target_plane", "sink"),
}
"""Models of each task, in custom/models."""


class SimplerTask:
    """An arm at a table; a seed is the number of a scene."""

    columns: Mapping[str, Sequence[str]] = {
        ENVIRONMENT_STATE: tuple(f"{thing}.{axis}" for thing in ("object", "goal") for axis in "xyz"),
    }

    def __init__(self, task: Task, robot: Embodiment) -> None:
        check_assets(task.name)
        check_vulkan()
        self.embodiment = robot
        self._ticks = task.ticks
        backends = {"sim_backend": "physx_cpu", "render_backend": "sapien_cpu"}
        made: Any = gymnasium.make(ENVS[task.name], obs_mode="rgb+segmentation", num_envs=1, **backends)
        self.sim: Any = made.unwrapped
        self.instruction = str(self.sim.get_language_instruction()[0])
        self.reset(0)

    def reset(self, seed: int, instruction: str | None = None) -> str:
        """A scene, once things lie still; the task has one sentence that can be scored."""
        if instruction not in (None, self.instruction):
            raise ValueError(f"instruction: got {instruction!r}, expected {self.instruction!r}")
        PROTOCOL.check(seed, "official")
        self.sim.reset(seed=seed, options={"episode_id": seed})
        self._tick, self._success = 0, False
        return self.instruction

    def observe(self, instruction: str, time_s: float) -> Observation:
        """Arm and things as the camera sees them, before the photograph of the table."""
        (camera,) = self.embodiment.cameras
        height, width = PROTOCOL.size(camera)
        picture = self.sim.get_obs()["sensor_data"][CAMERA]["rgb"][0].numpy().astype(np.uint8)
        image = cv2.resize(picture, (width, height), interpolation=cv2.INTER_LANCZOS4)
        return Observation({camera.key: image}, self.state(), instruction, time_s)

    def state(self) -> np.ndarray:
        """float64 [7]: the hand's place [m], roll, pitch and yaw from pointing down [rad], its openness."""
        place, turn = self.hand()
        angles = Rotation.from_matrix(turn @ DOWN.T).as_euler("xyz")
        return np.concatenate([place, angles, [self._openness()]])

    def hand(self) -> tuple[np.ndarray, np.ndarray]:
        """Place [3] and turn [3, 3] of the hand, in the frame of the arm's base."""
        base = self.sim.agent.robot.pose.inv()
        return matrix(base * self.sim.agent.robot.links_map["ee_gripper_link"].pose)

    def thing(self, which: int) -> tuple[np.ndarray, np.ndarray]:
        """Place and turn of the thing (0) and of where it belongs (1), in the frame of the arm's base."""
        base = self.sim.agent.robot.pose.inv()
        return matrix(base * list(self.sim.objs.values())[which].pose)

    def numbers(self) -> Mapping[str, np.ndarray]:
        """Where the thing and its goal are."""
        return {ENVIRONMENT_STATE: np.concatenate([self.thing(0)[0], self.thing(1)[0]])}

    def apply(self, action: np.ndarray) -> None:
        """Move by metres and by roll, pitch, yaw about the base's axes; open or close."""
        command = finite_vector("action", action, self.embodiment.native_dim)
        turn = Rotation.from_euler("xyz", command[3:6])
        grip = 1.0 if command[6] > OPEN_FROM else -1.0
        # ManiSkill 3 takes the angles about axes that turn along; the original took an axis and an angle.
        told = np.concatenate([command[:3], turn.as_euler("XYZ"), [grip]]).astype(np.float32)
        self.sim._step_action(to_tensor(told)[None])  # `step` would draw as well
        self._tick += 1
        self._success = bool(self.sim.evaluate()["success"][0])

    def stop(self) -> None:
        """Between ticks nothing moves."""

    def success(self) -> bool:
        """The simulator's own judgement, when the time is over."""
        return self._tick >= self._ticks and self._success

    def close(self) -> None:
        """Free the simulator."""
        self.sim.close()

    def _openness(self) -> float:
        """From 0 to 1, in shares of the joints' ranges."""
        robot = self.sim.agent.robot
        names = [joint.name for joint in robot.active_joints]
        at = [names.index(name) for name in FINGERS]
        now, (low, high) = robot.qpos[0, at].numpy(), robot.qlimits[0, at].numpy().T
        return float(1.0 - max(np.mean((high - now) / (high - low)), 0.0))


def matrix(pose: Any) -> tuple[np.ndarray, np.ndarray]:
    """Place [3] and turn [3, 3] of a pose of ManiSkill's."""
    whole = pose.to_transformation_matrix()[0].numpy().astype(float)
    return whole[:3, 3], whole[:3, :3]


def check_assets(task: str) -> None:
    """RuntimeError that names the first file that a task needs and that is not there."""
    stage, photograph = ("v2", "bridge_sink") if task == "eggplant" else ("v1", "bridge_real_eval_1")
    models = [ASSETS / "custom/models" / name for name in FILES[task]]
    needed = [
        ASSET_DIR / "robots/widowx/wx250s.urdf",
        ASSETS / f"real_inpainting/{photograph}.png",
        ASSETS / f"stages/bridge_table_1_{stage}.glb",
        *(model / "collision.obj" for model in models),
        *(model / "textured.dae" for model in models),
    ]
    for path in needed:
        if not path.is_file():
            raise RuntimeError(f"benchmark simpler: no {path}; {MENDS}")


def check_vulkan() -> None:
    """RuntimeError where nothing can be drawn."""
    try:
        sapien.render.RenderSystem(sapien.Device("cpu"))
    except RuntimeError as error:
        raise RuntimeError(f"benchmark simpler: no Vulkan like Mesa 24.3's ({error}); {MENDS}") from error


def open_env(task: Task, robot: Embodiment, look: str) -> SimplerTask:
    """The task; each has a simulator of its own."""
    return SimplerTask(task, robot)
