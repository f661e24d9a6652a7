"""From what a user points at, a folder, a .pt file or a name on the hub, to a loaded checkpoint."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

from xr0.checkpoints import contracts, official
from xr0.checkpoints import folder as checkpoint
from xr0.checkpoints.folder import CONFIG, About, Checkpoint
from xr0.checkpoints.options import LoadOptions

HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")
"""owner/name."""

HUB_FILES = ["*.json", "*.safetensors", "*.txt", "*.jinja"]
"""What is fetched: never code, never pickles."""


def load(source: str | Path, options: LoadOptions = LoadOptions()) -> Checkpoint:  # noqa: B008 (frozen)
    """Read a checkpoint of either layout, with all its robots or the one that `options` names.

    FileNotFoundError or ValueError, one line, for a source that is not there, not whole, or that leaves open
    what `options` does not say.
    """
    folder, weights = locate(source)
    return checkpoint.assemble(folder, read_about(folder, weights, options), weights)


def read_about(folder: Path, weights: Path, options: LoadOptions) -> About:
    """All but the weights, from a folder of either layout."""
    if official.is_official(checkpoint.read_json(folder / CONFIG)):
        return official.read_about(folder, weights, options)
    about = checkpoint.read_about(folder)
    if options.contract is not None:
        contracts.named_contract(options.contract, about.contract)
    if options.robot_type is None:
        return about
    name = checkpoint.chosen(about.robots, options.robot_type, str(folder))
    return replace(about, robots={name: about.robots[name]})


def locate(source: str | Path) -> tuple[Path, Path]:
    """The folder with everything, and where its weights are: itself, or a .pt file in it."""
    path = Path(source)
    if path.is_file() and path.suffix == ".pt":
        return path.parent, path
    folder = path if path.is_dir() else _download(str(source))
    if not (folder / CONFIG).is_file():
        raise FileNotFoundError(f"checkpoint: no file {CONFIG} in {folder}")
    return folder, official.weights_source(folder)


def _download(name: str) -> Path:
    if not HUB_NAME.fullmatch(name):
        raise FileNotFoundError(f"checkpoint: no folder {name}, and it is not a hub name like owner/name")
    try:
        return Path(snapshot_download(name, allow_patterns=HUB_FILES))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        reason = str(error).strip().split("\n")[0]
        raise FileNotFoundError(
            f"checkpoint: no folder {name}, and the hub does not give it ({reason})"
        ) from error
