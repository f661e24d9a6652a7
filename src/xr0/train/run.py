"""A run's folder, and what makes a run another one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xr0.train.distributed import World
from xr0.train.settings import TrainSettings
from xr0.train.state import saved

RUN = "run.json"


@dataclass(frozen=True)
class Run:
    """Where a run lives and what it is.

    out holds run.json (what the run is), state-* (what it resumes from), metrics.jsonl and tensorboard/ (what
    it did). identity: beside the settings, what would make it another run: fingerprints of data and start,
    choices of its stage. watched: the part of the loss that is measured on held-out data.
    """

    out: Path
    identity: Mapping[str, Any]
    watched: str

    def claim(self, settings: TrainSettings, world: World) -> None:
        """Make the folder this run's; ValueError naming what differs where it holds another."""
        mine = json.loads(json.dumps({**settings.identity(), **self.identity}))
        path = self.out / RUN
        if path.exists():
            theirs = json.loads(path.read_text())
            if differences := _differences(theirs, mine):
                raise ValueError(
                    f"{self.out}: holds another run ({'; '.join(differences)}); remove it or choose another"
                )
        elif saved(self.out):
            raise ValueError(f"{self.out}: holds saves of a run, but no {RUN} that says of which")
        world.barrier()
        if world.main:
            self.out.mkdir(parents=True, exist_ok=True)
            new = path.with_suffix(".new")
            new.write_text(json.dumps(mine, indent=1) + "\n")
            new.replace(path)


def _differences(theirs: Mapping[str, Any], mine: Mapping[str, Any]) -> list[str]:
    found = []
    for name in sorted(theirs.keys() | mine.keys()):
        there, here = theirs.get(name), mine.get(name)
        if isinstance(there, dict) and isinstance(here, dict):
            found += [f"{name}.{inner}" for inner in _differences(there, here)]
        elif there != here:
            found.append(f"{name}: {there} there, {here} here")
    return found
