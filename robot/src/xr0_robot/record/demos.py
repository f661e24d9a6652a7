"""Demonstrations of a simulated world: its expert, tick by tick, and questions about what is seen."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
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


@dataclass(frozen=True)
class Demo:
    """One attempt: its seed, what was special about it, and whether it succeeded (else it is dropped).
    error: why it broke off, None where it ran."""

    seed: int
    special: Mapping[str, bool]
    ticks: int = 0
    success: bool = False
    error: str | None = None

    def row(self) -> dict[str, Any]:
        """One JSON-able row of demos.json."""
        outcome = {"ticks": self.ticks, "success": self.success, "error": self.error}
        return {"seed": self.seed, **self.special, **outcome}


def record_demos(
    world: str, out: Path, episodes: int, first_seed: int, workers: int = 1, tasks: Tasks | None = None
) -> list[Demo]:
    """Attempt `episodes` seeds from `first_seed` on and write the successful ones as the dataset `out`.

    tasks: which of a benchmark, where the world is one; its episodes are written task by task. The result
    does not depend on `workers`. A seed whose episode raises ValueError or RuntimeError is dropped like one
    that the expert fails on; RuntimeError if none is left, and then nothing is at `out`.
    """
    if out.exists():
        raise FileExistsError(f"dataset {out}: it exists already, expected a new folder")
    if episodes < 1 or workers < 1:
        raise ValueError(f"record: got {episodes} episodes and {workers} workers, expected at least 1")
    turns = 1 if tasks is None else tasks.count(world)
    seeds = np.arange(first_seed, first_seed + episodes)
    seeds = np.array_split(seeds[np.argsort(seeds % turns, kind="stable")], min(workers, episodes))
    out.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        roots = [temporary / f"shard-{k}" for k in range(len(seeds))]
        parts = [part.tolist() for part in seeds]
        with ProcessPoolExecutor(len(seeds), get_context("spawn"), follow_parent) as pool:
            shards = list(pool.map(partial(_record_shard, world, tasks), roots, parts))
        demos = [demo for shard in shards for demo in shard]
        kept = [root for root, shard in zip(roots, shards, strict=True) if any(d.success for d in shard)]
        if not kept:
            why = next((f"; seed {demo.seed}: {demo.error}" for demo in demos if demo.error), "")
            raise RuntimeError(f"record: the expert failed on all {episodes} seeds from {first_seed}{why}")
        whole = temporary / "whole"
        merge(kept, whole)
        merge_conversations([root / CONVERSATIONS for root in kept], whole / CONVERSATIONS)
        write_json(whole / "meta" / "demos.json", [demo.row() for demo in demos])
        whole.rename(out)
    finally:
        shutil.rmtree(temporary)
    return demos


def _record_shard(world: str, tasks: Tasks | None, root: Path, seeds: list[int]) -> list[Demo]:
    """One worker's part, as a dataset of its own."""
    demonstrator = open_demonstrator(world) if tasks is None else BenchmarkDemonstrator(world, tasks)
    robot = demonstrator.env.embodiment
    try:
        with LeRobotWriter(root, robot, round(robot.rate_hz), robot.name, demonstrator.columns) as writer:
            conversations = ConversationWriter(root / CONVERSATIONS)
            demos: list[Demo] = []
            for seed in seeds:
                demos.append(_record_episode(demonstrator, writer, conversations, seed))
                if len(demos) % PROGRESS_EPISODES == 0:
                    print(
                        f"seeds {seeds[0]} to {seeds[-1]}: {len(demos)} of {len(seeds)} recorded", flush=True
                    )
            return demos
    finally:
        demonstrator.env.close()


def _record_episode(
    demonstrator: Demonstrator, writer: LeRobotWriter, talk: ConversationWriter, seed: int
) -> Demo:
    """Attempt a seed, and keep its episode if it succeeded."""
    demo = Demo(seed, {})
    try:
        task, special = demonstrator.begin(seed)
        demo = replace(demo, special=special)
        ticks, success = _play(demonstrator, writer, talk, seed, task)
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
