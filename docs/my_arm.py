"""A complete robot to copy: one arm, two cameras, a policy server. Its driver only pretends.

On the machine with the model: xr0 serve checkpoints/tiny
On the robot's machine:        python my_arm.py ws://127.0.0.1:8000
"""

from __future__ import annotations

import sys

import numpy as np

from xr0_robot.bench.rollout import Episode, rollout
from xr0_robot.client import Client
from xr0_robot.deadlines import Deadlines
from xr0_robot.executor import cameras
from xr0_robot.executor.clock import WallClock
from xr0_robot.executor.inference import ThreadedInference
from xr0_robot.executor.methods import PrefixDamped
from xr0_robot.executor.priority import real_time
from xr0_robot.limits import GRIPPER_TOLERANCE, Limits, PlainLimit, PoseLimit
from xr0_robot.types import Embodiment, Observation

LIMITS: Limits = {
    "arm.pose": PoseLimit(
        low=(0.2, -0.3, 0.02),
        high=(0.7, 0.3, 0.4),
        speed_m_s=0.5,
        turn_rad_s=2.0,
        acceleration_m_s2=4.0,
        turn_acceleration_rad_s2=20.0,
    ),
    "arm.gripper": PlainLimit(low=0.0, high=1.0, rate=4.0, tolerance=GRIPPER_TOLERANCE),
}
"""By segment of the command, measured on your arm. They hold whatever the policy says."""

DEADLINES = Deadlines(max_picture_age_s=0.2, coast_s=0.5, latch_s=5.0, patience_s=20.0)
"""How old what the arm acts on may be, and how long it waits for a server that restarts."""


class MyArm:
    """Your arm and its cameras behind the seven methods of `xr0_robot.env.Env`."""

    def __init__(self, embodiment: Embodiment) -> None:
        self.embodiment = embodiment
        self._driver = PretendedDriver()

    def reset(self, seed: int, instruction: str | None = None) -> str:
        """Drive to a start pose, or wait until a person has laid the table."""
        self._driver.home()
        return instruction or "put the red brick in the left bin"

    def observe(self, instruction: str, time_s: float) -> Observation:
        """All cameras, each as the embodiment describes it, and the state at the same time."""
        images = {camera.key: self._driver.picture(*camera.size) for camera in self.embodiment.cameras}
        return Observation(images, self.state(), instruction, time_s)

    def state(self) -> np.ndarray:
        """float64 [state_dim], as the embodiment lays it out: pose [m, rad], gripper (0 closed, 1 open)."""
        return self._driver.read()

    def apply(self, action: np.ndarray) -> None:
        """float64 [native_dim]: hand it to the driver and return; the next one comes a tick later."""
        self._driver.move(action)

    def stop(self) -> None:
        """Called at every end of an episode, also after an exception."""
        self._driver.halt()

    def success(self) -> bool:
        """A sensor, a person's key, or never: then the time limit ends the episode."""
        return False

    def close(self) -> None:
        """Free cameras and driver."""
        self._driver.halt()


class PretendedDriver:
    """Put your SDK here."""

    def __init__(self) -> None:
        self.home()

    def home(self) -> None:
        """Where episodes start."""
        self._pose = np.array([0.35, 0.0, 0.2, 0.0, 0.0, 0.0, 1.0])

    def read(self) -> np.ndarray:
        """Encoders."""
        return self._pose.copy()

    def move(self, command: np.ndarray) -> None:
        """Servos cover half of the way in a tick."""
        self._pose += 0.5 * (command - self._pose)

    def halt(self) -> None:
        """Brakes."""

    def picture(self, height: int, width: int) -> np.ndarray:
        """A camera."""
        return np.full((height, width, 3), 128, np.uint8)


def main(url: str, time_limit_s: float = 3.0) -> int:
    """One episode; the exit status is 1 if it failed to run."""
    with Client(url) as policy:
        arm = MyArm(policy.embodiment)
        real_time()
        result = rollout(
            arm,
            Episode(seed=0),
            inference=ThreadedInference(policy),
            strategy=PrefixDamped(),
            clock=WallClock(),
            limits=LIMITS,
            deadlines=DEADLINES,
            cameras=cameras.beside,
            time_limit_s=time_limit_s,
        )
    print({name: value for name, value in result.row().items() if name != "latencies_ms"})
    return 0 if result.error is None else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
