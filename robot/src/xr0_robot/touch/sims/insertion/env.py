"""A key and a slot on the brick table's arm: a part that only fits if it is held right.

The table's physics holds and moves the key; what the fingertips feel of it comes from `sims.sprung_pads`,
with the key where the physics has it in the hand. A seed decides all of an episode: where things are, how
wrong the first grasp is, and which physical sensor feels it.
"""

# MuJoCo is compiled and brings no type stubs.
# pyright: reportAttributeAccessIssue=false
from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np

from xr0_robot import rotation
from xr0_robot.sims import scene
from xr0_robot.sims.bricks.embodiment import BRICKS as EMBODIMENT
from xr0_robot.sims.bricks.views import VIEWS
from xr0_robot.sims.gripper import FINGERS, Gripper
from xr0_robot.sims.six_joint_arm import SixJointArm
from xr0_robot.sims.table import Table
from xr0_robot.touch.procedures.arm import MM
from xr0_robot.touch.procedures.measurement import Touch
from xr0_robot.touch.sensor import increment, pads
from xr0_robot.touch.sensor.electronics import FRAMES
from xr0_robot.touch.sensor.pads import TactileReading
from xr0_robot.touch.sims.insertion.arm import BRICKS_ARM
from xr0_robot.touch.sims.insertion.scene import DEPTH_MM, FLOOR_M, HEAD_MM, KEY, PAD, furniture
from xr0_robot.touch.sims.readout import Readout
from xr0_robot.touch.sims.sprung_pads import SprungPads

SUBSTEPS = 24
"""Physics steps per control tick, 1.4 ms each: a key of 30 g between two pads is a stiff thing."""

STICTION = 100.0
"""Of friction over normal forces: at the bricks' 10 a held key creeps by 0.1 mm in a second."""

ARM = SixJointArm(gripper=Gripper(pad=PAD))
"""The brick table's arm, with fingertips for pads."""

INSTRUCTION = "put the key into the slot"

RIGHT_GRASP = increment.to_matrix(np.array([0.0, 0.0, -HEAD_MM[2] / 2, 0.0, 0.0, 0.0]))
"""Where the key is in the hand when it is held right: its head in the middle of the pads."""

ERROR_MM, ERROR_DEG = 3.0, 8.0
"""The first grasp is wrong by up to this along the pads (y and z), and about the closing axis."""

STAND, SLOT = ((0.34, 0.42), (0.04, 0.12)), ((0.50, 0.58), (-0.12, -0.04))
"""x and y [m] of the stand, and of the slot."""

MAX_YAW = 0.5
"""Both are turned by up to this [rad]."""

HANDED_OVER = ((0.34, 0.42), (0.04, 0.12), (0.12, 0.16))
"""x, y, z [m] of the hand where it is given the key in the air."""

RESTING_M_S = 0.02
"""A key slower than this rests."""

SEATED_M, UPRIGHT_DEG = 0.0015, 4.0
"""The key is in the slot when it stands on the floor to this height, and this straight."""

BESIDE_MM = 2.0
"""More than the play of the slot: what is further off is not in it."""

SAME_MM, SAME_DEG, SAME_N = 0.01, 0.02, 0.2
"""Pads that held the key here and so hard need not be solved again: far below what they can tell apart."""


@dataclass(frozen=True)
class InsertionOptions:
    """in_hand: the hand holds the key from the start, in the air, and wrongly; else it stands on the
    table."""

    in_hand: bool = False


class InsertionEnv(Table):
    """Env of the embodiment "bricks", with fingertips."""

    def __init__(self, options: InsertionOptions | None = None) -> None:
        self.options = options or InsertionOptions()
        world = scene.Scene(
            arms=(ARM,),
            views=VIEWS,
            timestep=EMBODIMENT.dt / SUBSTEPS,
            things=furniture(),
        )
        super().__init__(world, EMBODIMENT, SUBSTEPS)
        (self.arm,) = self.arms
        self.model.opt.impratio = STICTION
        # The left pad is the fingertips' first.
        self._fingers = [self.model.geom(f"arm/{name}").id for name in FINGERS]
        self._key = {self.model.geom(f"key/{part}").id for part in ("head", "blade")}
        self.reset(0)

    def reset(self, seed: int, instruction: str | None = None) -> str:
        """Place everything for `seed`; the sentence is always the same."""
        places, errors, sensor = map(np.random.default_rng, np.random.SeedSequence(seed).spawn(3))
        mujoco.mj_resetData(self.model, self.data)
        self.stand, self.slot = self._furnish("stand", STAND, places), self._furnish("slot", SLOT, places)
        self.error = errors.uniform(-1, 1, 6) * [0, ERROR_MM, ERROR_MM, np.deg2rad(ERROR_DEG), 0, 0]
        """The increment from the first grasp to the right one: [6], mm and rad."""
        self._pads = SprungPads(sensor)
        self._readout = Readout(sensor)
        self._felt: tuple[np.ndarray, float, np.ndarray, np.ndarray] | None = None
        at = places.uniform(*np.transpose(HANDED_OVER))
        hand = np.array([*at, 0.0, 0.0, places.uniform(-MAX_YAW, MAX_YAW)])
        self._start(hand)
        return INSTRUCTION if instruction is None else instruction

    def success(self) -> bool:
        """Whether the key rests in the slot, upright, and nothing holds it."""
        resting = np.linalg.norm(self.data.joint("key").qvel[:3]) < RESTING_M_S
        return bool(self.seated() and resting and not self.touch().forces.any())

    def touch(self) -> Touch:
        """What the fingers feel now."""
        forces, supported = np.zeros(len(self._fingers)), False
        wrench = np.zeros(6)
        for index, pair in enumerate(self.data.contact.geom.tolist()):
            other = next((geom for geom in pair if geom not in self._key), None)
            if other is None or not self._key & set(pair):
                continue
            if other not in self._fingers:
                supported = True
                continue
            mujoco.mj_contactForce(self.model, self.data, index, wrench)
            forces[self._fingers.index(other)] += wrench[0]
        return Touch(forces, supported, lambda: self._read(self.grasp(), float(forces.mean())))

    def goal(self) -> TactileReading:
        """The right grasp as this sensor feels it: a demonstration, with the force the gripper holds by."""
        frames = [self._read(RIGHT_GRASP, GRIP_N) for _ in range(FRAMES)]
        return pads.average(frames)

    def grasp(self) -> np.ndarray:
        """Where the key is in the hand: [4, 4], mm, in the fingertips' frame."""
        hand = pose_matrix(self.arm.pose(self.data))
        return increment.inverse(hand @ _pads_in_tool()) @ self.key()

    def key(self) -> np.ndarray:
        """Where the key is on the table: [4, 4], mm. Its origin is the middle of its shoulder."""
        body = self.data.body("key")
        return _matrix(body.xpos * 1e3, body.xmat.reshape(3, 3))

    def seated(self) -> bool:
        """Whether the key is in the slot, at its bottom and upright."""
        off = increment.inverse(self.slot) @ self.key()
        tilt = np.rad2deg(np.arccos(np.clip(off[2, 2], -1.0, 1.0)))
        flat = np.abs(off[:2, 3]).max() < BESIDE_MM
        return bool(flat and off[2, 3] < SEATED_M * 1e3 and tilt < UPRIGHT_DEG)

    def _furnish(self, name: str, area: tuple, rng: np.random.Generator) -> np.ndarray:
        """Put the stand or the slot somewhere; returns the pose [4, 4] of a key that stands in it (mm)."""
        x, y = rng.uniform(*np.transpose(area))
        turn = np.array([0.0, 0.0, rng.uniform(-MAX_YAW, MAX_YAW) - np.pi / 2])
        mocap = self.model.body(name).mocapid[0]
        self.data.mocap_pos[mocap] = x, y, 0.0
        self.data.mocap_quat[mocap] = np.cos(turn[2] / 2), 0.0, 0.0, np.sin(turn[2] / 2)
        return _matrix(np.array([x * 1e3, y * 1e3, FLOOR_M * 1e3 + DEPTH_MM]), rotation.exp(turn))

    def _start(self, hand: np.ndarray) -> None:
        """The arm at `hand` [6], open, the key on the stand; or the key in the hand already."""
        opening = KEY_WIDTH if self.options.in_hand else 1.0
        self.arm.place(self.data, self.arm.solve(hand, self.arm.home, iterations=100), opening)
        mujoco.mj_forward(self.model, self.data)
        held = pose_matrix(self.arm.pose(self.data)) @ _pads_in_tool() @ self.first_grasp()
        where = held if self.options.in_hand else self.stand
        quaternion = np.zeros(4)
        mujoco.mju_mat2Quat(quaternion, np.ascontiguousarray(where[:3, :3]).ravel())
        self.data.joint("key").qpos = [*where[:3, 3] * MM, *quaternion]
        mujoco.mj_forward(self.model, self.data)
        if self.options.in_hand:
            for _ in range(SETTLE_TICKS):
                self.apply(np.array([*hand, 0.0]))

    def first_grasp(self) -> np.ndarray:
        """Where the key is in the hand after the first, wrong grasp: [4, 4]."""
        return increment.to_matrix(self.error) @ RIGHT_GRASP

    def _read(self, pose: np.ndarray, force_n: float) -> TactileReading:
        """One frame of the fingertips with the key at `pose` [4, 4] in the hand."""
        return self._readout.frame(*self._feel(pose, max(force_n, SLIGHT_N)))

    def _feel(self, pose: np.ndarray, force_n: float) -> tuple[np.ndarray, np.ndarray]:
        """What the sprung pads carry; kept as long as the key does not move in the hand."""
        if self._felt is not None:
            before, force_before, forces, joints = self._felt
            moved_mm, moved_deg = increment.magnitudes(increment.to_vector(increment.increment(pose, before)))
            if moved_mm < SAME_MM and moved_deg < SAME_DEG and abs(force_n - force_before) < SAME_N:
                return forces, joints
        forces, joints = self._pads.grasp(KEY, pose, force_n)
        self._readout.new_grasp()
        self._felt = (pose, force_n, forces, joints)
        return forces, joints


GRIP_N = 7.5
"""The gripper's squeeze on a key 10 mm thick, commanded to close: its servos' stiffness times 5 mm."""

SLIGHT_N = 0.1
"""The least the sprung pads are pressed with."""

KEY_WIDTH = 0.010 / ARM.gripper.opening
"""Opening at which the pads just touch the key."""

SETTLE_TICKS = 10
"""For a key that is put between the fingers to come to rest there."""


def pose_matrix(pose: np.ndarray) -> np.ndarray:
    """A native pose [6] (m, axis-angle) as [4, 4] in mm."""
    return _matrix(pose[:3] * 1e3, rotation.exp(pose[3:]))


def tool_pose(key: np.ndarray, grasp: np.ndarray) -> np.ndarray:
    """The tool's native pose [6] that has a key at `key` [4, 4] at `grasp` [4, 4] in the fingertips."""
    hand = key @ increment.inverse(grasp) @ increment.inverse(_pads_in_tool())
    return np.concatenate([hand[:3, 3] * MM, rotation.log(hand[:3, :3])])


def _pads_in_tool() -> np.ndarray:
    return _matrix(np.zeros(3), BRICKS_ARM.pads)


def _matrix(position: np.ndarray, turn: np.ndarray) -> np.ndarray:
    out = np.eye(4)
    out[:3, :3], out[:3, 3] = turn, position
    return out
