"""A scripted expert: from the truth of the scene, closed loop, smooth commands.

Where to go is a function of what is (`Expert._goal`); how to get there is a glide of limited speed and
acceleration (`Glide`).
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from typing import Any

import mujoco
import numpy as np

from xr0_robot.sims.bricks import layout
from xr0_robot.sims.bricks.embodiment import BRICKS as EMBODIMENT
from xr0_robot.sims.bricks.env import BricksEnv, BricksOptions

HOVER_Z = 0.085
"""Tool height above the table on approach [m]: fingertips pass over bricks."""
CARRY_Z = 0.105
"""Tool height on the way to the bin: the brick passes over the wall."""
RELEASE_Z = 0.050
"""Tool height at which to let go, inside the walls."""
RETREAT_Z = 0.15
"""Tool height at which to wait after the work."""
SPEED, ACCELERATION = 0.35, 1.2
"""Of the tool [m/s, m/s^2]."""
TURN_SPEED, TURN_ACCELERATION = 1.5, 5.0
"""Of its yaw [rad/s, rad/s^2]."""
GRIPPER_SPEED = 5.0
"""Full strokes per second."""
CLOSE_TICKS = 7
"""A closing gripper holds the brick after this many ticks."""
RESTART = 0.08
"""Command and arm further apart than this [m], as after a stop: start again from the arm."""
TIMEOUT_TICKS = 240
"""An episode that takes longer has failed: 8 s."""
HELD = 0.03
"""A held brick's centre is this near to the tool point [m]."""


class Glide:
    """A point [n] that follows a moving goal with limited speed and acceleration, braking in time."""

    def __init__(self, start: np.ndarray, speed: float, acceleration: float) -> None:
        self.position, self._velocity = start.copy(), np.zeros_like(start)
        self._speed, self._acceleration = speed, acceleration

    def step(self, goal: np.ndarray, dt: float) -> np.ndarray:
        """The position after `dt` seconds."""
        way = goal - self.position
        distance = float(np.linalg.norm(way))
        # Braking distance in discrete time: v^2 / 2a + v dt / 2 = distance.
        brake = self._acceleration * (np.sqrt(0.25 * dt**2 + 2.0 * distance / self._acceleration) - 0.5 * dt)
        wanted = way / max(distance, 1e-9) * min(self._speed, brake, distance / dt)
        change = wanted - self._velocity
        limit = self._acceleration * dt
        self._velocity = self._velocity + change * min(1.0, limit / max(float(np.linalg.norm(change)), 1e-9))
        self.position = self.position + self._velocity * dt
        return self.position


@dataclass(frozen=True)
class Truth:
    """What the expert knows: the robot's state [7], the target brick's centre [3] and yaw, the bin's centre
    [2], and whether the one is in the other."""

    state: np.ndarray
    brick: np.ndarray
    brick_yaw: float
    bin_xy: np.ndarray
    in_bin: bool


def truth(env: BricksEnv) -> Truth:
    """Read it from the simulation."""
    colour, side = env.target.colour, env.target.side
    bin_ = next(bin_ for bin_ in layout.BINS if bin_.name == side)
    return Truth(
        state=env.state(),
        brick=env.object_positions()[colour],
        brick_yaw=env.brick_yaw(colour),
        bin_xy=np.array(bin_.centre),
        in_bin=env.bin_of(colour) == side,
    )


class Expert:
    """reach -> grasp -> carry -> release, and back to reach when the brick is not where a phase needs it."""

    def __init__(self, start: Truth) -> None:
        self.phase = "reach"
        self._since = 0
        self._place = Glide(start.state[:3], SPEED, ACCELERATION)
        self._turn = Glide(start.state[5:6], TURN_SPEED, TURN_ACCELERATION)
        self._gripper = float(start.state[6])

    def act(self, now: Truth) -> np.ndarray:
        """The command [7] for the next tick."""
        self._since += 1
        following = self._next_phase(now)
        if following != self.phase:
            self.phase, self._since = following, 0
        place, yaw, gripper = self._goal(now)
        if np.linalg.norm(self._place.position - now.state[:3]) > RESTART:
            self._place = Glide(now.state[:3], SPEED, ACCELERATION)
        step = GRIPPER_SPEED * EMBODIMENT.dt
        self._gripper += float(np.clip(gripper - self._gripper, -step, step))
        position = self._place.step(place, EMBODIMENT.dt)
        turn = self._turn.step(np.array([yaw]), EMBODIMENT.dt)
        return np.concatenate([position, [0.0, 0.0], turn, [self._gripper]])

    def _next_phase(self, now: Truth) -> str:
        tool = now.state[:3]
        lost = np.linalg.norm(tool - now.brick) > HELD
        if self.phase == "reach":
            aligned = np.linalg.norm(tool - now.brick) < 0.008 and abs(now.state[5] - now.brick_yaw) < 0.15
            return "grasp" if aligned and not now.in_bin else "reach"
        if self.phase == "grasp":
            return "reach" if lost else "carry" if self._since >= CLOSE_TICKS else "grasp"
        if self.phase == "carry":
            there = np.linalg.norm(tool[:2] - now.bin_xy) < 0.015 and tool[2] < RELEASE_Z + 0.01
            return "release" if there else "reach" if lost else "carry"
        settled = self._since > 15
        return "reach" if settled and not now.in_bin else "release"

    def _goal(self, now: Truth) -> tuple[np.ndarray, float, float]:
        """Tool position [3], yaw and opening to go to."""
        x, y, z = now.state[:3]
        if self.phase in ("reach", "grasp"):
            return self._reach(now)
        to_bin = float(np.hypot(x - now.bin_xy[0], y - now.bin_xy[1]))
        if self.phase == "carry":
            xy = now.bin_xy if z > 0.05 else self._place.position[:2]
            height = _blend(to_bin, 0.015, 0.045, RELEASE_Z, CARRY_Z)
            return np.array([*xy, height]), 0.0, 0.0
        height = RETREAT_Z if now.state[6] > 0.7 else RELEASE_Z
        return np.array([*now.bin_xy, height]), 0.0, 1.0

    def _reach(self, now: Truth) -> tuple[np.ndarray, float, float]:
        """A funnel: above the brick at a distance, around it once over it, turned and open."""
        beside = float(np.linalg.norm(now.state[:2] - now.brick[:2]))
        ready = abs(now.state[5] - now.brick_yaw) < 0.2 and (now.state[6] > 0.85 or self.phase == "grasp")
        height = _blend(beside, 0.012, 0.035, now.brick[2], HOVER_Z) if ready else HOVER_Z
        return np.array([*now.brick[:2], height]), now.brick_yaw, 0.0 if self.phase == "grasp" else 1.0


def _blend(value: float, low: float, high: float, at_low: float, at_high: float) -> float:
    """Smoothly from `at_low` (value <= low) to `at_high` (value >= high)."""
    s = float(np.clip((value - low) / (high - low), 0.0, 1.0))
    return at_low + (at_high - at_low) * s * s * (3.0 - 2.0 * s)


def run(env: BricksEnv, seed: int) -> float | None:
    """Seconds in which the expert solves the seed's episode, None if not in time. Nothing is rendered."""
    env.reset(seed)
    expert = Expert(truth(env))
    for _ in range(TIMEOUT_TICKS):
        env.apply(expert.act(truth(env)))
        if env.success():
            return env.tick * EMBODIMENT.dt
    return None


def measure(options: BricksOptions, seeds: range) -> dict[str, Any]:
    """Success and time over `seeds`, as a JSON-able row."""
    env = BricksEnv()
    env.options = options
    times = {seed: run(env, seed) for seed in seeds}
    env.close()
    solved = [time for time in times.values() if time is not None]
    return {
        **asdict(options),
        "first_seed": seeds.start,
        "episodes": len(seeds),
        "successes": len(solved),
        "success_rate": len(solved) / len(seeds),
        "median_time_s": round(float(np.median(solved)), 3) if solved else None,
        "max_time_s": round(max(solved), 3) if solved else None,
        "failed_seeds": [seed for seed, time in times.items() if time is None],
    }


def main() -> None:
    """Measure the expert, from ordinary and random starts, undisturbed and perturbed."""
    parser = argparse.ArgumentParser(prog="python -m xr0_robot.sims.bricks.expert", description=main.__doc__)
    parser.add_argument("--episodes", type=int, default=500, help="of each of the four kinds")
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="where to write the rows")
    args = parser.parse_args()
    if args.episodes < 1:
        parser.error(f"--episodes: got {args.episodes}, expected at least 1")
    rows = []
    for random_start, perturb in product((False, True), repeat=2):
        options = BricksOptions(random_start=random_start, perturb=perturb)
        rows.append(measure(options, range(args.first_seed, args.first_seed + args.episodes)))
        print(json.dumps(rows[-1]))
    if args.json is not None:
        args.json.parent.mkdir(parents=True, exist_ok=True)
        args.json.write_text(json.dumps({"mujoco": mujoco.__version__, "rows": rows}, indent=2) + "\n")


if __name__ == "__main__":
    main()
