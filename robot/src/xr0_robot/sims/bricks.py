"""The brick table as an Env: one arm, four bricks, two bins, a sentence."""

from __future__ import annotations

import colorsys
from collections.abc import Mapping
from dataclasses import dataclass

import mujoco
import numpy as np

from xr0_robot import rotation
from xr0_robot.embodiments import BRICKS as EMBODIMENT
from xr0_robot.sims import cameras, layout, scene, tasks
from xr0_robot.sims.kinematics import ArmKinematics
from xr0_robot.types import Observation, finite_vector

SUBSTEPS = 12
"""Physics steps per control tick: 2.8 ms each at 30 Hz."""

HOME = np.array([0.0, -0.2, 0.35, -0.15, 0.0, 0.0])
"""Joint angles [rad] from which a start pose is solved."""

START = ((0.31, 0.39), (-0.06, 0.06), (0.17, 0.24), (-0.15, 0.15))
"""x, y, z [m] and yaw [rad] of the gripper at an ordinary reset."""

RANDOM_START = ((0.28, 0.64), (-0.17, 0.17), (0.10, 0.28), (-0.7, 0.7))
"""The same, anywhere above the bricks and bins, for data that shows how to recover."""

JOINT_SPEED = 4.0
"""Fastest commanded joint motion [rad/s]; a servo's own limit, so that no command can teleport the arm."""

PERTURB_APPROACH = (0.09, 0.15)
"""The target is moved once the tool is this near to it [m]; drawn per episode."""

PERTURB_STEP = (0.06, 0.08)
"""How far it is moved [m]."""

REST_SPEED = 0.05
"""A brick slower than this rests [m/s]."""

REST_HEIGHT = 0.065
"""A brick whose centre is lower than this lies in its bin [m]: on the floor, or on a prop that lay there."""

PROP_GREYS = (0.06, 0.62, 0.95)
"""Black, grey and white: no instruction names them."""


@dataclass(frozen=True)
class BricksOptions:
    """random_start: the gripper starts anywhere above the table; perturb: the target is moved once, on approach."""

    random_start: bool = False
    perturb: bool = False


class BricksEnv:
    """Env of the embodiment "bricks". Native vectors: x, y, z [m], axis-angle [rad] of the tool in the arm's base
    frame, gripper 0..1. One compiled model serves every episode; the same seed gives the same episode."""

    embodiment = EMBODIMENT
    environment_names = tuple(
        f"{brick.name}.{part}" for brick in layout.BRICKS for part in ("x", "y", "z", "yaw")
    )

    def __init__(self, options: BricksOptions | None = None) -> None:
        self.options = options or BricksOptions()
        self.scene = scene.Scene(
            arms=(scene.Arm(),),
            views=layout.VIEWS,
            bricks=layout.BRICKS,
            bins=layout.BINS,
            props=layout.PROPS,
            timestep=EMBODIMENT.dt / SUBSTEPS,
        )
        self.model = mujoco.MjModel.from_xml_string(scene.mjcf(self.scene))
        self.data = mujoco.MjData(self.model)
        self.arm = ArmKinematics(self.model, self.scene.arms[0].name)
        self._cameras = cameras.Cameras(self.model)
        self._lamp_position = self.model.light("lamp").pos.copy()
        self._fingers = {self.model.geom(f"arm/{name}").id for name in scene.FINGERS}
        self.reset(0)

    def reset(self, seed: int, instruction: str | None = None) -> str:
        """Lay the table for `seed` (the sentence changes nothing on it); ValueError if a sentence is unscorable."""
        streams = np.random.SeedSequence(seed).spawn(4)
        task_rng, place_rng, look_rng, self._perturb_rng = (
            np.random.default_rng(stream) for stream in streams
        )
        task = tasks.sample(task_rng)
        self.target = tasks.parse(instruction) if instruction is not None else task
        mujoco.mj_resetData(self.model, self.data)
        self._lay_table(place_rng)
        self._place_gripper(place_rng)
        self._paint(look_rng)
        mujoco.mj_forward(self.model, self.data)
        self.perturbed_tick: int | None = None
        self.tick = 0
        self._perturb_distance = self._perturb_rng.uniform(*PERTURB_APPROACH)
        return self.target.instruction

    def observe(self, instruction: str, time_s: float) -> Observation:
        """Both cameras and the state. Call it always from the same thread (OpenGL)."""
        images = {view.key: self.render(view.key, view.height, view.width) for view in EMBODIMENT.cameras}
        return Observation(images, self.state(), instruction, time_s)

    def state(self) -> np.ndarray:
        """float64 [7], measured."""
        return np.concatenate([self.arm.pose(self.data), [self.arm.gripper(self.data)]])

    def apply(self, action: np.ndarray) -> None:
        """One tick of 1/30 s towards `action` [7]; the servos' targets are interpolated within the tick."""
        action = finite_vector("action", action, EMBODIMENT.native_dim)
        ctrl, joints = self.data.ctrl, self.arm.joint_actuators
        start = ctrl[joints].copy()
        step = self.arm.solve(action[:6], start) - start
        step *= min(1.0, JOINT_SPEED * EMBODIMENT.dt / max(float(np.abs(step).max()), 1e-9))
        ctrl[self.arm.finger_actuators] = np.clip(action[6], 0.0, 1.0) * scene.OPENING / 2
        for k in range(SUBSTEPS):
            ctrl[joints] = start + step * (k + 1) / SUBSTEPS
            mujoco.mj_step(self.model, self.data)
        mujoco.mj_forward(self.model, self.data)
        self.tick += 1
        if self.options.perturb and self.perturbed_tick is None:
            self._perturb_on_approach()

    def success(self) -> bool:
        """Whether the target brick rests in the instructed bin, untouched by the fingers."""
        brick = self.target.colour
        slow = np.linalg.norm(self.data.joint(brick).qvel[:3]) < REST_SPEED
        return bool(self.bin_of(brick) == self.target.side and slow and not self.touched(brick))

    def close(self) -> None:
        """Free the renderers."""
        self._cameras.close()

    def render(self, camera: str, height: int, width: int) -> np.ndarray:
        """uint8 [height, width, 3] of "base" or "wrist", at any size up to 960 x 1280."""
        return self._cameras.render(self.data, camera, height, width)

    def project(self, camera: str, xyz: np.ndarray) -> tuple[float, float]:
        """Pixel (u, v) of a world point [3] in the camera's own 128 px picture; may lie outside it."""
        view = next(view for view in EMBODIMENT.cameras if view.key == camera)
        return cameras.project(self.model, self.data, camera, xyz, view.height, view.width)

    def object_positions(self) -> dict[str, np.ndarray]:
        """World centre [3] of every brick and of every prop that is on the table."""
        return {name: self.data.joint(name).qpos[:3].copy() for name in (*tasks.COLOURS, *self.props_present)}

    def brick_yaw(self, colour: str) -> float:
        """Yaw [rad] of a brick's long axis, in [-pi/2, pi/2): half a turn leaves a brick unchanged."""
        turn = self.data.body(colour).xmat.reshape(3, 3)
        axis = turn[:, 0] if abs(turn[2, 0]) < 0.7 else turn[:, 1]
        return float((np.arctan2(axis[1], axis[0]) + np.pi / 2) % np.pi - np.pi / 2)

    def environment_state(self) -> np.ndarray:
        """float64 [16]: x, y, z [m] and yaw [rad] of the four bricks, as in `environment_names`."""
        return np.concatenate([[*self.data.joint(c).qpos[:3], self.brick_yaw(c)] for c in tasks.COLOURS])

    def bin_of(self, name: str) -> str | None:
        """The side of the bin in which a brick or prop lies, None if in neither."""
        x, y, z = self.data.joint(name).qpos[:3]
        for bin_ in self.scene.bins:
            inside = (
                abs(x - bin_.centre[0]) < bin_.inner[0] / 2 and abs(y - bin_.centre[1]) < bin_.inner[1] / 2
            )
            if inside and z < REST_HEIGHT:
                return bin_.name
        return None

    def touched(self, name: str) -> bool:
        """Whether a finger touches a brick or prop."""
        geom = self.model.geom(name).id
        return any(geom in pair and self._fingers & set(pair) for pair in self.data.contact.geom.tolist())

    def move_brick(self, colour: str, xy: np.ndarray) -> None:
        """Put a brick down at `xy` [2, m], its yaw kept, at rest; nothing else moves."""
        joint = self.data.joint(colour)
        joint.qpos[:2] = xy
        joint.qvel[:] = 0.0
        mujoco.mj_forward(self.model, self.data)

    def _lay_table(self, rng: np.random.Generator) -> None:
        taken: list[np.ndarray] = []
        for brick in self.scene.bricks:
            place = layout.free_place(rng, taken)
            taken.append(np.array([place.x, place.y]))
            self._put(brick.name, place, brick.size[2] / 2)
        in_bin = self.scene.bins[rng.integers(len(self.scene.bins))] if rng.random() < 0.5 else None
        present = [prop for prop in self.scene.props if rng.random() < 0.5]
        for k, prop in enumerate(self.scene.props):
            height = prop.size[0] if prop.shape == "sphere" else prop.size[1]
            if prop not in present:
                self._put(prop.name, layout.Place(*layout.PARKED[k]), height)
            elif in_bin is not None and prop is present[0]:
                dx, dy = rng.uniform(-0.04, 0.04, size=2)
                self._put(
                    prop.name, layout.Place(in_bin.centre[0] + dx, in_bin.centre[1] + dy), height + 0.002
                )
            else:
                place = layout.free_place(rng, taken)
                taken.append(np.array([place.x, place.y]))
                self._put(prop.name, place, height)
        self.props_present = tuple(prop.name for prop in present)

    def _put(self, name: str, place: layout.Place, height: float) -> None:
        turn = (np.cos(place.yaw / 2), 0.0, 0.0, np.sin(place.yaw / 2))
        self.data.joint(name).qpos = (place.x, place.y, height, *turn)

    def _place_gripper(self, rng: np.random.Generator) -> None:
        low, high = np.transpose(RANDOM_START if self.options.random_start else START)
        x, y, z, yaw = rng.uniform(low, high)
        pose = np.array([x, y, z, 0.0, 0.0, yaw])
        opening = rng.uniform(0.3, 1.0) if self.options.random_start else 1.0
        self.arm.place(self.data, self.arm.solve(pose, HOME, iterations=100), opening)

    def _paint(self, rng: np.random.Generator) -> None:
        """Shades of brick colours, props, table and light; no hue leaves its name."""
        for brick in self.scene.bricks:
            hue, saturation, value = colorsys.rgb_to_hsv(*brick.rgb)
            shade = (
                (hue + rng.uniform(-0.015, 0.015)) % 1.0,
                np.clip(saturation * rng.uniform(0.85, 1.05), 0.0, 1.0),
                np.clip(value * rng.uniform(0.85, 1.15), 0.0, 1.0),
            )
            self.model.geom(brick.name).rgba[:3] = colorsys.hsv_to_rgb(*shade)
        for prop in self.scene.props:
            self.model.geom(prop.name).rgba[:3] = rng.choice(PROP_GREYS)
        self.model.geom("table").rgba[:3] = np.array([0.74, 0.70, 0.64]) * rng.uniform(0.85, 1.05)
        self.model.light("lamp").pos = self._lamp_position + rng.uniform([-0.5, -0.5, -0.3], [0.5, 0.5, 0.3])
        self.model.light("lamp").diffuse = rng.uniform(0.35, 0.55) * (1.0 + rng.uniform(-0.06, 0.06, size=3))
        self.model.vis.headlight.ambient[:] = rng.uniform(0.25, 0.35)
        self.model.vis.headlight.diffuse[:] = rng.uniform(0.15, 0.3)

    def _perturb_on_approach(self) -> None:
        """Move the target to a free place once, while the open gripper comes near it from above."""
        colour, state, objects = self.target.colour, self.state(), self.object_positions()
        target = objects.pop(colour)
        if (
            np.linalg.norm(state[:3] - target) > self._perturb_distance
            or self.touched(colour)
            or target[2] > 0.03
        ):
            return
        others = np.array([position[:2] for position in objects.values()])
        for _ in range(200):
            angle, distance = (
                self._perturb_rng.uniform(0, 2 * np.pi),
                self._perturb_rng.uniform(*PERTURB_STEP),
            )
            goal = target[:2] + distance * np.array([np.cos(angle), np.sin(angle)])
            if layout.is_free(goal, others):
                self.move_brick(colour, goal)
                self.perturbed_tick = self.tick
                return
