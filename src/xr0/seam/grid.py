"""The whole benchmark: what is trained, what is run, in which order, by how many processes; resumable.

Every checkpoint and every cell is a file that is there or not; what is there is not made again.
"""

from __future__ import annotations

import itertools
import json
import logging
import multiprocessing
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import torch

from xr0.seam import cost
from xr0.seam.cell import Cell, Condition, measure
from xr0.seam.correction import Corrector, Head
from xr0.seam.methods import DEFAULT, ENTRIES, RIVAL, Entry
from xr0.seam.policy import SeamPolicy
from xr0.seam.probe import Reference
from xr0.seam.samples import Shown
from xr0.seam.train import BASE, FULL_EFFORT, QUICK_EFFORT, Effort, place, trained
from xr0_robot import report
from xr0_robot.leash import follow_parent
from xr0_robot.sims.seam.tasks import TASKS

PASS_CONDITION = Condition(6, "lognormal")
"""Of the pass lines."""

CONDITIONS = (
    Condition(0, "steady"),
    PASS_CONDITION,
    *(Condition(delay, "steady") for delay in (1, 2, 4, 6, 8, 12)),
    Condition(6, "spikes"),
)
"""All of them; what the pass lines need comes first."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class Grid:
    """What is measured. episodes: of a cell, split over the training seeds; their seeds begin at
    first_seed."""

    methods: tuple[str, ...]
    conditions: tuple[Condition, ...]
    training_seeds: tuple[int, ...]
    episodes: int
    first_seed: int
    effort: Effort
    tasks: tuple[str, ...] = tuple(TASKS)

    def seeds(self, training_seed: int) -> range:
        """Of the episodes that a training seed's policies run."""
        k, parts = self.training_seeds.index(training_seed), len(self.training_seeds)
        first, last = (self.first_seed + self.episodes * i // parts for i in (k, k + 1))
        return range(first, last)

    def cells(self) -> list[Cell]:
        """All of them, a condition after the other, so that a run that is stopped has whole tables."""
        return [
            Cell(task, method, condition, seed)
            for condition in self.conditions
            for seed in self.training_seeds
            for task in self.tasks
            for method in self.methods
        ]


FULL = Grid(tuple(ENTRIES), CONDITIONS, (0, 1, 2), episodes=200, first_seed=2_000_000, effort=FULL_EFFORT)

QUICK = Grid(
    ("sync", "naive", DEFAULT, "prefix", RIVAL, "bridged"),
    (Condition(0, "steady"), PASS_CONDITION),
    (0,),
    episodes=20,
    first_seed=500_000,
    effort=QUICK_EFFORT,
)
"""Whether all is in order; too short for a claim, on seeds of the tuning."""


@dataclass(frozen=True)
class Places:
    """checkpoints: what is trained; cells: what is measured."""

    checkpoints: Path
    cells: Path


def run(grid: Grid, entries: Mapping[str, Entry], places: Places, workers: int, say: Say) -> None:
    """Train what is missing, then run the cells that are missing.

    ValueError for a method that has no entry, and where the folder of cells is another grid's.
    """
    if unknown := [name for name in grid.methods if name not in entries]:
        raise ValueError(f"methods: got {', '.join(unknown)}, expected some of {', '.join(entries)}")
    _claim(grid, places.cells)
    used = {name: entries[name] for name in grid.methods}
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _quiet) as pool:
        work = _Work(pool, say)
        variants = sorted({entry.variant for entry in used.values()} - {BASE})
        heads = dict.fromkeys((entry.variant, entry.head) for entry in used.values() if entry.head)
        for what, job, trained_ones in (
            ("base policies", train_variant, [(BASE,)]),
            ("trained from them", train_variant, [(variant,) for variant in variants]),
            ("correction heads", train_correction, list(heads)),
        ):
            each = itertools.product(grid.training_seeds, grid.tasks, trained_ones)
            work.do(
                what, job, [(places.checkpoints, task, seed, grid.effort, *one) for seed, task, one in each]
            )
        cells = [cell for cell in grid.cells() if not (places.cells / cell.file).exists()]
        work.do("cells", run_cell, [(grid, cell, used[cell.method], places) for cell in cells])


def read(grid: Grid, cells: Path) -> list[dict[str, Any]]:
    """Every cell that is there."""
    paths = [cells / cell.file for cell in grid.cells()]
    return [json.loads(path.read_text()) for path in paths if path.exists()]


def train_variant(folder: Path, task: str, seed: int, effort: Effort, variant: str) -> None:
    """In a process of its own."""
    trained(folder, task, variant, seed, effort)


def train_correction(
    folder: Path, task: str, seed: int, effort: Effort, variant: str, head: Corrector
) -> None:
    """The head beside a variant's checkpoint."""
    path = place(folder, task, variant, seed) / head.file
    if not path.exists():
        checkpoint = trained(folder, task, variant, seed, effort)
        shown = Shown.record(task, effort.episodes).demonstrations
        head.train(checkpoint, shown, effort.head_chunks, effort.head_steps, seed).save(path)


def run_cell(grid: Grid, cell: Cell, entry: Entry, places: Places) -> None:
    """One cell to its file."""
    seed, folder, task = cell.training_seed, places.checkpoints, cell.task
    base, reference = _base(folder, task, seed, grid.effort)
    policy = SeamPolicy(trained(folder, task, entry.variant, seed, grid.effort))
    if entry.head:
        head = Head.load(place(folder, task, entry.variant, seed) / entry.head.file)
        policy = entry.head.policy(policy.checkpoint, head)
    result = measure(cell, entry, policy, reference, grid.seeds(seed))
    if cell.condition == PASS_CONDITION:
        result["relative_cost"] = cost.relative(entry.strategy, policy, base)
    report.write(places.cells / cell.file, result)


@cache
def _base(folder: Path, task: str, seed: int, effort: Effort) -> tuple[SeamPolicy, Reference]:
    """The policy without a prefix; kept by the process."""
    policy = SeamPolicy(trained(folder, task, BASE, seed, effort))
    return policy, Reference.of(policy)


class _Work:
    """Jobs done by a pool, with how long is left."""

    def __init__(self, pool: ProcessPoolExecutor, say: Say) -> None:
        self._pool, self._say = pool, say

    def do(self, what: str, job: Callable[..., None], arguments: Sequence[tuple[Any, ...]]) -> None:
        """All of them; what fails stops the rest."""
        start = time.monotonic()
        futures = [self._pool.submit(job, *each) for each in arguments]
        try:
            for done, future in enumerate(as_completed(futures), 1):
                future.result()
                passed = time.monotonic() - start
                left = passed / done * (len(futures) - done)
                self._say(f"{what}: {done} of {len(futures)}, {left / 60:.0f} min left")
        finally:
            for future in futures:
                future.cancel()


def _claim(grid: Grid, folder: Path) -> None:
    """The folder of cells belongs to a grid: another's episodes must not be mixed with its."""
    mine = json.loads(json.dumps({**asdict(grid), "methods": None, "conditions": None, "tasks": None}))
    path = folder / "grid.json"
    if path.exists() and json.loads(path.read_text()) != mine:
        raise ValueError(f"{folder}: holds cells of another grid; remove it or choose another")
    report.write(path, mine)


def _quiet() -> None:
    """Of a worker: one thread, no longer than its parent, and no word of each episode about what its cell is
    there to measure."""
    follow_parent()
    torch.set_num_threads(1)
    logging.getLogger("xr0_robot.executor").setLevel(logging.ERROR)
