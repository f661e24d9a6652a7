"""What a checkpoint is, from its headers and JSON files alone, checked as in loading: no weights are read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from xr0.checkpoints import folder as checkpoint
from xr0.checkpoints import official, pretrained, weights
from xr0.checkpoints.contracts import contract_names, contract_of
from xr0.checkpoints.folder import CONFIG
from xr0.checkpoints.image_rule import PREPROCESSOR, image_spec
from xr0.checkpoints.options import LoadOptions
from xr0.transform.images import ImageSpec
from xr0.transform.normalize import Stats
from xr0_robot.released import UNDOCUMENTED
from xr0_robot.types import Embodiment


def inspect(source: str | Path, options: LoadOptions = LoadOptions()) -> dict[str, Any]:  # noqa: B008 (frozen)
    """JSON-able; what `options` names is shown as it would be loaded.

    FileNotFoundError or ValueError for what is no checkpoint.
    """
    folder, weights_at = pretrained.locate(source)
    config = checkpoint.read_json(folder / CONFIG)
    described = _official if official.is_official(config) else _ours
    values = weights.read(weights_at)
    dtypes = Counter(str(value.dtype).removeprefix("torch.") for value in values.values())
    return {
        "checkpoint": folder.resolve().name,
        **described(folder, weights_at, options),
        "weights": weights_at.name if weights_at.is_file() else "safetensors",
        "tensors": len(values),
        "parameters": sum(value.numel() for value in values.values()),
        "dtype": ", ".join(name for name, _ in dtypes.most_common()),
    }


def lines(found: Mapping[str, Any], indent: str = "") -> Iterator[str]:
    """For people: a line per fact, nested as they are."""
    for name, value in found.items():
        label = f"{indent}{name}"
        if isinstance(value, Mapping):
            yield label
            yield from lines(value, indent + "  ")
        else:
            text = ", ".join(map(str, value)) if isinstance(value, list) else value
            yield f"{label:24} {text:,}" if isinstance(value, int) and value > 9999 else f"{label:24} {text}"


def _ours(folder: Path, weights_at: Path, options: LoadOptions) -> dict[str, Any]:
    about = pretrained.read_about(folder, weights_at, options)
    checkpoint.read_tokenizer(folder, about.model)
    return {
        "layout": "xr0",
        "contract": {**vars(about.contract), "known": about.contract_from},
        "images": _images(about.spec),
        "robot_types": {n: _robot(robot.embodiment, robot.stats) for n, robot in about.robots.items()},
    }


def _official(folder: Path, weights_at: Path, options: LoadOptions) -> dict[str, Any]:
    config = checkpoint.read_json(folder / CONFIG)
    if not (folder / PREPROCESSOR).is_file():
        lacking = f"no {PREPROCESSOR}: this folder cannot act"
        return {"layout": "official", "contract": lacking, "robot_types": lacking}
    preprocessor = checkpoint.read_json(folder / PREPROCESSOR)
    types = official.robot_types(preprocessor, folder)
    contract, known = contract_of(config, types, weights_at, options)
    stored = official.stored_robots(config)
    model = official.model_config(config, folder)
    checkpoint.read_tokenizer(folder, model)
    rows = {
        name: _robot(
            _known_robot(name, stored, options), official.stats_of(name, table, model.state_dim, stored)
        )
        for name, table in types.items()
    }
    unknown = f"unknown: {known}; name it with --contract {contract_names()}"
    return {
        "layout": "official",
        "contract": {**vars(contract), "known": known} if contract else unknown,
        "images": _images(image_spec(preprocessor, folder)),
        "robot_types": rows,
    }


def _known_robot(
    name: str, stored: Mapping[str, Mapping[str, Any]], options: LoadOptions
) -> Embodiment | str:
    given = options if options.robot_type in (None, name) else LoadOptions(views=options.views)
    if official.is_known(name, given, stored):
        return official.robot(name, given, stored)
    if name in UNDOCUMENTED:
        return "its slots, units and views were not published: name the views with --views"
    return "not known here: give the robot with --embodiment FILE.json"


def _robot(robot: Embodiment | str, stats: Stats) -> dict[str, Any]:
    row: dict[str, Any] = {"action_horizon": stats.horizon, "slots": int(stats.mask.any(axis=0).sum())}
    if isinstance(robot, str):
        return row | {"robot": robot}
    return row | {
        "robot": robot.name,
        "rate_hz": robot.rate_hz,
        "views": {camera.key: camera.title for camera in robot.cameras},
        "state": [f"{s.name} ({s.size})" for s in robot.state_segments],
        "command": [f"{s.name} ({s.size}, {s.anchor})" for s in robot.segments],
    }


def _images(spec: ImageSpec) -> dict[str, int]:
    return {"multiple_of_px": spec.factor, "min_pixels": spec.min_pixels, "max_pixels": spec.max_pixels}
