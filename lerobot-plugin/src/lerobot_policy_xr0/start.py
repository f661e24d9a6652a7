"""A checkpoint made ready for a LeRobot dataset: its robot, its statistics, as wide as that needs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Literal, cast

from lerobot_policy_xr0.configuration_xr0 import XR0Config
from xr0.checkpoints import start as starts
from xr0.checkpoints.folder import Checkpoint, Robot
from xr0.data.source import Source, read_embodiment
from xr0.data.stats import summaries
from xr0.recipes.expert import RULES, ready
from xr0.recipes.given import check_titles, read_robot, statistics
from xr0.train.trainable import Part
from xr0_robot.types import Embodiment

SEED = 0
"""Of what is fresh, as in `xr0 post-train`."""


def for_dataset(config: XR0Config, before: Checkpoint, root: Path) -> Checkpoint:
    """To be trained on the dataset in `root`, for its one robot. ValueError or FileNotFoundError, one line,
    where they do not go together."""
    source = Source.open(root, config.chunk_size, _embodiment(config, before, root))
    if not config.new_titles:
        check_titles([source], starts.known_titles(before))
    choice = cast(Literal["data", "checkpoint"] | None, config.stats)
    stats = statistics(summaries([source]), before.robots, choice)
    robot = source.embodiment
    vla, fresh = ready(before.vla, robot.model_dim, cast(Part, config.trainable), SEED)
    print(*fresh, sep="\n", end="\n" * bool(fresh), flush=True)
    contract = replace(RULES[config.prefix].contract, rounded_rope=before.contract.rounded_rope)
    robots = {robot.name: Robot(robot, stats[robot.name])}
    return replace(before, vla=vla, robots=robots, contract=contract)


def for_acting(config: XR0Config, before: Checkpoint) -> Checkpoint:
    """As its only robot, or the one that is named. ValueError where its chunks have another length."""
    robot = before.robot(config.robot_type)
    if robot.stats.horizon != config.chunk_size:
        raise ValueError(
            f"--policy.chunk_size: got {config.chunk_size}, chunks of robot {robot.embodiment.name} have "
            f"{robot.stats.horizon} ticks"
        )
    return replace(before, robots={robot.embodiment.name: robot})


def _embodiment(config: XR0Config, before: Checkpoint, root: Path) -> Embodiment:
    if config.robot is not None:
        return read_robot(Path(config.robot))
    if (root / "meta" / "embodiment.json").is_file():
        return read_embodiment(root)
    return before.robot(config.robot_type).embodiment
