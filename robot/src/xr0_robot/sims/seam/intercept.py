"""`intercept`: a hand meets a puck on a belt and goes with it; the belt changes its speed."""

from __future__ import annotations

import numpy as np

from xr0_robot.sims.seam import hand
from xr0_robot.sims.seam.base import RATE_HZ, SeamWorld, robot
from xr0_robot.sims.seam.pursuit import pursue

BELT = 0.55
"""The puck comes from -BELT; beyond BELT it has fallen off [m]."""

SPEED = (0.2, 0.4)
"""Of the belt at first [m/s]."""

FACTORS = ((0.3, 0.6), (1.3, 1.6))
"""By which the speed changes: slower, or faster."""

NEAR = 0.02
"""The hand is with the puck within this distance [m]."""


class Intercept(SeamWorld):
    """A hand's x, y [m]. Prediction: where the puck will be; reaction: the belt's new speed."""

    name = "intercept"
    instruction = "catch the puck"
    embodiment = robot("intercept", "hand", 2, {"hand_speed": 2, "puck": 2, "puck_speed": 2})
    limits = hand.LIMITS
    agility = hand.AGILITY
    surprise_ticks = range(25, 45)
    time_limit_s = 3.4
    settle_s = 0.3
    mjcf = f"""
  <worldbody>
    {hand.body()}
    <body name="puck">
      <joint name="puck_x" type="slide" axis="1 0 0"/><joint name="puck_y" type="slide" axis="0 1 0"/>
      <geom type="cylinder" size="0.03 0.01" mass="0.1"/>
    </body>
  </worldbody>
  {hand.ACTUATORS}"""

    def begin(self, rng: np.random.Generator) -> np.ndarray:
        """The puck enters on the left, the hand waits beside the belt."""
        self._speed = rng.uniform(*SPEED)
        self._changed = self._speed * rng.uniform(*FACTORS[rng.integers(len(FACTORS))])
        start = np.array([rng.uniform(-0.2, 0.2), rng.uniform(-0.35, -0.2)])
        self.data.qpos[:] = [*start, -BELT, rng.uniform(0.0, 0.2)]
        self.data.qvel[2] = self._speed
        return start

    def surprise(self) -> None:
        """The belt runs at another speed."""
        self.data.qvel[2] = self._changed

    def state(self) -> np.ndarray:
        """The hand and its speed, the puck and its speed."""
        place, speed = self.data.qpos, self.data.qvel
        return np.concatenate([place[:2], speed[:2], place[2:], speed[2:]])

    def expert(self) -> np.ndarray:
        """To the puck, at the puck's speed."""
        goal = np.clip(self.data.qpos[2:], -hand.REACH, hand.REACH)
        return pursue(self.told, goal, self.data.qvel[2:], hand.AGILITY, 1 / RATE_HZ)

    def done(self) -> bool:
        """The hand is with the puck."""
        return bool(np.linalg.norm(self.data.qpos[:2] - self.data.qpos[2:]) < NEAR)

    def lost(self) -> bool:
        """The puck is off the belt."""
        return bool(self.data.qpos[2] > BELT)

    def draw(self) -> dict[str, tuple[float, ...]]:
        """Hand and puck."""
        place = self.data.qpos
        return {"hand": (*place[:2], hand.RADIUS), "puck": (*place[2:], 0.03)}
