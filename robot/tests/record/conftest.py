import numpy as np
import pytest

from xr0_robot.types import Camera, Embodiment, Segment

EXTRA = "observation.environment_state"


@pytest.fixture
def embodiment():
    """Two cameras of different size, a pose and a gripper."""
    return Embodiment(
        name="toy",
        rate_hz=30.0,
        cameras=(Camera("base", "Base View", 48, 64), Camera("wrist", "Wrist View", 32, 32)),
        segments=(
            Segment("arm.pose", "pose", "chunk_start", native=0, model=0, size=6),
            Segment("arm.gripper", "plain", "absolute", native=6, model=6, size=1),
        ),
        model_dim=8,
        frame="base",
        gripper="0 closed, 1 open",
    )


@pytest.fixture
def open_writer(embodiment, tmp_path):
    """open_writer(name): a writer of a new folder."""
    from xr0_robot.record.lerobot_writer import LeRobotWriter

    extra = {EXTRA: ("ball.x", "ball.y")}
    return lambda name: LeRobotWriter(tmp_path / name, embodiment, 30, "toy", extra)


@pytest.fixture
def add_episode(embodiment):
    """add_episode(writer, seed, length): frames made from the seed; neither saved nor discarded."""

    def add(writer, seed, length):
        rng = np.random.default_rng(seed)
        for tick in range(length):
            images = {c.key: smooth_image(c.height, c.width, seed, tick) for c in embodiment.cameras}
            state, action = rng.normal(size=(2, embodiment.native_dim))
            writer.add_frame(images, state, action, f"do thing {seed % 3}", {EXTRA: rng.normal(size=2)})

    return add


@pytest.fixture
def write(open_writer, add_episode):
    """write(name, seeds, lengths) -> the folder of a finished dataset."""

    def write(name, seeds, lengths):
        with open_writer(name) as writer:
            for seed, length in zip(seeds, lengths, strict=True):
                add_episode(writer, seed, length)
                writer.save_episode()
        return writer.root

    return write


def smooth_image(height, width, seed, tick):
    y, x = np.mgrid[:height, :width] / max(height, width)
    phase = 0.1 * tick + seed
    waves = [np.sin(3 * x + phase), np.cos(2 * y + phase), np.sin(2 * (x + y) + phase)]
    return np.stack([127 + 100 * wave for wave in waves], axis=-1).astype(np.uint8)
