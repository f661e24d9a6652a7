"""A brick table as an Env: one arm, bricks of which four can be named, two bins, a sentence."""

# MuJoCo is compiled and brings no type stubs.
# pyright: reportAttributeAccessIssue=false
from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np

from xr0_robot.sims import cameras, gripper, scene
from xr0_robot.sims.brick_table import layout, tasks, things
from xr0_robot.sims.brick_table.paint import paint
from xr0_robot.sims.brick_table.robot import Robot
from xr0_robot.sims.brick_table.variants import Variant
from xr0_robot.sims.table import Table
from xr0_robot.types import Camera

START = ((0.31, 0.39), (-0.06, 0.06), (0.17, 0.24), (-0.15, 0.15))
"""x, y, z [m] and yaw [rad] of the gripper at an ordinary reset."""

RANDOM_START = ((0.28, 0.64), (-0.17, 0.17), (0.10, 0.28), (-0.7, 0.7))
"""The same, anywhere above the bricks and bins, for data that shows how to recover."""

PERTURB_APPROACH = (0.09, 0.15)
"""The target is moved once the tool is this near to it [m]; drawn per episode."""

PERTURB_STEP = (0.06, 0.08)
"""How far it is moved [m]; it stays on the one table in a hundred that has no free place so near."""

REST_SPEED = 0.05
"""A brick slower than this rests [m/s]."""

REST_HEIGHT = 0.065
"""A brick whose centre is lower than this lies in its bin [m]: on the floor, or on a prop that lay there."""

RAISED = 0.03
"""A brick whose centre is higher than this is not lying on the table [m]."""

HOVERING = 0.07
"""A tool higher than this leaves room for a brick under its fingers [m]."""


@dataclass(frozen=True)
class Options:
    """What may change from one episode to the next. random_start: the gripper starts anywhere over the table;
    perturb: the target moves once, when near."""

    random_start: bool = False
    perturb: bool = False


class BrickTable(Table):
    """Env of a robot and a family of tasks. One compiled model serves all episodes; a seed decides all of
    one."""

    environment_names = tuple(
        f"{colour}.{part}" for colour in tasks.COLOURS for part in ("x", "y", "z", "yaw")
    )

    def __init__(self, robot: Robot, family: tasks.Family, variant: Variant) -> None:
        self.robot, self.family, self.variant = robot, family, variant
        self.wordings = variant.wordings or family.wordings
        self.cameras = tuple(camera.key for camera in robot.embodiment.cameras)
        self.overview, self.closeup = self.cameras[0], self.cameras[-1]
        self.options = Options(perturb=variant.perturb)
        world = scene.Scene(
            arms=(robot.arm,),
            views=robot.views,
            timestep=robot.embodiment.dt / robot.substeps,
            things=things.mjcf(variant.bricks, layout.BINS, layout.PROPS),
        )
        super().__init__(world, robot.embodiment, robot.substeps, robot.control)
        (self.arm,) = self.arms
        self._mounts = cameras.Mounts(self.model)
        self._fingers = {self.model.geom(f"{robot.arm.name}/{name}").id for name in gripper.FINGERS}
        self.reset(0)

    def reset(self, seed: int, instruction: str | None = None) -> str:
        """Lay the table for `seed`, whatever the sentence; ValueError if the sentence cannot be scored."""
        streams = np.random.SeedSequence(seed).spawn(5)
        task_rng, place_rng, look_rng, perturb_rng, variant_rng = map(np.random.default_rng, streams)
        if instruction is None:
            self.target = self.family.sample(task_rng, self.wordings)
        else:
            self.target = self.family.parse(instruction)
        mujoco.mj_resetData(self.model, self.data)
        places, self.props_present = layout.lay(place_rng, self.variant.bricks)
        for name, place in places.items():
            self._put(name, place)
        self._place_gripper(place_rng)
        look = self.variant.looks[variant_rng.integers(len(self.variant.looks))]
        paint(self.model, self.variant.bricks, look_rng, look)
        for camera, displacement in (self.variant.displaced or {}).items():
            self._mounts.displace(camera, displacement, variant_rng)
        mujoco.mj_forward(self.model, self.data)
        self.perturbed_tick: int | None = None
        self.tick = 0
        self._perturb_rng = perturb_rng
        self._perturb_distance = perturb_rng.uniform(*PERTURB_APPROACH)
        return self.target.instruction

    def apply(self, action: np.ndarray) -> None:
        """Table.apply; the target may be moved as the tool comes near."""
        super().apply(action)
        self.tick += 1
        if self.options.perturb and self.perturbed_tick is None:
            self._perturb_on_approach()

    def success(self) -> bool:
        """Whether the target brick rests where it was told to be, untouched by the fingers."""
        return self._rests(self.target)

    def fulfilled(self, instruction: str) -> bool:
        """The same for another sentence; ValueError if it cannot be scored."""
        return self._rests(self.family.parse(instruction))

    def project(self, camera: str, xyz: np.ndarray) -> tuple[float, float]:
        """Pixel (right, down from the top left) of a world point [3] in a camera's picture; may lie outside
        it, NaN behind the camera."""
        u, v = cameras.project(self.model, self.data, self.view(camera), np.reshape(xyz, (1, 3)))[0]
        return float(u), float(v)

    def view(self, camera: str) -> Camera:
        """The embodiment's camera of that key; ValueError if there is none."""
        views = {view.key: view for view in self.embodiment.cameras}
        if camera not in views:
            raise ValueError(f"camera: got {camera!r}, expected one of {list(views)}")
        return views[camera]

    def tool(self) -> np.ndarray:
        """Measured pose of the tool and opening of the gripper, [7], however the robot is commanded."""
        return self.arm.tool(self.data)

    def bring(self, tool: np.ndarray) -> np.ndarray:
        """The command [native_dim] that brings the tool to `tool` [7], pose and opening."""
        return self.arm.command(tool, self.data)

    def object_positions(self) -> dict[str, np.ndarray]:
        """World centre [3] of every brick and of every prop that is on the table."""
        names = (*(brick.name for brick in self.variant.bricks), *self.props_present)
        return {name: self.data.joint(name).qpos[:3].copy() for name in names}

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
        for bin_ in layout.BINS:
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

    def _rests(self, task: tasks.Task) -> bool:
        slow = np.linalg.norm(self.data.joint(task.colour).qvel[:3]) < REST_SPEED
        return bool(task.done(self) and slow and not self.touched(task.colour))

    def _put(self, name: str, place: layout.Place) -> None:
        turn = (np.cos(place.yaw / 2), 0.0, 0.0, np.sin(place.yaw / 2))
        self.data.joint(name).qpos = (place.x, place.y, place.z, *turn)

    def _place_gripper(self, rng: np.random.Generator) -> None:
        low, high = np.transpose(RANDOM_START if self.options.random_start else START)
        x, y, z, yaw = rng.uniform(low, high)
        pose = np.array([x, y, z, 0.0, 0.0, yaw])
        opening = rng.uniform(0.3, 1.0) if self.options.random_start else 1.0
        self.arm.place(self.data, self.arm.solve(pose, self.arm.home, iterations=100), opening)

    def _perturb_on_approach(self) -> None:
        """Move the target to a free place once, while the open gripper comes near it from above."""
        colour, tool, objects = self.target.colour, self.tool(), self.object_positions()
        target = objects.pop(colour)
        near = np.linalg.norm(tool[:3] - target) < self._perturb_distance
        if not near or target[2] > RAISED or self.touched(colour):
            return
        if tool[2] < HOVERING:
            objects["gripper"] = tool[:3]
        taken = np.array([position[:2] for position in objects.values()])
        goal = layout.nearby(self._perturb_rng, target[:2], taken, PERTURB_STEP)
        if goal is not None:
            self.move_brick(colour, goal)
            self.perturbed_tick = self.tick
