"""Demonstrations of the brick table: the scripted expert, tick by tick, and questions about the scenes."""

from __future__ import annotations

import shutil
import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from xr0_robot.features import ENVIRONMENT_STATE, OBJECT_PIXELS
from xr0_robot.record.conversations import ConversationWriter, merge_conversations
from xr0_robot.record.lerobot_format import write_json
from xr0_robot.record.lerobot_merge import merge
from xr0_robot.record.lerobot_writer import LeRobotWriter
from xr0_robot.sims.bricks.embodiment import BRICKS
from xr0_robot.sims.bricks.env import BricksEnv, BricksOptions
from xr0_robot.sims.bricks.expert import Expert, truth
from xr0_robot.sims.bricks.questions import ask
from xr0_robot.sims.bricks.tasks import COLOURS

RANDOM_START_SHARE = 0.5
"""Episodes whose gripper starts anywhere, from which a small model learns to recover."""

PERTURB_SHARE = 0.25
"""Episodes whose target is moved on approach: without them a committed prefix predicts the future."""

NOISE_SHARE = 0.3
"""Episodes in which the arm is disturbed while the clean command is recorded (DART, Laskey et al. 2017)."""

NOISE_STD = np.array([0.008, 0.008, 0.008, 0.0, 0.0, 0.06, 0.0])
"""Of the disturbance, per native number [m, rad]: about the error of a policy worth correcting."""

NOISE_TIME_S = 0.3
"""Correlation time of the disturbance: white noise would be filtered away by the servos."""

IDLE_TICKS = 10
"""Still ticks kept at the end: enough to learn to stop, few enough not to learn to wait."""

STILL = 1e-3
"""A command that moves less than this between ticks [m, rad, stroke] is still."""

MAX_TICKS = 600
"""20 s; an expert that takes longer has failed."""

QUESTION_TICKS = (20, 100)
"""Questions are asked of an episode's first frame and of one drawn from these."""

PIXEL_NAMES = tuple(f"{colour}.{axis}" for colour in COLOURS for axis in ("u", "v"))

CONVERSATIONS = "vl"
"""Folder of the vision-language samples, inside the dataset's."""

PROGRESS_EPISODES = 50
"""A worker says how far it is this often."""

SEED_STREAM = 0xDE40
"""Keeps this file's random choices apart from the world's, which uses the bare seed."""


@dataclass(frozen=True)
class Demo:
    """One attempt: its seed, what was special about it, and whether it succeeded (else it is dropped).
    error: why it broke off, None where it ran."""

    seed: int
    random_start: bool
    perturb: bool
    noise: bool
    ticks: int = 0
    success: bool = False
    error: str | None = None


def record_demos(out: Path, episodes: int, first_seed: int, workers: int = 1) -> list[Demo]:
    """Attempt `episodes` seeds from `first_seed` on and write the successful ones as the dataset `out`.

    The result does not depend on `workers`. A seed whose episode raises ValueError or RuntimeError is dropped
    like one that the expert fails on; RuntimeError if none is left, and then nothing is at `out`.
    """
    if out.exists():
        raise FileExistsError(f"dataset {out}: it exists already, expected a new folder")
    if episodes < 1 or workers < 1:
        raise ValueError(f"record: got {episodes} episodes and {workers} workers, expected at least 1")
    seeds = np.array_split(np.arange(first_seed, first_seed + episodes), min(workers, episodes))
    out.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        roots = [temporary / f"shard-{k}" for k in range(len(seeds))]
        with ProcessPoolExecutor(len(seeds), mp_context=get_context("spawn")) as pool:
            shards = list(pool.map(_record_shard, roots, [part.tolist() for part in seeds]))
        demos = [demo for shard in shards for demo in shard]
        kept = [root for root, shard in zip(roots, shards, strict=True) if any(d.success for d in shard)]
        if not kept:
            why = next((f"; seed {demo.seed}: {demo.error}" for demo in demos if demo.error), "")
            raise RuntimeError(f"record: the expert failed on all {episodes} seeds from {first_seed}{why}")
        whole = temporary / "whole"
        merge(kept, whole)
        merge_conversations([root / CONVERSATIONS for root in kept], whole / CONVERSATIONS)
        write_json(whole / "meta" / "demos.json", [asdict(demo) for demo in demos])
        whole.rename(out)
    finally:
        shutil.rmtree(temporary)
    return demos


def _record_shard(root: Path, seeds: list[int]) -> list[Demo]:
    """One worker's part, as a dataset of its own."""
    env = BricksEnv()
    extra = {ENVIRONMENT_STATE: env.environment_names, OBJECT_PIXELS: PIXEL_NAMES}
    try:
        with LeRobotWriter(root, BRICKS, round(BRICKS.rate_hz), BRICKS.name, extra) as writer:
            conversations = ConversationWriter(root / CONVERSATIONS)
            demos: list[Demo] = []
            for seed in seeds:
                demos.append(_record_episode(env, writer, conversations, seed))
                if len(demos) % PROGRESS_EPISODES == 0:
                    print(
                        f"seeds {seeds[0]} to {seeds[-1]}: {len(demos)} of {len(seeds)} recorded", flush=True
                    )
            return demos
    finally:
        env.close()


def _object_pixels(env: BricksEnv) -> np.ndarray:
    positions = env.object_positions()
    return np.concatenate([env.project("base", positions[colour]) for colour in COLOURS])


def _record_episode(env: BricksEnv, writer: LeRobotWriter, talk: ConversationWriter, seed: int) -> Demo:
    """Attempt a seed, and keep its episode if it succeeded."""
    rng = np.random.default_rng([SEED_STREAM, seed])
    random_start, perturb, noisy = rng.random(3) < (RANDOM_START_SHARE, PERTURB_SHARE, NOISE_SHARE)
    demo = Demo(seed, bool(random_start), bool(perturb), bool(noisy))
    try:
        ticks, success = _play(env, writer, talk, demo, rng)
        demo = replace(demo, ticks=ticks, success=success)
    except (ValueError, RuntimeError) as error:  # one scene must not cost the others
        demo = replace(demo, error=f"{type(error).__name__}: {error}")
    if demo.success:
        writer.save_episode()
        talk.save_episode()
    else:
        writer.discard_episode()
        talk.discard_episode()
    return demo


def _play(
    env: BricksEnv, writer: LeRobotWriter, talk: ConversationWriter, demo: Demo, rng: np.random.Generator
) -> tuple[int, bool]:
    """The expert's episode, into both writers; its ticks, and whether it succeeded."""
    seed = demo.seed
    env.options = BricksOptions(random_start=demo.random_start, perturb=demo.perturb)
    task = env.reset(seed)
    ask_at = (0, int(rng.integers(*QUESTION_TICKS)))
    expert = Expert(truth(env))
    noise = Disturbance(rng, NOISE_STD if demo.noise else np.zeros_like(NOISE_STD))
    still, last = 0, env.state()
    tick = 0
    while tick < MAX_TICKS and not (still >= IDLE_TICKS and env.success()):
        observation = env.observe(task, tick * BRICKS.dt)
        command = expert.act(truth(env))
        extra = {ENVIRONMENT_STATE: env.environment_state(), OBJECT_PIXELS: _object_pixels(env)}
        writer.add_frame(observation.images, observation.state, command, task, extra)
        if tick in ask_at:
            talk.add(f"{seed}-{tick}", observation.images, ask(env, rng))
        env.apply(command + noise.step())
        still = still + 1 if np.abs(command - last).max() < STILL else 0
        last = command
        tick += 1
    return tick, env.success()


class Disturbance:
    """Smooth random motion [d] around zero (an Ornstein-Uhlenbeck process), `std` per number."""

    def __init__(self, rng: np.random.Generator, std: np.ndarray) -> None:
        self._rng, self._std = rng, std
        self._keep = float(np.exp(-BRICKS.dt / NOISE_TIME_S))
        self._value = np.zeros_like(std)

    def step(self) -> np.ndarray:
        """The next tick's value; it starts at zero."""
        fresh = self._rng.normal(size=self._std.shape) * self._std
        value, keep = self._value, self._keep
        self._value = keep * value + np.sqrt(1.0 - keep**2) * fresh
        return value
