"""Demonstrations of a simulated world: its expert, tick by tick, and questions about what is seen."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from xr0_robot.leash import follow_parent
from xr0_robot.record.conversations import ConversationWriter, merge_conversations
from xr0_robot.record.lerobot_format import write_json
from xr0_robot.record.lerobot_merge import merge
from xr0_robot.record.lerobot_writer import LeRobotWriter
from xr0_robot.sims.demonstrations import BenchmarkDemonstrator, Tasks
from xr0_robot.sims.world import Demonstrator, open_demonstrator

STILL = 1e-3
"""A command that moves less than this between ticks [m, rad, stroke] is still."""

CONVERSATIONS = "vl"
"""Folder of the vision-language samples, inside the dataset's."""

PROGRESS_EPISODES = 50
"""A worker says how far it is this often."""

TRIES = 2
"""Scenes of a benchmark's task that are tried for each episode that is wanted of it."""


@dataclass(frozen=True)
class Demo:
    """One attempt: its seed, what was special about it, and whether it succeeded (else it is dropped).
    task: of a benchmark, else empty; error: why it broke off, None where it ran."""

    seed: int
    special: Mapping[str, bool]
    task: str = ""
    ticks: int = 0
    success: bool = False
    error: str | None = None

    @property
    def name(self) -> str:
        """Task and seed."""
        return f"{self.task} {self.seed}".strip()

    def row(self) -> dict[str, Any]:
        """One JSON-able row of demos.json."""
        outcome = {"ticks": self.ticks, "success": self.success, "error": self.error}
        named = {"task": self.task} if self.task else {}
        return {**named, "seed": self.seed, **self.special, **outcome}


@dataclass(frozen=True)
class Share:
    """What is recorded at a stretch: seeds are attempted in order, until so many episodes are kept. task: of
    a benchmark, else empty."""

    seeds: Sequence[int]
    wanted: int
    task: str = ""


def record_demos(
    world: str, out: Path, episodes: int, first_seed: int, workers: int = 1, tasks: Tasks | None = None
) -> list[Demo]:
    """Attempt `episodes` seeds from `first_seed` on and write the successful ones as the dataset `out`.

    tasks: which of a benchmark, where the world is one: of each, seeds are attempted until `episodes` have
    succeeded, or TRIES times as many were tried. The result does not depend on `workers`. A seed whose
    episode raises is dropped like one that the expert fails on; RuntimeError if none is left, and then
    nothing is at `out`.
    """
    if out.exists():
        raise FileExistsError(f"dataset {out}: it exists already, expected a new folder")
    if episodes < 1 or workers < 1:
        raise ValueError(f"record: got {episodes} episodes and {workers} workers, expected at least 1")
    shares = _shares(world, episodes, first_seed, workers, tasks)
    out.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        roots = [temporary / f"shard-{k}" for k in range(len(shares))]
        with ProcessPoolExecutor(min(workers, len(shares)), get_context("spawn"), follow_parent) as pool:
            shards = list(pool.map(partial(_record_shard, world, tasks), roots, shares))
        demos = [demo for shard in shards for demo in shard]
        kept = [root for root, shard in zip(roots, shards, strict=True) if any(d.success for d in shard)]
        if not kept:
            why = next((f"; seed {demo.seed}: {demo.error}" for demo in demos if demo.error), "")
            raise RuntimeError(f"record: the expert failed on all {len(demos)} seeds from {first_seed}{why}")
        whole = temporary / "whole"
        merge(kept, whole)
        merge_conversations([root / CONVERSATIONS for root in kept], whole / CONVERSATIONS)
        write_json(whole / "meta" / "demos.json", [demo.row() for demo in demos])
        whole.rename(out)
    finally:
        shutil.rmtree(temporary)
    return demos


def _shares(world: str, episodes: int, first_seed: int, workers: int, tasks: Tasks | None) -> Sequence[Share]:
    """A world's seeds, a part for each worker; a benchmark's tasks."""
    if tasks is None:
        parts = np.array_split(np.arange(first_seed, first_seed + episodes), min(workers, episodes))
        return [Share(part.tolist(), len(part)) for part in parts]
    seeds = range(first_seed, first_seed + TRIES * episodes)
    return [Share(seeds, episodes, task) for task in tasks.select(world)]


def _record_shard(world: str, tasks: Tasks | None, root: Path, share: Share) -> list[Demo]:
    """One share, as a dataset of its own."""
    if tasks is None:
        demonstrator: Demonstrator = open_demonstrator(world)
    else:
        demonstrator = BenchmarkDemonstrator(world, share.task, tasks.pixels, tasks.look)
    robot = demonstrator.env.embodiment
    try:
        with LeRobotWriter(root, robot, round(robot.rate_hz), robot.name, demonstrator.columns) as writer:
            conversations = ConversationWriter(root / CONVERSATIONS)
            demos: list[Demo] = []
            kept = 0
            for seed in share.seeds:
                demo = _record_episode(demonstrator, writer, conversations, Demo(seed, {}, share.task))
                demos.append(demo)
                kept += demo.success
                if kept == share.wanted:
                    break
                if len(demos) % PROGRESS_EPISODES == 0:
                    print(_progress(share, len(demos), kept), flush=True)
            print(_progress(share, len(demos), kept), flush=True)
            return demos
    finally:
        demonstrator.env.close()


def _progress(share: Share, attempted: int, kept: int) -> str:
    what = share.task or f"seeds {share.seeds[0]} to {share.seeds[-1]}"
    return f"{what}: {kept} of {share.wanted} episodes, from {attempted} seeds"


def _record_episode(
    demonstrator: Demonstrator, writer: LeRobotWriter, talk: ConversationWriter, demo: Demo
) -> Demo:
    """Attempt its seed, and keep the episode if it succeeded."""
    try:
        sentence, special = demonstrator.begin(demo.seed)
        demo = replace(demo, special=special)
        ticks, success = _play(demonstrator, writer, talk, demo.seed, sentence)
        demo = replace(demo, ticks=ticks, success=success)
    except Exception as error:  # noqa: BLE001 (a simulator is foreign code; one scene must not cost the others)
        demo = replace(demo, error=f"{type(error).__name__}: {error}")
    if demo.success:
        writer.save_episode()
        talk.save_episode()
    else:
        writer.discard_episode()
        talk.discard_episode()
    return demo


def _play(
    demonstrator: Demonstrator, writer: LeRobotWriter, talk: ConversationWriter, seed: int, task: str
) -> tuple[int, bool]:
    """The expert's episode, into both writers; its ticks, and whether it succeeded."""
    env, robot = demonstrator.env, demonstrator.env.embodiment
    still, tick = 0, 0
    last: np.ndarray | None = None
    last_tick, idle = robot.ticks(demonstrator.time_limit_s), demonstrator.idle_ticks
    while tick < last_tick and not (still >= idle and env.success()):
        observation = env.observe(task, tick * robot.dt)
        command = demonstrator.act()
        numbers, meant = demonstrator.numbers(), demonstrator.meant()
        writer.add_frame(observation.images, observation.state, command, task, numbers, meant)
        talk.add(f"{seed}-{tick}", observation.images, demonstrator.questions())
        env.apply(command + demonstrator.disturbance())
        still = still + 1 if last is not None and np.abs(command - last).max() < STILL else 0
        last = command
        tick += 1
    return tick, env.success()
