"""An arm behind ROS 2 topics under a policy. Needs rclpy, which comes with ROS 2 and not from PyPI.

On the machine with the model: xr0 serve runs/mine/checkpoint
In a sourced ROS 2 shell:      python ros2_arm.py ws://brain:8000

Measured joints come from /joint_states, pictures from a topic for each camera, commands go to a
ros2_control forward position controller. All positions are in rad.
"""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

from xr0_robot.bench.rollout import Episode, rollout
from xr0_robot.client import Client
from xr0_robot.deadlines import Deadlines
from xr0_robot.executor import cameras
from xr0_robot.executor.clock import WallClock
from xr0_robot.executor.inference import Policy, ThreadedInference
from xr0_robot.executor.methods import PrefixDamped
from xr0_robot.executor.priority import real_time
from xr0_robot.flight.recorder import open_recorder
from xr0_robot.limits import Limits, PlainLimit
from xr0_robot.types import Embodiment, Observation

JOINTS = ("shoulder_pan", "shoulder_lift", "elbow", "wrist_1", "wrist_2", "wrist_3")
"""In the order of the policy's commands; /joint_states may have them in another, and more."""

LIMITS: Limits = {"arm.joints": PlainLimit(low=-2.8, high=2.8, rate=0.8)}
"""rad, rad/s: measured on your arm."""

DEADLINES = Deadlines(max_picture_age_s=0.2, coast_s=0.5, latch_s=5.0, patience_s=20.0)

JOINT_STATES = "/joint_states"
COMMANDS = "/forward_position_controller/commands"
PICTURES = "/{}/image_raw"
"""With the camera's key."""

STALE_S = 0.2
"""Joints that were measured longer ago are none."""
FIRST_S = 10.0
"""A publisher that has sent nothing by then is not running."""


class RosArm:
    """The seven methods of `xr0_robot.env.Env` around a node; its callbacks run in a thread of their own."""

    def __init__(self, node: Any, embodiment: Embodiment, instruction: str) -> None:
        from sensor_msgs.msg import Image, JointState  # noqa: PLC0415 (comes with ROS 2)
        from std_msgs.msg import Float64MultiArray  # noqa: PLC0415

        self.embodiment = embodiment
        self._instruction = instruction
        self._message = Float64MultiArray
        self._newest: dict[str, tuple[float, Any]] = {}
        self._publisher = node.create_publisher(Float64MultiArray, COMMANDS, 1)
        node.create_subscription(JointState, JOINT_STATES, self._keep(JOINT_STATES), 1)
        for camera in embodiment.cameras:
            node.create_subscription(Image, PICTURES.format(camera.key), self._keep(camera.key), 1)

    def reset(self, seed: int, instruction: str | None = None) -> str:
        """Wait for the first message of every topic."""
        until_s = time.monotonic() + FIRST_S
        expected = {JOINT_STATES, *(camera.key for camera in self.embodiment.cameras)}
        while missing := expected - set(self._newest):
            if time.monotonic() > until_s:
                raise RuntimeError(f"ros2: nothing came within {FIRST_S:g} s from {sorted(missing)}")
            time.sleep(0.01)
        return instruction or self._instruction

    def observe(self, instruction: str, time_s: float) -> Observation:
        """The newest picture of each camera, and when it came: what is old or apart in time is refused."""
        messages = {camera.key: self._newest[camera.key] for camera in self.embodiment.cameras}
        times_s = {key: came_s for key, (came_s, _) in messages.items()}
        images = {key: picture(message) for key, (_, message) in messages.items()}
        oldest_s = min(times_s.values(), default=time_s)
        return Observation(images, self.state(), instruction, oldest_s, times_s)

    def state(self) -> np.ndarray:
        """float64 [joints], rad."""
        came_s, message = self._newest[JOINT_STATES]
        age_s = time.monotonic() - came_s
        if age_s > STALE_S:
            raise RuntimeError(f"ros2: {JOINT_STATES} is {age_s:.2f} s old, at most {STALE_S:g} s")
        positions = dict(zip(message.name, message.position, strict=True))
        return np.array([positions[name] for name in JOINTS])

    def apply(self, action: np.ndarray) -> None:
        """To the controller."""
        self._publisher.publish(self._message(data=[float(number) for number in action]))

    def stop(self) -> None:
        """Stay where the arm was measured last, however long ago."""
        if JOINT_STATES in self._newest:
            _, message = self._newest[JOINT_STATES]
            positions = dict(zip(message.name, message.position, strict=True))
            self.apply(np.array([positions[name] for name in JOINTS]))

    def success(self) -> bool:
        """A sensor, a person's key, or never: then the time limit ends the episode."""
        return False

    def close(self) -> None:
        """The node is its maker's."""

    def _keep(self, key: str) -> Any:
        def keep(message: Any) -> None:
            self._newest[key] = time.monotonic(), message

        return keep


def picture(message: Any) -> np.ndarray:
    """uint8 [height, width, 3], RGB, of a sensor_msgs/Image; its rows may be padded."""
    if message.encoding not in ("rgb8", "bgr8"):
        raise ValueError(f"ros2: got a picture in {message.encoding}, expected rgb8 or bgr8")
    rows = np.frombuffer(message.data, np.uint8).reshape(message.height, message.step)
    pixels = rows[:, : 3 * message.width].reshape(message.height, message.width, 3)
    return np.ascontiguousarray(pixels if message.encoding == "rgb8" else pixels[..., ::-1])


def run(policy: Policy, task: str, seconds: float, flight: Path) -> int:
    """One episode; the exit status is 1 if it failed to run."""
    import rclpy  # noqa: PLC0415 (comes with ROS 2)

    rclpy.init()
    node = rclpy.create_node("xr0")
    arm = RosArm(node, policy.embodiment, task)
    spinning = threading.Thread(target=rclpy.spin, args=(node,), daemon=True)
    spinning.start()
    try:
        result = rollout(
            arm,
            Episode(seed=0),
            inference=ThreadedInference(policy),
            strategy=PrefixDamped(),
            clock=WallClock(),
            limits=LIMITS,
            deadlines=DEADLINES,
            cameras=cameras.beside,
            time_limit_s=seconds,
            observer=open_recorder(flight),
        )
    finally:
        rclpy.shutdown()
        spinning.join(1.0)
    print({name: value for name, value in result.row().items() if name != "latencies_ms"})
    return 0 if result.error is None else 1


def main(url: str) -> int:
    """Against a policy server."""
    with Client(url) as policy:
        real_time()
        return run(policy, "pick up the part", 30.0, Path("out/flight"))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
