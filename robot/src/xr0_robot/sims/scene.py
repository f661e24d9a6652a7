"""A table-top world as data, and its MJCF: a table, arms, cameras and a light, all of primitives.

Every length is in metres in the world frame: x forward from the (first) arm, y left, z up, table at z = 0.
Shadows and multisampling are off: they cost 8-10 times the frame and show a policy nothing.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from xr0_robot.sims import gripper
from xr0_robot.sims.gripper import Gripper

Vec3 = tuple[float, float, float]

TABLE_RGB = (0.74, 0.70, 0.64)
LAMP = (0.4, 0.0, 1.5)
"""Usual colour of the table and place of the lamp [m]."""

RIGID = 'integrator="implicitfast" cone="elliptic" impratio="10"'
"""MuJoCo's options for things that are gripped by friction: they do not creep out of the fingers."""


@dataclass(frozen=True)
class Arm(ABC):
    """An arm with a parallel gripper that stands at `position`, turned about z by `yaw` [rad].

    joints: its hinges, from the base to the tool; home: their angles [rad] in an ordinary posture, tool down,
    from which to solve for another.
    """

    joints: ClassVar[tuple[str, ...]]
    home: ClassVar[tuple[float, ...]]

    name: str = "arm"
    position: Vec3 = (0.0, 0.0, 0.0)
    yaw: float = 0.0
    gripper: Gripper = field(default_factory=Gripper)

    @abstractmethod
    def body(self, cameras: str) -> str:
        """MJCF of the body "name/base" and all that hangs on it; `cameras` go into the hand."""

    @abstractmethod
    def actuators(self) -> str:
        """MJCF of a position servo for each hinge."""


@dataclass(frozen=True)
class View:
    """A camera. `arm` names the arm whose gripper carries it (position and axes are then in the wrist frame,
    where the tool points to -z), None for a fixed one. right, up: the image's axes; fovy in degrees."""

    name: str
    position: Vec3
    right: Vec3
    up: Vec3
    fovy: float
    arm: str | None = None


@dataclass(frozen=True)
class Scene:
    """Everything on the table. timestep: of the physics [s]; things: further bodies, as MJCF; sections: what
    they need outside the world's body (materials, equalities); option: how the physics is integrated."""

    arms: tuple[Arm, ...]
    views: tuple[View, ...]
    timestep: float
    things: str = ""
    sections: str = ""
    option: str = RIGID


def mjcf(scene: Scene) -> str:
    """The scene as MJCF. Names: bodies as given; joints and actuators "arm/joint", sites "arm/tool"."""
    fixed_views = "".join(_view(view) for view in scene.views if view.arm is None)
    names = [arm.name for arm in scene.arms]
    carried = {name: "".join(_view(view) for view in scene.views if view.arm == name) for name in names}
    bodies = "".join([arm.body(carried[arm.name]) for arm in scene.arms] + [scene.things])
    servos = "".join(arm.actuators() + gripper.actuators(arm.name) for arm in scene.arms)
    return f"""
<mujoco model="table">
  <compiler angle="radian" autolimits="true"/>
  <option timestep="{scene.timestep:.8f}" {scene.option}/>
  <visual>
    <quality shadowsize="0" offsamples="0" numslices="16" numstacks="8" numquads="1"/>
    <global offwidth="1280" offheight="960"/>
    <map znear="0.01" zfar="10"/>
  </visual>
  <statistic center="0.4 0 0.2" extent="1"/>
  <default>
    <default class="look"><geom contype="0" conaffinity="0" rgba="0.88 0.88 0.86 1"/></default>
    <default class="dark"><geom contype="0" conaffinity="0" rgba="0.22 0.23 0.25 1"/></default>
    <default class="hinge"><joint type="hinge" damping="1" armature="0.05"/></default>
    <default class="pad"><geom type="box" rgba="0.13 0.13 0.14 1" mass="0.02" condim="4"
      friction="1.5 0.03 0.001" solref="0.008 1" solimp="0.9 0.98 0.002" priority="1"/></default>
    <default class="thing"><geom condim="4" friction="0.7 0.01 0.0005" solref="0.008 1"/></default>
  </default>
  <worldbody>
    <light name="lamp" pos="{numbers(LAMP)}" dir="0 0 -1" castshadow="false" cutoff="90" exponent="0"/>
    <geom name="table" type="plane" size="2 2 0.1" rgba="{numbers(TABLE_RGB)} 1" class="thing"/>
    {fixed_views}{bodies}
  </worldbody>
  <contact>{"".join(map(gripper.contact, names))}</contact>
  <equality>{"".join(map(gripper.equality, names))}</equality>
  <actuator>{servos}</actuator>
  {scene.sections}
</mujoco>"""


def numbers(values: tuple[float, ...]) -> str:
    """As MJCF writes them."""
    return " ".join(f"{value:.6g}" for value in values)


def _view(view: View) -> str:
    axes = numbers(view.right + view.up)
    return f'<camera name="{view.name}" pos="{numbers(view.position)}" xyaxes="{axes}" fovy="{view.fovy:g}"/>'


def hinge_servos(arm: str, gains: Mapping[str, float]) -> str:
    """Position servos of an arm's hinges, critically damped; gains in N m/rad."""
    return "".join(
        f'<position name="{arm}/{j}" joint="{arm}/{j}" kp="{kp}" dampratio="1"/>' for j, kp in gains.items()
    )
