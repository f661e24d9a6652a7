"""A checkpoint folder: everything that an action needs, and nothing about how it was trained.

config.json        model, embodiment, inference contract, image rule
stats.json         normalisation statistics with the fingerprint of their data
tokenizer.json     model.safetensors, or shards with their index
official/          where it was converted from the released layout: that folder's other files, untouched
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from xr0.checkpoints import tensors, weights
from xr0.config import Contract, ModelConfig
from xr0.model.vla import VLA
from xr0.transform import tokenizer as tokenizers
from xr0.transform.images import ImageSpec
from xr0.transform.normalize import Stats
from xr0.transform.processor import Processor
from xr0_robot.types import Embodiment

FORMAT = "xr0-1"
"""Layout of the folder; raised when it changes."""

CONFIG, STATS, TOKENIZER = "config.json", "stats.json", "tokenizer.json"


@dataclass(frozen=True)
class About:
    """All of a checkpoint but weights and tokenizer. `contract_from` says how the contract is known."""

    model: ModelConfig
    spec: ImageSpec
    embodiment: Embodiment
    stats: Stats
    contract: Contract
    contract_from: str

    def __post_init__(self) -> None:
        slots = {self.model.action_dim, self.stats.action_mean.shape[1], self.embodiment.model_dim}
        if len(slots) != 1:
            raise ValueError(
                f"checkpoint: model has {self.model.action_dim} action slots, statistics "
                f"{self.stats.action_mean.shape[1]}, embodiment {self.embodiment.model_dim}"
            )


@dataclass(frozen=True)
class Checkpoint:
    """A loaded folder. `name` and `fingerprint` tell it from others."""

    vla: VLA
    processor: Processor
    stats: Stats
    embodiment: Embodiment
    contract: Contract
    name: str
    fingerprint: str


def save(folder: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint folder; it appears whole or not at all. FileExistsError if it is there."""
    about = About(
        checkpoint.vla.config,
        checkpoint.processor.spec,
        checkpoint.embodiment,
        checkpoint.stats,
        checkpoint.contract,
        "stored",
    )
    with new_folder(folder) as new:
        write_about(new, about)
        (new / TOKENIZER).write_text(checkpoint.processor.tokenizer.to_str(pretty=True))
        weights.save(checkpoint.vla, new)


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
        "embodiment": about.embodiment.to_dict(),
        "contract": asdict(about.contract),
    }
    (folder / CONFIG).write_text(json.dumps(config, indent=1) + "\n")
    (folder / STATS).write_text(json.dumps(about.stats.to_dict()) + "\n")


def read_about(folder: Path) -> About:
    """config.json and stats.json; FileNotFoundError or ValueError with one line otherwise."""
    config = read_json(folder / CONFIG)
    if config.get("format") != FORMAT:
        raise ValueError(f"checkpoint: {folder} has format {config.get('format')!r}, expected {FORMAT!r}")
    try:
        return About(
            ModelConfig.from_dict(config["model"]),
            ImageSpec(**config["images"]),
            Embodiment.from_dict(config["embodiment"], f"checkpoint: {folder / CONFIG}: embodiment"),
            Stats.from_dict(read_json(folder / STATS)),
            Contract.from_dict(config["contract"]),
            "stored in config.json",
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"checkpoint: {folder / CONFIG}: {error}") from error


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
        about.stats,
        about.embodiment,
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
