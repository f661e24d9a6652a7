"""A dataset of the brick table, and the shipped policies as LeRobot loads them. In data/lerobot alone."""

import os
from pathlib import Path

import numpy as np
import pytest
from shipped import TINY

os.environ["HF_HUB_OFFLINE"] = "1"


@pytest.fixture(scope="session")
def dataset(tmp_path_factory) -> Path:
    """Two short episodes in which the table's arm wanders about."""
    from xr0_robot.record.lerobot_writer import LeRobotWriter
    from xr0_robot.sims.world import open_world

    root = tmp_path_factory.mktemp("data") / "bricks"
    env, rng = open_world("bricks", "trained").env, np.random.default_rng(0)
    with LeRobotWriter(root, env.embodiment, int(env.embodiment.rate_hz), "test") as writer:
        for seed in (300_000, 300_001):
            told = env.reset(seed)
            command = env.state()
            for _ in range(40):
                command = command + np.array([*rng.normal(scale=0.004, size=6), 0.0])
                command[6] = rng.uniform()
                seen = env.observe(told, 0.0)
                writer.add_frame(seen.images, seen.state, command, told)
                env.apply(command)
            writer.save_episode()
    return root


@pytest.fixture(scope="session")
def exported(tmp_path_factory) -> Path:
    """checkpoints/tiny as a folder of LeRobot's."""
    from lerobot_policy_xr0.__main__ import export

    out = tmp_path_factory.mktemp("exported") / "tiny"
    export(str(TINY), out)
    return out
