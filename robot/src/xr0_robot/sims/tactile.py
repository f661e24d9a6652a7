"""Fingertips in MuJoCo: two pads of 11 x 9 spheres, each on a spring of its own, closing on a fixed object.

The second simulator: it shares the pads' geometry and read-out with the first and none of its mechanics, and
no network is trained on it. The paper's sensor is built so (facts/tactile.md 1.5); sizes here are our own.
"""

# MuJoCo is compiled and brings no type stubs.
# pyright: reportAttributeAccessIssue=false
from __future__ import annotations

import mujoco
import numpy as np

from xr0_robot.sims import tactile_scene
from xr0_robot.tactile.pads import COLUMNS, ROWS
from xr0_robot.tactile.shapes import Shape

STIFFNESS_SPREAD = 0.35
"""Spread of the logarithm of a pad's stiffness: the first simulator draws its skin as widely."""

MOUNT_MM, MOUNT_DEG = 0.3, 1.0
"""A pad sits this much off, at most, in each direction (design, facts/tactile.md 4)."""

GAP_MM = 0.1
"""From the object to a pad before it closes."""

BALANCED = 0.01
"""The springs carry the closing force to this share once they have settled."""

STILL = 2e-4
"""Nothing moves faster than this then [m/s]."""

CHECK_STEPS, MAX_STEPS = 20, 1500
"""Physics steps between two looks at that; and after which to take the springs as they are (0.75 s)."""


class SprungPads:
    """One pair of physical pads; `rng` draws how stiff each is, and how it is mounted."""

    def __init__(self, rng: np.random.Generator) -> None:
        pads = len(tactile_scene.PADS)
        stiffness = np.exp(rng.normal(0.0, STIFFNESS_SPREAD, pads))
        self._stiffness = stiffness * tactile_scene.STIFFNESS
        self._shift = rng.uniform(-MOUNT_MM, MOUNT_MM, (pads, 3)) * 1e-3
        self._turn = np.deg2rad(rng.uniform(-MOUNT_DEG, MOUNT_DEG, (pads, 3)))
        self._shape: Shape | None = None

    def grasp(self, shape: Shape, pose: np.ndarray, force_n: float) -> tuple[np.ndarray, np.ndarray]:
        """Close both pads on `shape`, held still at `pose` [4, 4] (mm, in the gripper's frame), and wait.

        Each pad presses with `force_n`. Returns what each spring carries, float [2, 11, 9] in N (zeros for a
        pad that meets nothing), and the width between the pads' unloaded faces, float [1] in mm. ValueError
        for a shape with triangles (it must be prisms), and for a pose or force that is not finite.
        """
        if not np.isfinite(pose).all() or not 0.0 < force_n < np.inf:
            raise ValueError(
                f"grasp: got force {force_n} N and pose {pose.tolist()}, expected finite numbers"
            )
        if shape is not self._shape:
            self._build(shape)
        self._place(pose)
        self._data.ctrl[:] = force_n
        for step in range(1, MAX_STEPS + 1):
            mujoco.mj_step(self._model, self._data)
            if step % CHECK_STEPS == 0 and self._settled(force_n):
                break
        width = 2 * tactile_scene.REST - float(self._data.qpos[self._slides].sum())
        return self._forces(), np.array([max(0.0, width * 1e3)])

    def _build(self, shape: Shape) -> None:
        """Compile the pads around a new object, and give them their own stiffness and mounting."""
        self._model = mujoco.MjModel.from_xml_string(tactile_scene.mjcf(shape))
        self._data = mujoco.MjData(self._model)
        self._corners = np.concatenate([prism.vertices() for prism in shape.prisms]) * 1e-3
        joints = [self._model.joint(name) for name in tactile_scene.PADS]
        self._slides = np.array([joint.qposadr[0] for joint in joints])
        # A pad's springs follow its slide: MuJoCo numbers joints depth first.
        self._springs = self._slides[:, None] + 1 + np.arange(ROWS * COLUMNS)
        for pad, name in enumerate(tactile_scene.PADS):
            first = self._model.joint(name).id + 1
            self._model.jnt_stiffness[first : first + ROWS * COLUMNS] = self._stiffness[pad]
            skin = self._model.body(f"{name}/skin").id
            self._model.body_pos[skin] += self._shift[pad]
            angle = float(np.linalg.norm(self._turn[pad]))
            mujoco.mju_axisAngle2Quat(self._model.body_quat[skin], self._turn[pad] / angle, angle)
        self._shape = shape

    def _place(self, pose: np.ndarray) -> None:
        """The object at `pose`, the pads open beside it."""
        mujoco.mj_resetData(self._model, self._data)
        self._data.mocap_pos[0] = pose[:3, 3] * 1e-3
        mujoco.mju_mat2Quat(self._data.mocap_quat[0], np.ascontiguousarray(pose[:3, :3]).ravel())
        x = self._corners @ pose[0, :3] + pose[0, 3] * 1e-3
        self._low, self._high = float(x.min()), float(x.max())
        beside = GAP_MM * 1e-3
        # Slides are counted towards the middle; the pads' rest is out of reach of any object.
        left, right = tactile_scene.REST + self._low - beside, tactile_scene.REST - self._high - beside
        self._data.qpos[self._slides] = left, right

    def _settled(self, force_n: float) -> bool:
        """Every pad carries its force, or has passed the object without meeting it."""
        sums = self._forces().sum(axis=(1, 2))
        balanced = np.abs(sums - force_n) < BALANCED * force_n
        missed = (sums == 0.0) & (
            self._data.qpos[self._slides] - tactile_scene.REST > np.array([self._high, -self._low])
        )
        quiet = np.abs(self._data.qvel).max() < STILL or bool(missed.any())
        return bool((balanced | missed).all() and quiet)

    def _forces(self) -> np.ndarray:
        """What the springs carry [N]: float [2, 11, 9]; a spring does not pull."""
        pushed = np.maximum(self._data.qpos[self._springs], 0.0)
        forces = pushed * self._stiffness[:, None]
        return np.where(forces < tactile_scene.SILENT_N, 0.0, forces).reshape(-1, ROWS, COLUMNS)
