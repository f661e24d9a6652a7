"""Folders in the layout of the released checkpoints: what they say, and writing one.

config.json                sizes; `model_type` is "mibot"
preprocessor_config.json   the image rule; `action_config`: mean and std [T][32] of every robot type
tokenizer.json             model.safetensors, or shards with their index, or one .pt of the post-training code

A folder written here also has the entry "xr0" in config.json, for what the released layout cannot say: the
contract, and by robot type its embodiment and the rest of its statistics.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from xr0.checkpoints import qwen_config, tensors
from xr0.checkpoints.contracts import EXTRA, contract_names, contract_of
from xr0.checkpoints.folder import CONFIG, About, Robot, chosen, read_json
from xr0.checkpoints.image_rule import PREPROCESSOR, image_processor, image_spec
from xr0.checkpoints.options import LoadOptions
from xr0.config import RELEASED_EPSILON, WINDOWED, DiTConfig, ModelConfig
from xr0.transform.normalize import Stats
from xr0_robot.released import RELEASED, UNDOCUMENTED, undocumented
from xr0_robot.types import Embodiment

MODEL_TYPE, ARCHITECTURE = "mibot", "MiBoTForActionGeneration"

Table = tuple[np.ndarray, np.ndarray]
"""Mean and std of a robot type's actions, each float32 [T, d]."""


def is_official(config: Mapping[str, Any]) -> bool:
    """Whether a config.json is of the released layout."""
    return config.get("model_type") == MODEL_TYPE


def weights_source(folder: Path) -> Path:
    """The folder itself where it holds safetensors, else its only .pt file."""
    if (folder / tensors.SINGLE).is_file() or (folder / tensors.INDEX).is_file():
        return folder
    found = sorted(folder.glob("*.pt"))
    if len(found) != 1:
        names = [path.name for path in found]
        raise FileNotFoundError(
            f"weights: {folder} has neither {tensors.SINGLE} nor {tensors.INDEX}, and .pt files {names}"
        )
    return found[0]


def read_about(folder: Path, source: Path, options: LoadOptions) -> About:
    """All but the weights, for the robot type that `options` names, or for all; FileNotFoundError or
    ValueError with one line.

    ValueError too where the contract or a robot is not known and `options` does not say.
    """
    types = robot_types(read_json(folder / PREPROCESSOR), folder)
    stored = stored_robots(read_json(folder / CONFIG))
    one = options.robot_type is not None or options.embodiment is not None
    if one or not all(is_known(name, options, stored) for name in types):
        return _about(folder, source, options, [chosen(types, options.robot_type, str(folder))])
    return _about(folder, source, options, types)


def read_known(folder: Path, source: Path, options: LoadOptions) -> About:
    """As `read_about`, for a start whose robots are to be replaced: those that are not known are left out."""
    types = robot_types(read_json(folder / PREPROCESSOR), folder)
    stored = stored_robots(read_json(folder / CONFIG))
    return _about(folder, source, options, [name for name in types if is_known(name, options, stored)])


def _about(folder: Path, source: Path, options: LoadOptions, names: Iterable[str]) -> About:
    config, preprocessor = read_json(folder / CONFIG), read_json(folder / PREPROCESSOR)
    types, stored = robot_types(preprocessor, folder), stored_robots(config)
    contract, contract_from = contract_of(config, types, source, options)
    if contract is None:
        raise ValueError(f"{folder}: {contract_from}; name it with --contract {contract_names()}")
    model = model_config(config, folder)
    epsilon = RELEASED_EPSILON if contract.name == WINDOWED.name else 0.0
    robots = {}
    for name in names:
        stats = stats_of(name, types[name], model.state_dim, stored)
        stats = stats if name in stored else replace(stats, epsilon=epsilon)
        robots[name] = Robot(robot(name, options, stored), stats)
    return About(model, image_spec(preprocessor, folder), robots, contract, contract_from)


def robot_types(preprocessor: Mapping[str, Any], folder: Path) -> dict[str, Table]:
    """The statistics of every robot type."""
    where = f"checkpoint: {folder / PREPROCESSOR}"
    table = preprocessor.get("action_config")
    if not isinstance(table, dict) or not table:
        raise ValueError(f"{where} has no action_config with robot types")
    types = {}
    for name, entry in table.items():
        if not isinstance(entry, dict) or not {"mean", "std"} <= set(entry):
            raise ValueError(f"{where}: robot type {name} has no mean and std")
        try:
            with np.errstate(over="ignore"):  # an infinite statistic is refused by name
                mean, std = (np.asarray(entry[key], dtype=np.float32) for key in ("mean", "std"))
        except (ValueError, TypeError) as error:
            raise ValueError(f"{where}: robot type {name}: mean or std is not a table of numbers") from error
        if mean.ndim != 2 or mean.shape != std.shape or mean.size == 0:
            raise ValueError(
                f"{where}: robot type {name}: got {mean.shape} and {std.shape}, expected [T][32]"
            )
        types[name] = (mean, std)
    return types


def robot(name: str, options: LoadOptions, stored: Mapping[str, Mapping[str, Any]]) -> Embodiment:
    """What the robot type sees, senses and is told. stored: as `stored_robots`."""
    if options.embodiment is not None:
        return options.embodiment
    if name in stored:
        return Embodiment.from_dict(stored[name]["embodiment"], f"checkpoint: {CONFIG}: robot {name}")
    if name in UNDOCUMENTED:
        return undocumented(name, options.views)
    if name not in RELEASED:
        raise ValueError(
            f"robot type {name!r} is not known, give its robot with --embodiment FILE.json; known are "
            f"{', '.join([*RELEASED, *UNDOCUMENTED])}"
        )
    return RELEASED[name]


def is_known(name: str, options: LoadOptions, stored: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether `robot` has an answer."""
    given = options.embodiment is not None or (name in UNDOCUMENTED and bool(options.views))
    return given or name in stored or name in RELEASED


def stored_robots(config: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    """What a folder written here says of each robot type: "embodiment" and "stats"."""
    if EXTRA not in config:
        return {}
    extra = config[EXTRA]
    robots = extra.get("robots") if isinstance(extra, dict) else None
    entries = list(robots.values()) if isinstance(robots, dict) else [None]
    parts = ("embodiment", "stats")
    whole = (isinstance(e, dict) and all(isinstance(e.get(part), dict) for part in parts) for e in entries)
    if not all(whole):
        raise ValueError(
            f"checkpoint: {CONFIG}: entry {EXTRA!r} has no robots, each with embodiment and stats"
        )
    return extra["robots"]


def model_config(config: Mapping[str, Any], folder: Path) -> ModelConfig:
    """Sizes, in a form that transformers 4.57 and 5.x read alike."""
    try:
        vlm, dit = qwen_config.arguments(config["vlm_config"], tied=True), config["dit_config"]
        theta = vlm["text_config"]["rope_theta"]
        return ModelConfig(
            vlm,
            DiTConfig(dit["hidden_size"], dit["num_hidden_layers"], dit["head_dim"], theta),
            config["state_dim"],
            config["action_dim"],
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(
            f"checkpoint: {folder / CONFIG} does not give the model's sizes ({error!r})"
        ) from error


def write_about(folder: Path, about: About, dtype: str) -> None:
    """config.json and preprocessor_config.json of a checkpoint made here."""
    model, text = about.model, about.model.vlm["text_config"]
    robots = {
        name: {"embodiment": robot.embodiment.to_dict(), "stats": _but_actions(robot.stats)}
        for name, robot in about.robots.items()
    }
    config = {
        "architectures": [ARCHITECTURE],
        "model_type": MODEL_TYPE,
        "torch_dtype": dtype,
        "state_length": 1,
        "state_dim": model.state_dim,
        "action_length": max(robot.stats.horizon for robot in about.robots.values()),
        "action_dim": model.action_dim,
        "vlm_config": {**model.vlm, "model_type": "qwen3_vl"},
        "dit_config": {
            "model_type": "dit",
            "hidden_size": model.dit.hidden_size,
            "num_hidden_layers": model.dit.num_layers,
            "head_dim": model.dit.head_dim,
            "num_key_value_heads": text["num_key_value_heads"],
        },
        EXTRA: {"contract": asdict(about.contract), "robots": robots},
    }
    actions = {
        name: {"mean": robot.stats.action_mean.tolist(), "std": robot.stats.action_std.tolist()}
        for name, robot in about.robots.items()
    }
    preprocessor = {**image_processor(about.spec), "action_config": actions}
    (folder / CONFIG).write_text(json.dumps(config, indent=2) + "\n")
    (folder / PREPROCESSOR).write_text(json.dumps(preprocessor) + "\n")


def stats_of(name: str, action: Table, state_dim: int, stored: Mapping[str, Mapping[str, Any]]) -> Stats:
    """The state is fed as it is, unless the folder was written here."""
    mean, std = action
    if name in stored:
        return Stats.from_dict({"action_mean": mean, "action_std": std, **stored[name]["stats"]})
    digest = hashlib.sha256(mean.tobytes() + std.tobytes()).hexdigest()
    return Stats(mean, std, np.zeros(state_dim, np.float32), np.ones(state_dim, np.float32), digest)


def _but_actions(stats: Stats) -> dict[str, Any]:
    """What action_config has no place for."""
    return {key: value for key, value in stats.to_dict().items() if key not in ("action_mean", "action_std")}
