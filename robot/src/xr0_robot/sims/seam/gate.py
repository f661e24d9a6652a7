"""`gate`: a hand passes an obstacle on one side or the other, both equally good; the obstacle steps aside."""

from __future__ import annotations

import numpy as np

from xr0_robot.sims.seam import hand
from xr0_robot.sims.seam.base import RATE_HZ, SeamWorld, robot
from xr0_robot.sims.seam.pursuit import Agility, pursue

START, GOAL = -0.5, 0.35
"""The hand's x at first, and where it goes [m]."""

OBSTACLE = 0.09
"""Its radius [m]."""

MARGIN = 0.03
"""How far from touching the expert passes [m]."""

STEP = (0.04, 0.09)
"""How far the obstacle steps aside [m]."""

COMES = 0.08
"""Fastest speed at which it comes towards the hand [m/s]."""

UNDECIDED = 0.01
"""An obstacle that is ahead within this distance to a side is passed as a coin says [m]."""

NEAR = 0.025
"""The goal is reached within this distance [m]."""

AGILITY = Agility(speed=0.4, acceleration=4.0)
"""Of the expert's commands [m/s, m/s^2]."""


class Gate(SeamWorld):
    """A hand's x, y [m]. Prediction: the obstacle comes; reaction: it steps aside. Two ways are right."""

    name = "gate"
    instruction = "pass the obstacle"
    embodiment = robot("gate", "hand", 2, {"hand_speed": 2, "obstacle": 2, "obstacle_speed": 2, "goal": 2})
    limits = hand.LIMITS
    agility = AGILITY
    surprise_ticks = range(8, 28)
    time_limit_s = 4.0
    settle_s = 0.1
    mjcf = f"<worldbody>{hand.body()}</worldbody>{hand.ACTUATORS}"

    def begin(self, rng: np.random.Generator) -> np.ndarray:
        """Hand, obstacle and goal on a line, nearly."""
        line = rng.uniform(-0.1, 0.1)
        self._obstacle = np.array([0.0, line + rng.normal(0, 0.005)])
        self._speed = np.array([-rng.uniform(0, COMES), 0.0])
        self._goal = np.array([GOAL, line + rng.uniform(-0.05, 0.05)])
        self._step = rng.uniform(*STEP) * rng.choice([-1.0, 1.0])
        self._side = rng.choice([-1.0, 1.0])
        self.data.qpos[:] = [START, line]
        return self.data.qpos.copy()

    def surprise(self) -> None:
        """The obstacle steps aside."""
        self._obstacle = self._obstacle + np.array([0.0, self._step])

    def obstacle(self) -> np.ndarray:
        """Where it is now [2]."""
        return self._obstacle + self._speed * self.tick / RATE_HZ

    def state(self) -> np.ndarray:
        """The hand and its speed, the obstacle and its speed, the goal."""
        return np.concatenate([self.data.qpos, self.data.qvel, self.obstacle(), self._speed, self._goal])

    def expert(self) -> np.ndarray:
        """Straight to the goal, or along the obstacle's nearer tangent while that is in the way."""
        here, clear = self.told.place, OBSTACLE + hand.RADIUS + MARGIN
        there = self.obstacle() - here
        way = self._goal - here
        distance, ahead = float(np.linalg.norm(there)), way / max(float(np.linalg.norm(way)), 1e-9)
        aside = ahead[0] * there[1] - ahead[1] * there[0]  # of the obstacle, to the left of the way
        if there @ ahead <= 0 or abs(aside) >= clear:
            return pursue(self.told, self._goal, np.zeros(2), AGILITY, 1 / RATE_HZ)
        side = self._side if abs(aside) < UNDECIDED else -np.sign(aside)
        turn = side * np.arcsin(min(1.0, clear / distance))
        tangent = _turned(there / distance, turn)
        pushed = (clear - distance) / clear * -there / distance if distance < clear else np.zeros(2)
        goal = here + tangent + 4 * pushed
        return pursue(self.told, goal, np.zeros(2), AGILITY, 1 / RATE_HZ)

    def done(self) -> bool:
        """The hand is at the goal."""
        return bool(np.linalg.norm(self.data.qpos - self._goal) < NEAR)

    def lost(self) -> bool:
        """The hand has touched the obstacle."""
        return bool(np.linalg.norm(self.data.qpos - self.obstacle()) < OBSTACLE + hand.RADIUS)

    def draw(self) -> dict[str, tuple[float, ...]]:
        """Hand, obstacle, goal."""
        return {
            "hand": (*self.data.qpos, hand.RADIUS),
            "obstacle": (*self.obstacle(), OBSTACLE),
            "goal": (*self._goal, NEAR),
        }


def _turned(vector: np.ndarray, angle: float) -> np.ndarray:
    """Counter-clockwise."""
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.array([cosine * vector[0] - sine * vector[1], sine * vector[0] + cosine * vector[1]])
