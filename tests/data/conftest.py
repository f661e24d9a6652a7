from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from xr0_robot.record.lerobot_merge import merge
from xr0_robot.record.lerobot_writer import LeRobotWriter
from xr0_robot.types import Camera, Embodiment, Segment

EMBODIMENT = Embodiment(
    name="toy",
    rate_hz=30.0,
    cameras=(Camera("base", "Base View", 48, 64), Camera("wrist", "Wrist View", 32, 32)),
    segments=(Segment("joints", "plain", "chunk_start", native=0, model=0, size=3),),
    model_dim=4,
    frame="base",
    gripper="none",
)


class Made:
    """A written dataset and what was put in, per episode: numbers and pictures by feature, and the task."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.numbers: list[dict[str, np.ndarray]] = []
        self.pictures: list[dict[str, np.ndarray]] = []
        self.tasks: list[str] = []


@pytest.fixture
def make_dataset(tmp_path: Path) -> Callable[[Sequence[int]], Made]:
    """make_dataset(lengths, parts=2): random episodes, written in as many shards and merged."""

    def make(lengths: Sequence[int], parts: int = 2) -> Made:
        made = Made(tmp_path / "dataset")
        roots = []
        for part, episodes in enumerate(np.array_split(np.arange(len(lengths)), parts)):
            roots.append(tmp_path / f"part-{part}")
            extra = {"observation.environment_state": ("ball.x", "ball.y")}
            with LeRobotWriter(roots[-1], EMBODIMENT, 30, "toy", extra) as writer:
                for episode in episodes:
                    _write_episode(writer, made, int(episode), lengths[episode])
        merge(roots, made.root)
        return made

    return make


def _write_episode(writer: LeRobotWriter, made: Made, seed: int, length: int) -> None:
    rng = np.random.default_rng(seed)
    numbers = {
        "observation.state": rng.normal(size=(length, 3)),
        "action": rng.normal(size=(length, 3)),
        "observation.environment_state": rng.normal(size=(length, 2)),
    }
    pictures = {c.key: _smooth(rng, length, c.height, c.width) for c in EMBODIMENT.cameras}
    task = f"put thing {seed % 2} away"
    for tick in range(length):
        images = {key: picture[tick] for key, picture in pictures.items()}
        state, action, objects = (values[tick] for values in numbers.values())
        writer.add_frame(images, state, action, task, {"observation.environment_state": objects})
    writer.save_episode()
    made.numbers.append(numbers)
    made.pictures.append({f"observation.images.{key}": picture for key, picture in pictures.items()})
    made.tasks.append(task)


def _smooth(rng: np.random.Generator, length: int, height: int, width: int) -> np.ndarray:
    t, y, x = np.mgrid[:length, :height, :width] / 48.0
    phases = rng.uniform(0, 6, size=3)
    waves = [np.sin(4 * x + 2 * y + 20 * t + p) * np.cos(3 * y - x + p) for p in phases]
    return np.stack([127 + 110 * wave for wave in waves], axis=-1).astype(np.uint8)
