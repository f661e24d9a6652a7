"""Folders in the layout of the released checkpoints: what they say, and writing one.

config.json                sizes; `model_type` is "mibot"
preprocessor_config.json   the image rule; `action_config`: mean and std [T][32] of every robot type
tokenizer.json             model.safetensors, or shards with their index, or one .pt of the post-training code

A folder written here also has the entry "xr0" in config.json, for what the released layout cannot say.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from xr0.checkpoints import tensors, weights
from xr0.checkpoints.folder import CONFIG, About, read_json
from xr0.config import CAUSAL, CONTRACTS, RELEASED_EPSILON, WINDOWED, Contract, DiTConfig, ModelConfig
from xr0.sizes import rope
from xr0.transform.images import MAX_PIXELS, MEAN, MIN_PIXELS, STD, ImageSpec
from xr0.transform.normalize import Stats
from xr0_robot.released import RELEASED, UNDOCUMENTED, undocumented
from xr0_robot.types import Embodiment

MODEL_TYPE, ARCHITECTURE = "mibot", "MiBoTForActionGeneration"
PREPROCESSOR = "preprocessor_config.json"
EXTRA = "xr0"
"""Entry of config.json for the contract, the robot and the state's statistics."""

SAVED_BY = {
    "dtype",
    "torch_dtype",
    "transformers_version",
    "architectures",
    "_name_or_path",
    "rope_parameters",
}
"""Entries of a VLM's config that are not sizes, or that are respelled."""

TRAINER_KEYS = {"ds_version", "global_steps"}
"""Entries of a .pt file that the released post-training code's trainer writes and its start file lacks."""


@dataclass(frozen=True)
class LoadOptions:
    """What a user names where a checkpoint leaves it open. views: titles, for a robot type without documented
    ones; embodiment: the user's own robot, for a robot type that this project does not know."""

    robot_type: str | None = None
    contract: str | None = None
    views: tuple[str, ...] = ()
    embodiment: Embodiment | None = None


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
    """All but the weights; FileNotFoundError or ValueError with one line.

    ValueError too where the robot type, its robot or the contract is not known and `options` does not say.
    """
    config, preprocessor = read_json(folder / CONFIG), read_json(folder / PREPROCESSOR)
    types = robot_types(preprocessor, folder)
    name = choose_type(types, options.robot_type, folder)
    contract, contract_from = contract_of(config, types, source, options)
    if contract is None:
        raise ValueError(f"{folder}: {contract_from}; name it with --contract {contract_names()}")
    stored = config.get(EXTRA)
    model = model_config(config, folder)
    stats = stats_of(types[name], model.state_dim, stored)
    if stored is None:
        contract = replace(contract, max_prefix=min(contract.max_prefix, stats.horizon))
        stats = replace(stats, epsilon=RELEASED_EPSILON if contract.name == WINDOWED.name else 0.0)
    embodiment = robot(name, options, stored)
    return About(model, image_spec(preprocessor, folder), embodiment, stats, contract, contract_from)


def robot_types(preprocessor: Mapping[str, Any], folder: Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Mean and std, each float32 [T, d], by robot type."""
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


def choose_type(types: Mapping[str, Any], asked: str | None, folder: Path) -> str:
    """The robot type that is asked for, or the only one."""
    if asked is None and len(types) == 1:
        return next(iter(types))
    if asked is None:
        raise ValueError(f"{folder} serves several robot types, name one: --robot-type {'|'.join(types)}")
    if asked not in types:
        raise ValueError(f"{folder}: got robot type {asked!r}, expected one of {', '.join(types)}")
    return asked


def contract_of(
    config: Mapping[str, Any], types: Mapping[str, Any], source: Path, options: LoadOptions
) -> tuple[Contract | None, str]:
    """The contract to load with, and how it is known; None where neither files nor user tell.

    bfloat16 weights saw a rotary table that went through bfloat16 (see `vlm.set_rope`), float32 ones did not.
    """
    contract, known = known_contract(config, types, source)
    if options.contract is not None:
        contract = named_contract(options.contract, contract if EXTRA in config else None)
        known = "named by the user"
    if contract is not None and EXTRA not in config:
        contract = replace(contract, rounded_rope=stored_dtype(source) != torch.float32)
    return contract, known


def known_contract(
    config: Mapping[str, Any], types: Sequence[str] | Mapping[str, Any], source: Path
) -> tuple[Contract | None, str]:
    """The contract that the files give away, and how; None where they do not."""
    if EXTRA in config:
        try:
            return Contract.from_dict(config[EXTRA]["contract"]), "stored in config.json"
        except (KeyError, TypeError) as error:
            raise ValueError(
                f"checkpoint: config.json: entry {EXTRA!r} holds no contract ({error})"
            ) from error
    if source.is_file():
        if TRAINER_KEYS & set(weights.load_pt(source)):
            return WINDOWED, "written by the released post-training code, which always trains with the window"
        return (
            None,
            "a .pt file without the trainer's entries may be its start (causal) or its result (windowed)",
        )
    if set(types) <= {*RELEASED, *UNDOCUMENTED}:
        return CAUSAL, f"robot types of a released checkpoint: {', '.join(types)}"
    return None, f"robot types {', '.join(types)} are of no released checkpoint, so the contract is not known"


def robot(name: str, options: LoadOptions, stored: Mapping[str, Any] | None) -> Embodiment:
    """What the robot type sees, senses and is told."""
    if options.embodiment is not None:
        return options.embodiment
    if stored is not None:
        return Embodiment.from_dict(stored["embodiment"])
    if name in UNDOCUMENTED:
        return undocumented(name, options.views)
    if name not in RELEASED:
        raise ValueError(
            f"robot type {name!r} is not known, give its robot with --embodiment FILE.json; known are "
            f"{', '.join([*RELEASED, *UNDOCUMENTED])}"
        )
    return RELEASED[name]


def model_config(config: Mapping[str, Any], folder: Path) -> ModelConfig:
    """Sizes, in a form that transformers 4.57 and 5.x read alike."""
    try:
        vlm, dit = config["vlm_config"], config["dit_config"]
        text, vision = vlm["text_config"], vlm["vision_config"]
        spelled = text.get("rope_parameters") or {"rope_theta": text["rope_theta"], **text["rope_scaling"]}
        theta = float(spelled["rope_theta"])
        rotary = rope(theta, list(spelled["mrope_section"]))
        parts = {"text_config": {**_plain(text), **rotary}, "vision_config": _plain(vision)}
        return ModelConfig(
            {**_plain(vlm), **parts},
            DiTConfig(dit["hidden_size"], dit["num_hidden_layers"], dit["head_dim"], theta),
            config["state_dim"],
            config["action_dim"],
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(
            f"checkpoint: {folder / CONFIG} does not give the model's sizes ({error!r})"
        ) from error


def image_spec(preprocessor: Mapping[str, Any], folder: Path) -> ImageSpec:
    """The image rule; what the file leaves out is as in the release."""
    size = preprocessor.get("size") or {}
    for key, expected in (("image_mean", MEAN), ("image_std", STD)):
        if set(preprocessor.get(key, [expected])) != {expected}:
            raise ValueError(
                f"checkpoint: {folder / PREPROCESSOR}: {key} is {preprocessor[key]}, expected all {expected}"
            )
    return ImageSpec(
        preprocessor.get("patch_size", 16),
        preprocessor.get("merge_size", 2),
        preprocessor.get("temporal_patch_size", 2),
        preprocessor.get("min_pixels") or size.get("shortest_edge") or MIN_PIXELS,
        preprocessor.get("max_pixels") or size.get("longest_edge") or MAX_PIXELS,
    )


def stored_dtype(source: Path) -> torch.dtype:
    """Of the first tensor: weights have one dtype throughout."""
    return next(iter(weights.read(source).values())).dtype


def write_about(folder: Path, about: About, dtype: str) -> None:
    """config.json and preprocessor_config.json of a checkpoint made here."""
    model, text = about.model, about.model.vlm["text_config"]
    extra = {
        "contract": asdict(about.contract),
        "embodiment": about.embodiment.to_dict(),
        "stats": {k: v for k, v in about.stats.to_dict().items() if not k.startswith("action")},
    }
    config = {
        "architectures": [ARCHITECTURE],
        "model_type": MODEL_TYPE,
        "torch_dtype": dtype,
        "state_length": 1,
        "state_dim": model.state_dim,
        "action_length": about.stats.horizon,
        "action_dim": model.action_dim,
        "vlm_config": {**model.vlm, "model_type": "qwen3_vl"},
        "dit_config": {
            "model_type": "dit",
            "hidden_size": model.dit.hidden_size,
            "num_hidden_layers": model.dit.num_layers,
            "head_dim": model.dit.head_dim,
            "num_key_value_heads": text["num_key_value_heads"],
        },
        EXTRA: extra,
    }
    action = {"mean": about.stats.action_mean.tolist(), "std": about.stats.action_std.tolist()}
    preprocessor = {**image_processor(about.spec), "action_config": {about.embodiment.name: action}}
    (folder / CONFIG).write_text(json.dumps(config, indent=2) + "\n")
    (folder / PREPROCESSOR).write_text(json.dumps(preprocessor) + "\n")


def image_processor(spec: ImageSpec) -> dict[str, Any]:
    """The image rule as transformers' image processors read it."""
    return {
        "image_processor_type": "Qwen2VLImageProcessorFast",
        "patch_size": spec.patch,
        "merge_size": spec.merge,
        "temporal_patch_size": spec.temporal,
        "min_pixels": spec.min_pixels,
        "max_pixels": spec.max_pixels,
        "size": {"shortest_edge": spec.min_pixels, "longest_edge": spec.max_pixels},
        "image_mean": [MEAN] * 3,
        "image_std": [STD] * 3,
        "do_resize": True,
        "do_rescale": True,
        "do_normalize": True,
        "resample": 3,
    }


def stats_of(
    action: tuple[np.ndarray, np.ndarray], state_dim: int, stored: Mapping[str, Any] | None
) -> Stats:
    """The state is fed as it is, unless the folder was written here."""
    mean, std = action
    if stored is not None:
        given = {"action_mean": mean, "action_std": std, **stored.get("stats", {})}
        return Stats.from_dict(given)
    digest = hashlib.sha256(mean.tobytes() + std.tobytes()).hexdigest()
    return Stats(mean, std, np.zeros(state_dim, np.float32), np.ones(state_dim, np.float32), digest)


def named_contract(name: str, stored: Contract | None) -> Contract:
    """By its name; ValueError for an unknown one, or one that is not what the checkpoint has stored."""
    found = [contract for contract in CONTRACTS if contract.name == name]
    if not found:
        raise ValueError(f"contract: got {name!r}, expected {contract_names()}")
    if stored is not None and stored.name != name:
        raise ValueError(f"contract: got {name!r}, but the checkpoint has stored {stored.name!r}")
    return stored or found[0]


def _plain(config: Mapping[str, Any]) -> dict[str, Any]:
    """A config without what says how it was saved."""
    return {key: value for key, value in config.items() if key not in SAVED_BY}


def contract_names() -> str:
    """What `--contract` takes."""
    return "|".join(contract.name for contract in CONTRACTS)
