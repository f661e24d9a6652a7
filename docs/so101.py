"""An SO-101 arm under a policy: on its serial bus, or on a simulated one where no --port is given.

On the machine with the model: xr0 serve runs/mine/checkpoint
On the robot's machine:        python so101.py ws://brain:8000 --port /dev/ttyACM0 --calibration my_arm.json
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from xr0_robot.bench.rollout import Episode, EpisodeResult, rollout
from xr0_robot.client import Client
from xr0_robot.deadlines import Deadlines
from xr0_robot.executor import cameras
from xr0_robot.executor.clock import WallClock
from xr0_robot.executor.inference import Policy, ThreadedInference
from xr0_robot.executor.methods import PrefixDamped
from xr0_robot.executor.priority import real_time
from xr0_robot.flight.recorder import open_recorder
from xr0_robot.robots.feetech import calibration
from xr0_robot.robots.feetech.arm import JOINTS, Arm, limits
from xr0_robot.robots.feetech.bus import Bus, Port, open_port
from xr0_robot.robots.feetech.calibration import Joint
from xr0_robot.robots.feetech.simulated import SimulatedPort
from xr0_robot.types import Embodiment

DEADLINES = Deadlines(max_picture_age_s=0.2, coast_s=0.5, latch_s=5.0, patience_s=20.0)
"""How old what the arm acts on may be, and how long it waits for a server that restarts."""

SIMULATED = tuple(Joint(number + 1, 0, 0, 500, 3500) for number in range(len(JOINTS)))
"""The joints of an arm that there is not."""


def main(arguments: Sequence[str]) -> int:
    """One episode; the exit status is 1 if it failed to run."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--port", help="serial device; a simulated bus otherwise")
    parser.add_argument("--calibration", type=Path, help="the file that lerobot-calibrate has written")
    parser.add_argument("--task", default="put the red brick in the left bin")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument(
        "--flight", type=Path, default=Path("out/flight"), help="folder of the flight recorder"
    )
    given = parser.parse_args(arguments)
    if (given.port is None) != (given.calibration is None):
        parser.error("--port and --calibration come together")
    joints = SIMULATED if given.calibration is None else calibration.load(given.calibration, JOINTS)
    port = SimulatedPort(joints) if given.port is None else open_port(given.port)
    with Client(given.url) as policy:
        real_time()
        result = run(policy, port, joints, given.task, given.seconds, given.flight)
    print({name: value for name, value in result.row().items() if name != "latencies_ms"})
    return 0 if result.error is None else 1


def run(
    policy: Policy, port: Port, joints: Sequence[Joint], task: str, seconds: float, flight: Path
) -> EpisodeResult:
    """By the wall clock. The arm is left standing, with torque: `Arm.release` lets it go."""
    robot = policy.embodiment
    return rollout(
        Arm(Bus(port), joints, lambda: pictures(robot), task, robot),
        Episode(seed=0),
        inference=ThreadedInference(policy),
        strategy=PrefixDamped(),
        clock=WallClock(),
        limits=limits(joints),
        deadlines=DEADLINES,
        cameras=cameras.beside,
        time_limit_s=seconds,
        observer=open_recorder(flight),
    )


def pictures(robot: Embodiment) -> Mapping[str, np.ndarray]:
    """Put your cameras here: uint8 [height, width, 3], RGB, for each."""
    return {camera.key: np.full((*camera.size, 3), 128, np.uint8) for camera in robot.cameras}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
