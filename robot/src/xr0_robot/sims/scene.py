"""A table-top world as data, and its MJCF: a table, arms, cameras and a light, all of primitives.

Every length is in metres in the world frame: x forward from the (first) arm, y left, z up, table at z = 0.
Shadows and multisampling are off: they cost 8-10 times the frame and show a policy nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

Vec3 = tuple[float, float, float]

OPENING = 0.08
"""Distance between the finger pads when the gripper is open [m]."""

JOINTS = ("yaw", "shoulder", "elbow", "pitch", "roll", "twist")
"""Hinges of an arm from its base to its tool; the last three are orthogonal while the tool points down."""

FINGERS = ("left_finger", "right_finger")
"""Slides of a gripper; left is +y of the tool frame."""

SHOULDER_Z = 0.26
UPPER_ARM = 0.40
FOREARM = 0.38
TOOL_Z = 0.20
"""Link lengths: a reach of 0.78 m from the shoulder to the wrist, the tool point 0.20 m under the wrist."""

TABLE_RGB = (0.74, 0.70, 0.64)
LAMP = (0.4, 0.0, 1.5)
"""Usual colour of the table and place of the lamp [m]."""


@dataclass(frozen=True)
class Pad:
    """The inner face of a finger: half its width across and along the finger, and where its middle is, under
    the wrist."""

    half_width: float = 0.010
    half_length: float = 0.028
    depth: float = 0.184


@dataclass(frozen=True)
class Arm:
    """A six-hinge arm with a parallel gripper, standing at `position`, turned about z by `yaw` [rad]."""

    name: str = "arm"
    position: Vec3 = (0.0, 0.0, 0.0)
    yaw: float = 0.0
    pad: Pad = Pad()


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
    """Everything on the table. timestep: of the physics [s]; things: further bodies, as MJCF."""

    arms: tuple[Arm, ...]
    views: tuple[View, ...]
    timestep: float
    things: str = ""


def mjcf(scene: Scene) -> str:
    """The scene as MJCF. Names: bodies as given; joints and actuators "arm/joint", sites "arm/tool"."""
    fixed_views = "".join(_view(view) for view in scene.views if view.arm is None)
    bodies = "".join([_arm(arm, scene.views) for arm in scene.arms] + [scene.things])
    return f"""
<mujoco model="table">
  <compiler angle="radian" autolimits="true"/>
  <option timestep="{scene.timestep:.8f}" integrator="implicitfast" cone="elliptic" impratio="10"/>
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
  <contact>{"".join(_exclude(arm) for arm in scene.arms)}</contact>
  <equality>{"".join(_mirror_fingers(arm) for arm in scene.arms)}</equality>
  <actuator>{"".join(_actuators(arm) for arm in scene.arms)}</actuator>
</mujoco>"""


def numbers(values: tuple[float, ...]) -> str:
    """As MJCF writes them."""
    return " ".join(f"{value:.6g}" for value in values)


def _view(view: View) -> str:
    axes = numbers(view.right + view.up)
    return f'<camera name="{view.name}" pos="{numbers(view.position)}" xyaxes="{axes}" fovy="{view.fovy:g}"/>'


def _arm(arm: Arm, views: tuple[View, ...]) -> str:
    """At zero angles the upper arm is vertical, the forearm level and forward, the tool points down."""
    n = arm.name
    cameras = "".join(_view(view) for view in views if view.arm == n)
    return f"""
    <body name="{n}/base" pos="{numbers(arm.position)}" euler="0 0 {arm.yaw:g}">
      <geom class="dark" type="cylinder" size="0.07 0.04" pos="0 0 0.04"/>
      <body name="{n}/turret" pos="0 0 0.08" gravcomp="1">
        <joint name="{n}/yaw" class="hinge" axis="0 0 1" range="-2.8 2.8"/>
        <geom class="look" type="cylinder" size="0.055 0.09" pos="0 0 0.09" mass="2"/>
        <body name="{n}/upper" pos="0 0 {SHOULDER_Z - 0.08:g}" gravcomp="1">
          <joint name="{n}/shoulder" class="hinge" axis="0 1 0" range="-1.6 1.9"/>
          <geom class="dark" type="cylinder" size="0.05 0.06" euler="1.5708 0 0" mass="0.5"/>
          <geom class="look" type="capsule" size="0.036" fromto="0 0 0 0 0 {UPPER_ARM:g}" mass="1"/>
          <body name="{n}/forearm" pos="0 0 {UPPER_ARM:g}" gravcomp="1">
            <joint name="{n}/elbow" class="hinge" axis="0 1 0" range="-1.5 1.5"/>
            <geom class="dark" type="cylinder" size="0.042 0.05" euler="1.5708 0 0" mass="0.3"/>
            <geom class="look" type="capsule" size="0.03" fromto="0 0 0 {FOREARM:g} 0 0" mass="0.7"/>
            <body name="{n}/wrist" pos="{FOREARM:g} 0 0" gravcomp="1">
              <joint name="{n}/pitch" class="hinge" axis="0 1 0" range="-2.2 2.2"/>
              <geom class="dark" type="cylinder" size="0.034 0.036" euler="1.5708 0 0" mass="0.2"/>
              <body name="{n}/knuckle" gravcomp="1">
                <joint name="{n}/roll" class="hinge" axis="1 0 0" range="-1.4 1.4"/>
                <geom class="look" type="cylinder" size="0.026 0.03" pos="0 0 -0.05" mass="0.1"/>
                <body name="{n}/hand" gravcomp="1">
                  <joint name="{n}/twist" class="hinge" axis="0 0 1" range="-3.1 3.1"/>
                  <geom class="dark" type="box" size="0.017 0.052 0.014" pos="0 0 -0.094" mass="0.2"/>
                  <site name="{n}/tool" pos="0 0 {-TOOL_Z:g}" size="0.002" rgba="0 0 0 0"/>
                  {cameras}{_finger(arm, "left_finger", 1)}{_finger(arm, "right_finger", -1)}
                </body>
              </body>
            </body>
          </body>
        </body>
      </body>
    </body>"""


def _finger(arm: Arm, name: str, side: int) -> str:
    """A stem that touches nothing, and the pad."""
    pad, n = arm.pad, arm.name
    low = pad.depth - pad.half_length  # the stem ends where the pad begins, just inside it
    half = (low - 0.108) / 2 + 0.002
    return f"""
                  <body name="{n}/{name}" gravcomp="1">
                    <joint name="{n}/{name}" type="slide" axis="0 {side} 0" range="0 {OPENING / 2:g}"
                      armature="0.05" damping="5"/>
                    <geom class="look" type="box" size="0.008 0.004 {half:g}" pos="0 {side * 0.006:g} {
        -0.108 - half:g}"
                      mass="0.02"/>
                    <geom name="{n}/{name}" class="pad" size="{pad.half_width:g} 0.0045 {pad.half_length:g}"
                      pos="0 {side * 0.0045:g} {-pad.depth:g}"/>
                  </body>"""


def _exclude(arm: Arm) -> str:
    left, right = (f"{arm.name}/{finger}" for finger in FINGERS)
    return f'<exclude body1="{left}" body2="{right}"/>'


def _mirror_fingers(arm: Arm) -> str:
    left, right = (f"{arm.name}/{finger}" for finger in FINGERS)
    return f'<joint joint1="{left}" joint2="{right}" polycoef="0 1 0 0 0" solref="0.006 1"/>'


def _actuators(arm: Arm) -> str:
    """Position servos: about 30 ms of lag in the arm, 12 N at each finger."""
    gains = {"yaw": 2500, "shoulder": 2500, "elbow": 1500, "pitch": 300, "roll": 200, "twist": 150}
    hinges = "".join(
        f'<position name="{arm.name}/{j}" joint="{arm.name}/{j}" kp="{kp}" dampratio="1"/>'
        for j, kp in gains.items()
    )
    slides = "".join(
        f'<position name="{arm.name}/{f}" joint="{arm.name}/{f}" kp="1500" kv="40" forcerange="-12 12"/>'
        for f in FINGERS
    )
    return hinges + slides
