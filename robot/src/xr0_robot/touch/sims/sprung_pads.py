"""Fingertips in MuJoCo: two pads of 11 x 9 spheres, each on a spring of its own, closing on a fixed object.

The second simulator: it shares the pads' geometry and read-out with the first and none of its mechanics, and
no network is trained on it. TacRefineNet's simulated sensor is built so (arXiv 2509.25746: spherical contact
points on elastic joints); sizes here are our own.
"""

# MuJoCo is compiled and brings no type stubs.
# pyright: reportAttributeAccessIssue=false
from __future__ import annotations

import mujoco
import numpy as np

from xr0_robot.touch.sensor.pads import COLUMNS, ROWS
from xr0_robot.touch.sensor.shapes import Shape
from xr0_robot.touch.sims import pads_scene

STIFFNESS_SPREAD = 0.35
"""Spread of the logarithm of a pad's stiffness: the first simulator draws its skin as widely."""

MOUNT_MM, MOUNT_DEG = 0.3, 1.0
"""A pad sits this much off, at most, in each direction: as in the first simulator."""

GAP_MM = 0.1
"""From the object to a pad before it closes."""

BALANCED = 0.01
"""The springs carry the closing force to this share once they have settled."""

STILL = 2e-4
"""Nothing moves faster than this then [m/s]."""

CHECK_STEPS, MAX_STEPS = 20, 1500
"""Physics steps between two looks at that; and after which to take the springs as they are (0.75 s)."""


class Model:
    """Two sprung pads about one object, compiled: what `SprungPads` closes, and a hand moves."""

    def __init__(self, shape: Shape, stiffness: np.ndarray, shift: np.ndarray, turn: np.ndarray) -> None:
        """stiffness: [pads] N/m per spring; shift [pads, 3] m and turn [pads, 3] rad: how each is mounted."""
        self.model = mujoco.MjModel.from_xml_string(pads_scene.mjcf(shape))
        self.data = mujoco.MjData(self.model)
        self.corners = np.concatenate([prism.vertices() for prism in shape.prisms])
        joints = [self.model.joint(name) for name in pads_scene.PADS]
        self.slides = np.array([joint.qposadr[0] for joint in joints])
        # A pad's springs follow its slide: MuJoCo numbers joints depth first.
        self._springs = self.slides[:, None] + 1 + np.arange(ROWS * COLUMNS)
        self._stiffness = stiffness
        for pad, name in enumerate(pads_scene.PADS):
            first = self.model.joint(name).id + 1
            self.model.jnt_stiffness[first : first + ROWS * COLUMNS] = stiffness[pad]
            skin = self.model.body(f"{name}/skin").id
            self.model.body_pos[skin] += shift[pad]
            angle = float(np.linalg.norm(turn[pad]))
            mujoco.mju_axisAngle2Quat(self.model.body_quat[skin], turn[pad] / angle, angle)

    def hold(self, pose: np.ndarray) -> None:
        """The object at `pose` [4, 4] (mm, in the gripper's frame)."""
        self.data.mocap_pos[0] = pose[:3, 3] * 1e-3
        mujoco.mju_mat2Quat(self.data.mocap_quat[0], np.ascontiguousarray(pose[:3, :3]).ravel())

    def open_to(self, low_mm: float, high_mm: float) -> None:
        """The left pad's face at x = `low_mm`, the right pad's at `high_mm`; slides count towards the
        middle."""
        rest = pads_scene.REST
        self.data.qpos[self.slides] = rest + low_mm * 1e-3, rest - high_mm * 1e-3

    def width_mm(self) -> float:
        """Between the unloaded faces; negative where pads that met nothing have passed one another."""
        return 1e3 * (2 * pads_scene.REST - float(self.data.qpos[self.slides].sum()))

    def forces(self) -> np.ndarray:
        """What the springs carry [N]: float [2, 11, 9]; a spring does not pull."""
        pushed = np.maximum(self.data.qpos[self._springs], 0.0)
        forces = pushed * self._stiffness[:, None]
        return np.where(forces < pads_scene.SILENT_N, 0.0, forces).reshape(-1, ROWS, COLUMNS)


class SprungPads:
    """One pair of physical pads; `rng` draws how stiff each is, and how it is mounted."""

    def __init__(self, rng: np.random.Generator) -> None:
        pads = len(pads_scene.PADS)
        stiffness = np.exp(rng.normal(0.0, STIFFNESS_SPREAD, pads))
        self._stiffness = stiffness * pads_scene.STIFFNESS
        self._shift = rng.uniform(-MOUNT_MM, MOUNT_MM, (pads, 3)) * 1e-3
        self._turn = np.deg2rad(rng.uniform(-MOUNT_DEG, MOUNT_DEG, (pads, 3)))
        self._shape: Shape | None = None

    def model(self, shape: Shape) -> Model:
        """These pads about `shape`; ValueError for one with triangles (it must be prisms)."""
        return Model(shape, self._stiffness, self._shift, self._turn)

    def grasp(self, shape: Shape, pose: np.ndarray, force_n: float) -> tuple[np.ndarray, np.ndarray]:
        """Close both pads on `shape`, held still at `pose` [4, 4] (mm, in the gripper's frame), and wait.

        Each pad presses with `force_n`. Returns what each spring carries, float [2, 11, 9] in N (zeros for a
        pad that meets nothing), and the width between the pads' unloaded faces, float [1] in mm. ValueError
        for a shape with triangles (it must be prisms), and for a pose or force that is not finite.
        """
        if not np.isfinite(pose).all() or not 0.0 < force_n < np.inf:
            raise ValueError(f"grasp: got {force_n} N and pose {pose.tolist()}, expected finite numbers")
        if shape is not self._shape:
            self._shape, self._model = shape, self.model(shape)
        pads = self._model
        mujoco.mj_resetData(pads.model, pads.data)
        pads.hold(pose)
        x = pads.corners @ pose[0, :3] + pose[0, 3]
        low, high = float(x.min()), float(x.max())
        pads.open_to(low - GAP_MM, high + GAP_MM)
        pads.data.ctrl[:] = force_n
        beyond = pads_scene.REST + np.array([high, -low]) * 1e-3
        for step in range(1, MAX_STEPS + 1):
            mujoco.mj_step(pads.model, pads.data)
            if step % CHECK_STEPS == 0 and _settled(pads, force_n, beyond):
                break
        return pads.forces(), np.array([max(0.0, pads.width_mm())])


def _settled(pads: Model, force_n: float, beyond: np.ndarray) -> bool:
    """Every pad carries its force and is still, or its slide is `beyond` [pads] the object, which it
    missed."""
    sums = pads.forces().sum(axis=(1, 2))
    balanced = np.abs(sums - force_n) < BALANCED * force_n
    missed = (sums == 0.0) & (pads.data.qpos[pads.slides] > beyond)
    quiet = np.abs(pads.data.qvel).max() < STILL or bool(missed.any())
    return bool((balanced | missed).all() and quiet)
