"""A checkpoint folder: everything that an action needs, and nothing about how it was trained.

config.json        model, robots (an embodiment each, by name), inference contract, image rule
stats.json         by robot: normalisation statistics with the fingerprint of their data
tokenizer.json     model.safetensors, or shards with their index
official/          where it was converted from the released layout: that folder's other files, untouched
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import Tensor

from xr0.checkpoints import tensors, weights
from xr0.config import Contract, ModelConfig
from xr0.model.vla import VLA
from xr0.transform import tokenizer as tokenizers
from xr0.transform.images import ImageSpec
from xr0.transform.normalize import Stats
from xr0.transform.processor import Processor
from xr0_robot.types import Embodiment

FORMAT = "xr0-2"
"""Layout of the folder; raised when it changes."""

CONFIG, STATS, TOKENIZER = "config.json", "stats.json", "tokenizer.json"


@dataclass(frozen=True)
class Robot:
    """One that a checkpoint serves. The length of its statistics is the length of its chunks."""

    embodiment: Embodiment
    stats: Stats


@dataclass(frozen=True)
class About:
    """All of a checkpoint but weights and tokenizer. robots: by name, the embodiment's own or the released
    robot type; contract_from: how the contract, one for all of them, is known."""

    model: ModelConfig
    spec: ImageSpec
    robots: Mapping[str, Robot]
    contract: Contract
    contract_from: str

    def __post_init__(self) -> None:
        for name, robot in self.robots.items():
            _check_slots(name, robot, self.model)


@dataclass(frozen=True)
class Checkpoint:
    """A loaded folder. robots: as `About`; `name` and `fingerprint` tell it from others."""

    vla: VLA
    processor: Processor
    robots: Mapping[str, Robot]
    contract: Contract
    name: str
    fingerprint: str

    def robot(self, name: str | None) -> Robot:
        """The named one, or the only one; ValueError, one line, lists them otherwise."""
        return self.robots[chosen(self.robots, name, self.name or "checkpoint")]


def chosen(robots: Collection[str], name: str | None, where: str) -> str:
    """The named robot, or the only one; ValueError, one line starting with `where`, lists them otherwise."""
    if name is None and len(robots) == 1:
        return next(iter(robots))
    if name is None and robots:
        raise ValueError(f"{where} serves several robots, name one: --robot-type {'|'.join(robots)}")
    if name is None or name not in robots:
        raise ValueError(f"{where}: got robot {name!r}, expected one of {', '.join(robots) or 'none'}")
    return name


def save(
    folder: Path,
    checkpoint: Checkpoint,
    trained: Mapping[str, Tensor] | None = None,
    dtype: torch.dtype | None = None,
) -> None:
    """Write a checkpoint folder; it appears whole or not at all. FileExistsError if it is there.

    trained: values that take the place of the model's own, by name; what a run did not train stays mapped
    from its start's file until here. dtype: of all tensors, their own unless named; ValueError where they
    have several, or where a trained one is not of the model.
    """
    values = weights.state_dict(checkpoint.vla)
    trained = trained or {}
    alien = [n for n, value in trained.items() if n not in values or values[n].shape != value.shape]
    if alien:
        raise ValueError(
            f"checkpoint: the model has no tensors of the names and shapes of {', '.join(alien)}"
        )
    about = About(
        checkpoint.vla.config,
        checkpoint.processor.spec,
        checkpoint.robots,
        checkpoint.contract,
        "stored",
    )
    with new_folder(folder) as new:
        write_about(new, about)
        (new / TOKENIZER).write_text(checkpoint.processor.tokenizer.to_str(pretty=True))
        weights.save({**values, **trained}, new, dtype)


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """A temporary folder that becomes `folder` when all went well. FileExistsError if it is there."""
    if folder.exists():
        raise FileExistsError(f"checkpoint: {folder} exists already, expected a new folder")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as temporary:
        new = Path(temporary) / folder.name
        new.mkdir()
        yield new
        new.rename(folder)


def write_about(folder: Path, about: About) -> None:
    """config.json and stats.json."""
    config = {
        "format": FORMAT,
        "model": about.model.to_dict(),
        "images": asdict(about.spec),
        "robots": {name: robot.embodiment.to_dict() for name, robot in about.robots.items()},
        "contract": asdict(about.contract),
    }
    (folder / CONFIG).write_text(json.dumps(config, indent=1) + "\n")
    stats = {name: robot.stats.to_dict() for name, robot in about.robots.items()}
    (folder / STATS).write_text(json.dumps(stats) + "\n")


def read_about(folder: Path) -> About:
    """config.json and stats.json; FileNotFoundError or ValueError with one line otherwise."""
    config = read_json(folder / CONFIG)
    if config.get("format") != FORMAT:
        raise ValueError(f"checkpoint: {folder} has format {config.get('format')!r}, expected {FORMAT!r}")
    try:
        return About(
            ModelConfig.from_dict(config["model"]),
            ImageSpec(**config["images"]),
            _read_robots(folder, config["robots"]),
            Contract.from_dict(config["contract"]),
            "stored in config.json",
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"checkpoint: {folder / CONFIG}: {error}") from error


def _read_robots(folder: Path, embodiments: Mapping[str, Any]) -> dict[str, Robot]:
    """An embodiment of config.json and an entry of stats.json each."""
    stats = read_json(folder / STATS)
    if not isinstance(embodiments, dict) or not embodiments or set(embodiments) != set(stats):
        raise ValueError(
            f"checkpoint: {folder / CONFIG} names the robots {sorted(embodiments or ())}, {STATS} "
            f"{sorted(stats)}, expected the same, at least one"
        )
    return {
        name: Robot(
            Embodiment.from_dict(embodiment, f"checkpoint: {folder / CONFIG}: robot {name}"),
            Stats.from_dict(stats[name]),
        )
        for name, embodiment in embodiments.items()
    }


def _check_slots(name: str, robot: Robot, model: ModelConfig) -> None:
    """ValueError where model, statistics and embodiment do not speak of vectors of the same width."""
    got = robot.stats.state_mean.shape[0], robot.stats.action_mean.shape[1]
    width = robot.embodiment.model_dim
    if not got == (model.state_dim, model.action_dim) == (width, width):
        raise ValueError(
            f"checkpoint: robot {name}: model has {model.state_dim} state and {model.action_dim} action "
            f"slots, statistics {got[0]} and {got[1]}, embodiment {width}"
        )


def load(folder: Path) -> Checkpoint:
    """Read a checkpoint folder; FileNotFoundError or ValueError with one line otherwise."""
    if not folder.is_dir():
        raise FileNotFoundError(f"checkpoint: no folder {folder}")
    return assemble(folder, read_about(folder), folder)


def assemble(folder: Path, about: About, source: Path) -> Checkpoint:
    """The checkpoint that `about` describes, with the tokenizer of `folder` and the weights of `source`."""
    files = [source] if source.is_file() else tensors.files(tensors.find(source))
    tokenizer = read_tokenizer(folder, about.model)
    vla = weights.build(about.model, source, about.contract.rounded_rope)
    return Checkpoint(
        vla,
        Processor(tokenizer, about.spec),
        about.robots,
        about.contract,
        folder.resolve().name,
        weights.fingerprint(files),
    )


def read_tokenizer(folder: Path, model: ModelConfig) -> Tokenizer:
    """tokenizer.json, checked against the model; FileNotFoundError or ValueError with one line otherwise."""
    tokenizer = tokenizers.load(folder / TOKENIZER)
    pairs = [(name, i, model.vlm.get(name)) for name, i in tokenizers.special_ids(tokenizer).items()]
    wrong = [f"{name} {got}, expected {expected}" for name, got, expected in pairs if got != expected]
    if wrong:
        raise ValueError(f"checkpoint: {folder / TOKENIZER} does not fit the model: {'; '.join(wrong)}")
    return tokenizer


def read_json(path: Path) -> Mapping[str, Any]:
    """A JSON object; FileNotFoundError or ValueError naming the file otherwise."""
    if not path.is_file():
        raise FileNotFoundError(f"checkpoint: no file {path.name} in {path.parent}")
    return tensors.parse_json(path.read_bytes(), f"checkpoint: {path}")
