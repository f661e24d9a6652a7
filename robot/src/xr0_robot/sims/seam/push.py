"""`push`: a hand pushes a disc to a goal; the disc is shoved aside."""

from __future__ import annotations

import numpy as np

from xr0_robot.sims.seam import hand
from xr0_robot.sims.seam.base import RATE_HZ, SeamWorld, robot
from xr0_robot.sims.seam.pursuit import Agility, pursue

DISC = 0.05
"""Radius [m]."""

TOUCH = DISC + hand.RADIUS
"""Between the middles of hand and disc when they touch [m]."""

SHOVE = (0.6, 0.9)
"""Speed that the disc is given [m/s]; it slides on for about a tenth of a metre."""

NEAR = 0.025
"""The disc is at the goal within this distance [m]."""

BEHIND = 0.03
"""How far behind the disc the hand goes before it pushes [m]."""

ASIDE = 0.35
"""The hand pushes while it is behind the disc within this angle's sine."""

AGILITY = Agility(speed=0.5, acceleration=4.0)
"""Of the expert's commands [m/s, m/s^2]."""

STEER = 1.2
"""How much farther than the disc's error to a side the hand goes to the other."""


class Push(SeamWorld):
    """A hand's x, y [m]. Prediction: how the disc gives way; reaction: the shove."""

    name = "push"
    instruction = "push the disc to the goal"
    embodiment = robot("push", "hand", 2, {"hand_speed": 2, "disc": 2, "disc_speed": 2, "goal": 2})
    limits = hand.LIMITS
    agility = AGILITY
    surprise_ticks = range(30, 70)
    time_limit_s = 8.0
    settle_s = 0.3
    mjcf = f"""
  <worldbody>
    {hand.body(solid=True)}
    <body name="disc">
      <joint name="disc_x" type="slide" axis="1 0 0" damping="1.5" frictionloss="0.3"/>
      <joint name="disc_y" type="slide" axis="0 1 0" damping="1.5" frictionloss="0.3"/>
      <geom type="cylinder" class="solid" size="{DISC} 0.02" mass="0.3"/>
    </body>
  </worldbody>
  {hand.ACTUATORS}"""

    def begin(self, rng: np.random.Generator) -> np.ndarray:
        """The disc before the hand, the goal farther on."""
        disc = rng.uniform([-0.15, -0.15], [0.0, 0.15])
        self._goal = np.array([rng.uniform(0.15, 0.25), rng.uniform(-0.15, 0.15)])
        self._shove = rng.uniform(*SHOVE) * rng.choice([-1.0, 1.0])
        start = np.array([-0.35, rng.uniform(-0.2, 0.2)])
        self.data.qpos[:] = [*start, *disc]
        return start

    def surprise(self) -> None:
        """The disc is shoved across its way."""
        way = self._way()
        self.data.qvel[2:] += self._shove * np.array([-way[1], way[0]])

    def state(self) -> np.ndarray:
        """The hand and its speed, the disc and its speed, the goal."""
        place, speed = self.data.qpos, self.data.qvel
        return np.concatenate([place[:2], speed[:2], place[2:], speed[2:], self._goal])

    def expert(self) -> np.ndarray:
        """Round to behind the disc, then through it towards the goal, steering against its drift."""
        here, disc = self.told.place, self.data.qpos[2:]
        way = self._way()
        left = np.array([-way[1], way[0]])
        back, aside = float((disc - here) @ way), float((here - disc) @ left)
        left_over = float(np.linalg.norm(self._goal - disc))
        rest = left_over < 0.3 * NEAR
        if rest:
            return pursue(self.told, here, np.zeros(2), AGILITY, 1 / RATE_HZ)
        if back > 0.5 * TOUCH and abs(aside) < ASIDE * TOUCH:
            ahead = min(0.09, 0.7 * left_over + 0.008)
            goal = disc - way * (TOUCH - ahead) - left * STEER * aside
            return pursue(self.told, goal, np.zeros(2), AGILITY, 1 / RATE_HZ)
        clear = TOUCH + BEHIND
        side = 1.0 if aside >= 0 else -1.0
        if back < 0.7 * TOUCH:  # beside or before the disc: first out to its side, then back
            goal = disc + left * side * clear - way * (0.9 * TOUCH)
            if abs(aside) < 0.95 * TOUCH:
                goal = here + left * side * 0.1 - way * 0.02
        else:
            goal = disc - way * clear
        return pursue(self.told, goal, self.data.qvel[2:], AGILITY, 1 / RATE_HZ)

    def done(self) -> bool:
        """The disc is at the goal."""
        return bool(np.linalg.norm(self.data.qpos[2:] - self._goal) < NEAR)

    def lost(self) -> bool:
        """The disc is out of reach."""
        return bool((np.abs(self.data.qpos[2:]) > hand.REACH).any())

    def draw(self) -> dict[str, tuple[float, ...]]:
        """Hand, disc, goal."""
        place = self.data.qpos
        return {
            "hand": (*place[:2], hand.RADIUS),
            "disc": (*place[2:], DISC),
            "goal": (*self._goal, NEAR),
        }

    def _way(self) -> np.ndarray:
        """From the disc to the goal, of length 1 [2]."""
        way = self._goal - self.data.qpos[2:]
        return way / max(float(np.linalg.norm(way)), 1e-9)
