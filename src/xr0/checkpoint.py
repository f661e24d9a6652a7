"""A checkpoint folder: everything that an action needs, and nothing about how it was trained.

config.json        model, embodiment, inference contract, image rule
stats.json         normalisation statistics with the fingerprint of their data
tokenizer.json     model.safetensors
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from xr0.config import Contract, ModelConfig
from xr0.model import weights
from xr0.model.vla import VLA
from xr0.transform import tokenizer as tokenizers
from xr0.transform.images import ImageSpec
from xr0.transform.normalize import Stats
from xr0.transform.processor import Processor
from xr0_robot.types import Embodiment

FORMAT = "xr0-1"
"""Layout of the folder; raised when it changes."""

WEIGHTS, CONFIG, STATS, TOKENIZER = "model.safetensors", "config.json", "stats.json", "tokenizer.json"


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
    if folder.exists():
        raise FileExistsError(f"checkpoint: {folder} exists already, expected a new folder")
    folder.parent.mkdir(parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    config = {
        "format": FORMAT,
        "model": checkpoint.vla.config.to_dict(),
        "images": asdict(checkpoint.processor.spec),
        "embodiment": checkpoint.embodiment.to_dict(),
        "contract": asdict(checkpoint.contract),
    }
    (new / CONFIG).write_text(json.dumps(config, indent=1) + "\n")
    (new / STATS).write_text(json.dumps(checkpoint.stats.to_dict()) + "\n")
    (new / TOKENIZER).write_text(checkpoint.processor.tokenizer.to_str(pretty=True))
    weights.save(checkpoint.vla, new / WEIGHTS)
    new.chmod(0o755)
    new.rename(folder)


def load(folder: Path) -> Checkpoint:
    """Read a checkpoint folder; FileNotFoundError or ValueError with one line otherwise."""
    if not folder.is_dir():
        raise FileNotFoundError(f"checkpoint: no folder {folder}")
    config = read_json(folder / CONFIG)
    if config.get("format") != FORMAT:
        raise ValueError(f"checkpoint: {folder} has format {config.get('format')!r}, expected {FORMAT!r}")
    try:
        model = ModelConfig.from_dict(config["model"])
        spec = ImageSpec(**config["images"])
        embodiment = Embodiment.from_dict(config["embodiment"])
        contract = Contract.from_dict(config["contract"])
    except (KeyError, TypeError) as error:
        raise ValueError(f"checkpoint: {folder / CONFIG}: {error}") from error
    weights.check_file(folder / WEIGHTS)
    stats = Stats.from_dict(read_json(folder / STATS))
    if stats.action_mean.shape[1] != model.action_dim or embodiment.model_dim != model.action_dim:
        raise ValueError(
            f"checkpoint: {folder}: model has {model.action_dim} action slots, statistics "
            f"{stats.action_mean.shape[1]}, embodiment {embodiment.model_dim}"
        )
    processor = Processor(tokenizers.load(folder / TOKENIZER), spec)
    vla = VLA(model)
    weights.load_into(vla, folder / WEIGHTS)
    mark = weights.fingerprint(folder / WEIGHTS)
    return Checkpoint(vla.eval(), processor, stats, embodiment, contract, folder.resolve().name, mark)


def read_json(path: Path) -> Mapping[str, Any]:
    """A JSON object; FileNotFoundError or ValueError naming the file otherwise."""
    if not path.is_file():
        raise FileNotFoundError(f"checkpoint: no file {path.name} in {path.parent}")
    try:
        data = json.loads(path.read_text())
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"checkpoint: {path} is not JSON ({error})") from error
    if not isinstance(data, dict):
        raise ValueError(f"checkpoint: {path} holds {type(data).__name__}, expected an object")
    return data
