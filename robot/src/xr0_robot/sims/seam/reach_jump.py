"""`reach_jump`: an arm follows a target that drifts, and once jumps elsewhere."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from xr0_robot.limits import Limits, PlainLimit
from xr0_robot.sims.seam.base import RATE_HZ, SeamWorld, robot
from xr0_robot.sims.seam.pursuit import Agility, pursue

LINKS = (0.25, 0.2, 0.15)
"""Of the arm, from its shoulder at the origin [m]."""

HOME = (0.6, -1.0, -0.6)
"""Joint angles [rad] about which episodes begin."""

NEAREST, FARTHEST, ASIDE = 0.28, 0.5, 0.9
"""Where targets are: distance from the shoulder [m], angle from straight ahead [rad]."""

DRIFT = 0.1
"""Fastest drift of the target [m/s]."""

NEAR = 0.02
"""The target is reached within this distance [m]."""

DAMPING = 0.03
"""Of the inverse kinematics near a stretched arm."""

AGILITY = Agility(speed=3.0, acceleration=25.0)
"""Of the expert's commands [rad/s, rad/s^2]."""


class ReachJump(SeamWorld):
    """Three joints [rad]. Prediction: the target drifts; reaction: it jumps."""

    name = "reach_jump"
    instruction = "follow the target"
    embodiment = robot("reach_jump", "joints", 3, {"joint_speed": 3, "target": 2, "target_speed": 2})
    limits: ClassVar[Limits] = {"joints": PlainLimit(low=-2.8, high=2.8, rate=8.0)}
    agility = AGILITY
    surprise_ticks = range(40, 80)
    time_limit_s = 3.2
    settle_s = 0.3
    mjcf = f"""
  <worldbody>
    <body><joint name="j0" axis="0 0 1" armature="0.02" damping="0.2"/>
      <geom type="capsule" fromto="0 0 0 {LINKS[0]} 0 0" size="0.02" mass="0.4"/>
      <body pos="{LINKS[0]} 0 0"><joint name="j1" axis="0 0 1" armature="0.02" damping="0.2"/>
        <geom type="capsule" fromto="0 0 0 {LINKS[1]} 0 0" size="0.018" mass="0.3"/>
        <body pos="{LINKS[1]} 0 0"><joint name="j2" axis="0 0 1" armature="0.02" damping="0.2"/>
          <geom type="capsule" fromto="0 0 0 {LINKS[2]} 0 0" size="0.015" mass="0.2"/>
        </body>
      </body>
    </body>
  </worldbody>
  <actuator>
    <position joint="j0" kp="60" dampratio="1"/><position joint="j1" kp="50" dampratio="1"/>
    <position joint="j2" kp="40" dampratio="1"/>
  </actuator>"""

    def begin(self, rng: np.random.Generator) -> np.ndarray:
        """Two targets: before and behind the jump."""
        self._targets = [_target(rng) for _ in range(2)]
        self._place, self._speed = self._targets[0]
        self._since = 0
        start = np.array(HOME) + rng.uniform(-0.3, 0.3, 3)
        self.data.qpos[:] = start
        return start

    def surprise(self) -> None:
        """The target jumps."""
        (self._place, self._speed), self._since = self._targets[1], self.tick

    def target(self) -> np.ndarray:
        """Where it is now [2]."""
        return self._place + self._speed * (self.tick - self._since) / RATE_HZ

    def state(self) -> np.ndarray:
        """Joints and their speeds, the target and its speed."""
        return np.concatenate([self.data.qpos, self.data.qvel, self.target(), self._speed])

    def expert(self) -> np.ndarray:
        """The nearest joint angles that put the tip on the target, pursued at the target's speed."""
        tip, jacobian = forward(self.told.place)
        inverse = jacobian.T @ np.linalg.inv(jacobian @ jacobian.T + DAMPING**2 * np.eye(2))
        goal = self.told.place + inverse @ (self.target() - tip)
        return pursue(self.told, goal, inverse @ self._speed, AGILITY, 1 / RATE_HZ)

    def done(self) -> bool:
        """The tip is at the target."""
        return bool(np.linalg.norm(forward(self.data.qpos)[0] - self.target()) < NEAR)

    def lost(self) -> bool:
        """Never."""
        return False

    def draw(self) -> dict[str, tuple[float, ...]]:
        """The tip and the target."""
        return {"tip": (*forward(self.data.qpos)[0], 0.01), "target": (*self.target(), NEAR)}


def forward(joints: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The tip [2], and its Jacobian [2, 3]."""
    angles = np.cumsum(joints)
    spans = np.array(LINKS)[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    behind = np.cumsum(spans[::-1], axis=0)[::-1]  # from each joint to the tip
    return behind[0], np.stack([-behind[:, 1], behind[:, 0]])


def _target(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    radius, angle = rng.uniform(NEAREST, FARTHEST), rng.uniform(-ASIDE, ASIDE)
    speed, heading = rng.uniform(0, DRIFT), rng.uniform(-np.pi, np.pi)
    place = radius * np.array([np.cos(angle), np.sin(angle)])
    return place, speed * np.array([np.cos(heading), np.sin(heading)])
