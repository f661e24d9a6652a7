"""An arm of six hinges: its tool takes any pose within reach."""

from __future__ import annotations

from xr0_robot.sims.scene import Arm, hinge_servos, numbers

SHOULDER_Z = 0.26
UPPER_ARM = 0.40
FOREARM = 0.38
TOOL_Z = 0.20
"""Link lengths: a reach of 0.78 m from the shoulder to the wrist, the tool point 0.20 m under the wrist."""


class SixJointArm(Arm):
    """Its tool point lies 16 mm under the middle of the pads of a default gripper."""

    joints = ("yaw", "shoulder", "elbow", "pitch", "roll", "twist")
    """From its base to its tool; the last three are orthogonal while the tool points down."""

    home = (0.0, -0.2, 0.35, -0.15, 0.0, 0.0)

    def body(self, cameras: str) -> str:
        """At zero angles the upper arm is vertical, the forearm level and forward, the tool points down."""
        n = self.name
        return f"""
    <body name="{n}/base" pos="{numbers(self.position)}" euler="0 0 {self.yaw:g}">
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
                  {cameras}{self.gripper.bodies(n)}
                </body>
              </body>
            </body>
          </body>
        </body>
      </body>
    </body>"""

    def actuators(self) -> str:
        """About 30 ms of lag."""
        gains = {"yaw": 2500, "shoulder": 2500, "elbow": 1500, "pitch": 300, "roll": 200, "twist": 150}
        return hinge_servos(self.name, gains)
