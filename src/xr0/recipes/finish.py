"""Around a run: its folder, its settings, and the checkpoint that it leaves behind."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from xr0.checkpoints import folder as checkpoints
from xr0.checkpoints import weights
from xr0.checkpoints.folder import Checkpoint
from xr0.model.choice import ChoiceHeads
from xr0.model.vla import VLA
from xr0.recipes.settings import Given, SampleSettings, StageSettings
from xr0.train.distributed import World
from xr0.train.settings import Precision
from xr0.transform.processor import Processor

SETTINGS, CHECKPOINT, HEADS = "settings.json", "checkpoint", "heads"
"""In a run's folder."""


def check_new(out: Path) -> None:
    """FileExistsError where the run is done already."""
    if (out / CHECKPOINT).exists():
        raise FileExistsError(f"{out}: holds a finished run; remove it or choose another folder")


def say(here: World, *lines: str) -> None:
    """Once, whatever the number of processes."""
    if here.main:
        print(*lines, sep="\n", end="\n" * bool(lines), flush=True)


def budgeted(processor: Processor, shown: SampleSettings) -> Processor:
    """With the pixels per view that a run asks for."""
    if shown.max_pixels is None:
        return processor
    return replace(processor, spec=replace(processor.spec, max_pixels=shown.max_pixels))


def write_settings(
    out: Path, settings: StageSettings, given: Given, start: Mapping[str, Any], here: World
) -> None:
    """All that the run was told, before it starts. start: what its weights come from."""
    if not here.main:
        return
    out.mkdir(parents=True, exist_ok=True)
    record = {"given": asdict(given), "start": dict(start), "settings": asdict(settings)}
    record |= {"processes": here.size, "torch": torch.__version__}
    (out / SETTINGS).write_text(json.dumps(record, indent=1, default=str) + "\n")


def write_heads(out: Path, heads: ChoiceHeads) -> None:
    """`out`/heads, whole or not at all: with them the VLM of `out`/checkpoint acts without an action
    expert."""
    shutil.rmtree(out / HEADS, ignore_errors=True)  # of a run that was stopped here
    with checkpoints.new_folder(out / HEADS) as new:
        weights.save(heads, new)


def stored(start: VLA, precision: Precision) -> torch.dtype:
    """What the checkpoint of a run is stored in: bfloat16 if it computes in that and began with such weights,
    so that a small model that began in float32 stays exact, and quick on any CPU. To be asked before the run
    casts its start."""
    began = next(start.vlm.parameters()).dtype
    return began if precision == "bf16" else torch.float32


def write_checkpoint(out: Path, done: Checkpoint, dtype: torch.dtype) -> None:
    """`out`/checkpoint."""
    checkpoints.save(out / CHECKPOINT, done, dtype=dtype)
