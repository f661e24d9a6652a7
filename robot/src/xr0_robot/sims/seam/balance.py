"""`balance`: a plate tilts to keep a ball in its middle; the ball is hit."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from xr0_robot.limits import Limits, PlainLimit
from xr0_robot.sims.seam.base import RATE_HZ, SeamWorld, robot
from xr0_robot.sims.seam.pursuit import Agility, pursue

HALF = 0.2
"""Of the plate's side; beyond it the ball has fallen [m]."""

BALL = 0.02
"""Radius [m]."""

START, SLOW = 0.08, 0.1
"""The ball begins at most so far from the middle [m], and so fast [m/s]."""

HIT = (0.2, 0.35)
"""Speed that it is given [m/s]."""

NEAR, CALM = 0.03, 0.1
"""It is balanced within this distance of the middle [m], no faster than this [m/s]."""

TILT = 0.2
"""Largest [rad]."""

STIFFNESS, DAMPING = 1.6, 1.0
"""The expert's tilt over the ball's distance [rad/m] and speed [rad s/m]: settles in about a second."""

AGILITY = Agility(speed=2.5, acceleration=40.0)
"""Of the expert's commands [rad/s, rad/s^2]."""

QUICK = 14.0
"""The gain with which the plate follows the tilt that is wanted [1/s]."""


class Balance(SeamWorld):
    """Two tilts [rad]. Prediction: the ball rolls on; reaction: the hit."""

    name = "balance"
    instruction = "keep the ball in the middle"
    embodiment = robot("balance", "tilt", 2, {"tilt_speed": 2, "ball": 2, "ball_speed": 2})
    limits: ClassVar[Limits] = {"tilt": PlainLimit(low=-TILT, high=TILT, rate=5.0, tolerance=0.05)}
    agility = AGILITY
    surprise_ticks = range(40, 80)
    time_limit_s = 4.0
    settle_s = 0.3
    mjcf = f"""
  <worldbody>
    <body name="plate">
      <joint name="about_x" axis="1 0 0" armature="0.02" damping="0.2"/>
      <joint name="about_y" axis="0 1 0" armature="0.02" damping="0.2"/>
      <geom class="solid" type="box" size="{HALF} {HALF} 0.005" pos="0 0 -0.005" mass="0.5"/>
    </body>
    <body name="ball" pos="0 0 {BALL}"><freejoint/>
      <geom class="solid" type="sphere" size="{BALL}" mass="0.05"/>
    </body>
  </worldbody>
  <actuator>
    <position joint="about_x" kp="60" dampratio="1"/><position joint="about_y" kp="60" dampratio="1"/>
  </actuator>"""

    def begin(self, rng: np.random.Generator) -> np.ndarray:
        """The ball somewhere near the middle, rolling slowly."""
        self.data.qpos[2:4] = rng.uniform(-START, START, 2)
        self.data.qpos[4] = BALL
        self.data.qvel[2:4] = rng.uniform(-SLOW, SLOW, 2)
        strength, heading = rng.uniform(*HIT), rng.uniform(-np.pi, np.pi)
        self._hit = strength * np.array([np.cos(heading), np.sin(heading)])
        return np.zeros(2)

    def surprise(self) -> None:
        """The ball is hit; it begins to roll as fast as it slides."""
        self.data.qvel[2:4] += self._hit
        self.data.qvel[5:7] += np.array([-self._hit[1], self._hit[0]]) / BALL

    def state(self) -> np.ndarray:
        """The plate's tilts and their speeds, the ball and its speed."""
        place, speed = self.data.qpos, self.data.qvel
        return np.concatenate([place[:2], speed[:2], place[2:4], speed[2:4]])

    def expert(self) -> np.ndarray:
        """Tilt against the ball's distance and speed. About x it rolls along -y, about y along x."""
        wanted = STIFFNESS * self.data.qpos[2:4] + DAMPING * self.data.qvel[2:4]
        goal = np.clip(np.array([wanted[1], -wanted[0]]), -TILT, TILT)
        return np.clip(pursue(self.told, goal, np.zeros(2), AGILITY, 1 / RATE_HZ, QUICK), -TILT, TILT)

    def done(self) -> bool:
        """The ball is in the middle, and nearly rests."""
        near = np.linalg.norm(self.data.qpos[2:4]) < NEAR
        return bool(near and np.linalg.norm(self.data.qvel[2:4]) < CALM)

    def lost(self) -> bool:
        """The ball is off the plate."""
        return bool((np.abs(self.data.qpos[2:4]) > HALF).any())

    def draw(self) -> dict[str, tuple[float, ...]]:
        """The ball, and where it should be."""
        return {"ball": (*self.data.qpos[2:4], BALL), "middle": (0.0, 0.0, NEAR)}
