"""A hand that slides over a table, told its place: the robot of three of the worlds."""

from __future__ import annotations

from xr0_robot.limits import Limits, PlainLimit
from xr0_robot.sims.seam.pursuit import Agility

RADIUS = 0.02
"""[m]"""

REACH = 0.6
"""Of the table, from its middle to each side [m]."""

LIMITS: Limits = {"hand": PlainLimit(low=-REACH, high=REACH, rate=2.0)}

AGILITY = Agility(speed=0.6, acceleration=4.0)
"""Of an expert's commands [m/s, m/s^2]: a third of what the limits let through."""


def body(solid: bool = False) -> str:
    """MJCF of the hand; solid: it can touch things."""
    kind = 'class="solid"' if solid else ""
    return f"""
    <body name="hand">
      <joint name="hand_x" class="slide" axis="1 0 0"/><joint name="hand_y" class="slide" axis="0 1 0"/>
      <geom type="cylinder" size="{RADIUS} 0.03" mass="0.5" {kind}/>
    </body>"""


ACTUATORS = """
  <actuator>
    <position joint="hand_x" kp="600" dampratio="1"/><position joint="hand_y" kp="600" dampratio="1"/>
  </actuator>"""
"""Servos that follow a command within about two ticks."""
