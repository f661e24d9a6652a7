"""A robot of two joints, and datasets of it."""

from pathlib import Path

import numpy as np

from xr0_robot.record.lerobot_writer import LeRobotWriter
from xr0_robot.types import Camera, Embodiment, Segment

ARM = Embodiment(
    "arm",
    10.0,
    (Camera("front", "Base View", 32, 32),),
    (Segment("joints", "plain", "chunk_start", 0, 0, 2),),
    32,
    "joints [rad]",
    "none",
)


def record(root: Path, robot: Embodiment = ARM, episodes: int = 3) -> str:
    """Joints that are told to go anywhere, and are there a tick later."""
    rng = np.random.default_rng(0)
    with LeRobotWriter(root, robot, int(robot.rate_hz), "test") as writer:
        for _ in range(episodes):
            place = np.zeros(2)
            for _ in range(20):
                told = place + rng.normal(size=2)
                writer.add_frame({"front": np.zeros((32, 32, 3), np.uint8)}, place, told, "move")
                place = told
            writer.save_episode()
    return str(root)
