"""An arm of five hinges: its tool takes every place within reach, but leans only in the arm's own plane."""

from __future__ import annotations

from dataclasses import dataclass, field

from xr0_robot.sims.gripper import Gripper, Pad
from xr0_robot.sims.scene import Arm, hinge_servos, numbers

SHOULDER_X = 0.04
SHOULDER_Z = 0.17
UPPER_ARM = 0.37
FOREARM = 0.39
TOOL_Z = 0.16
"""Link lengths: the shoulder stands before the first axis and reaches 0.76 m to the wrist; the tool point is
0.16 m under the wrist."""

GRIPPER = Gripper(opening=0.07, pad=Pad(half_width=0.013, half_length=0.020, depth=0.152), root=0.090)
"""Broader, shorter fingers than the six-joint arm's; they too end 12 mm under the tool point."""


@dataclass(frozen=True)
class FiveJointArm(Arm):
    """At zero angles it is stretched straight up, the tool along with it."""

    joints = ("yaw", "shoulder", "elbow", "pitch", "twist")
    home = (0.0, -0.1, 1.9, 1.3, 0.0)

    gripper: Gripper = field(default=GRIPPER)

    def body(self, cameras: str) -> str:
        """The tool points to the hand's -z: at zero angles, upwards."""
        n, upper, fore = self.name, UPPER_ARM / 2, FOREARM / 2
        frame, shell = 'class="look" rgba="0.30 0.32 0.36 1"', 'class="look" rgba="0.62 0.64 0.68 1"'
        return f"""
    <body name="{n}/base" pos="{numbers(self.position)}" euler="0 0 {self.yaw:g}">
      <geom {frame} type="box" size="0.08 0.06 0.03" pos="0 0 0.03"/>
      <body name="{n}/turret" pos="0 0 0.06" gravcomp="1">
        <joint name="{n}/yaw" class="hinge" axis="0 0 1" range="-2.6 2.6"/>
        <geom {shell} type="box" size="0.055 0.05 0.05" pos="0.015 0 0.05" mass="1.5"/>
        <body name="{n}/upper" pos="{SHOULDER_X:g} 0 {SHOULDER_Z - 0.06:g}" gravcomp="1">
          <joint name="{n}/shoulder" class="hinge" axis="0 1 0" range="-1.5 1.6"/>
          <geom {frame} type="cylinder" size="0.042 0.06" euler="1.5708 0 0" mass="0.5"/>
          <geom {shell} type="box" size="0.026 0.022 {upper:g}" pos="0 0 {upper:g}" mass="0.8"/>
          <body name="{n}/forearm" pos="0 0 {UPPER_ARM:g}" gravcomp="1">
            <joint name="{n}/elbow" class="hinge" axis="0 1 0" range="0 2.75"/>
            <geom {frame} type="cylinder" size="0.036 0.045" euler="1.5708 0 0" mass="0.3"/>
            <geom {shell} type="box" size="0.021 0.018 {fore:g}" pos="0 0 {fore:g}" mass="0.6"/>
            <body name="{n}/wrist" pos="0 0 {FOREARM:g}" euler="0 3.14159265 0" gravcomp="1">
              <joint name="{n}/pitch" class="hinge" axis="0 1 0" range="-0.6 2.4"/>
              <geom {frame} type="cylinder" size="0.030 0.034" euler="1.5708 0 0" mass="0.2"/>
              <body name="{n}/hand" gravcomp="1">
                <joint name="{n}/twist" class="hinge" axis="0 0 1" range="-3.1 3.1"/>
                <geom {shell} type="cylinder" size="0.022 0.022" pos="0 0 -0.045" mass="0.1"/>
                <geom {frame} type="box" size="0.020 0.046 0.012" pos="0 0 -0.078" mass="0.2"/>
                <site name="{n}/tool" pos="0 0 {-TOOL_Z:g}" size="0.002" rgba="0 0 0 0"/>
                {cameras}{self.gripper.bodies(n)}
              </body>
            </body>
          </body>
        </body>
      </body>
    </body>"""

    def actuators(self) -> str:
        """About 30 ms of lag."""
        return hinge_servos(
            self.name, {"yaw": 2500, "shoulder": 2500, "elbow": 1500, "pitch": 300, "twist": 150}
        )
