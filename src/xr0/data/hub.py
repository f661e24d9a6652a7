"""Datasets by folder or by name on the hub."""

from __future__ import annotations

import re
from pathlib import Path

from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")
"""owner/name."""

HUB_FILES = ["meta/**", "data/**", "videos/**", "vl/**"]
"""What is fetched of a dataset."""


def locate(source: str | Path) -> Path:
    """The folder of a dataset, fetched from the hub where `source` is a name like owner/name."""
    path = Path(source)
    if path.is_dir():
        return path
    if not HUB_NAME.fullmatch(str(source)):
        raise FileNotFoundError(f"dataset: no folder {source}, and it is not a hub name like owner/name")
    try:
        return Path(snapshot_download(str(source), repo_type="dataset", allow_patterns=HUB_FILES))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        reason = str(error).strip().split("\n")[0]
        raise FileNotFoundError(
            f"dataset: no folder {source}, and the hub does not give it ({reason})"
        ) from error
