"""A trained policy of the benchmark on disk: weights, statistics, contract."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from safetensors.torch import load_file, save_file

from xr0.config import Contract
from xr0.seam.model import StateExpert
from xr0.seam.robot import Robot
from xr0.transform.normalize import Stats
from xr0_robot import report

WEIGHTS, ABOUT = "model.safetensors", "seam.json"


@dataclass(frozen=True)
class SeamCheckpoint:
    """What a policy is made of."""

    model: StateExpert
    robot: Robot
    contract: Contract


def save(checkpoint: SeamCheckpoint, folder: Path) -> None:
    """The folder is there only when it is whole."""
    draft = folder.with_name(folder.name + ".part")
    draft.mkdir(parents=True, exist_ok=True)
    save_file(checkpoint.model.state_dict(), draft / WEIGHTS)
    robot = {"task": checkpoint.robot.task, "stats": checkpoint.robot.stats.to_dict()}
    report.write(draft / ABOUT, {"contract": asdict(checkpoint.contract), **robot})
    draft.replace(folder)


def load(folder: Path) -> SeamCheckpoint:
    """ValueError where the weights are of another model."""
    about = json.loads((folder / ABOUT).read_text())
    model = StateExpert()
    try:
        model.load_state_dict(load_file(folder / WEIGHTS))
    except RuntimeError as error:
        raise ValueError(f"{folder}: {' '.join(str(error).split())[:300]}") from error
    robot = Robot(about["task"], Stats.from_dict(about["stats"]))
    return SeamCheckpoint(model.eval(), robot, Contract.from_dict(about["contract"]))
