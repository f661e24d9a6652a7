"""Insertions of the key: each seed with refinement and without, taken from the stand or handed over.

A script with privileged knowledge brings the key to the slot (`sims.insertion.expert`), not a policy: the
bench measures what touch adds to it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from xr0_robot.bench.rollout import Drive, Episode, EpisodeResult, rollout
from xr0_robot.executor.clock import VirtualClock
from xr0_robot.executor.inference import VirtualInference
from xr0_robot.executor.loop import Executor
from xr0_robot.executor.methods import Prefix
from xr0_robot.executor.tick import Tick
from xr0_robot.leash import follow_parent
from xr0_robot.report import machine, versions, wilson, write
from xr0_robot.sims.bricks.limits import LIMITS as BRICKS_LIMITS
from xr0_robot.touch.client import TactileClient
from xr0_robot.touch.procedures.arbiter import Arbiter, RefinementRecord
from xr0_robot.touch.procedures.predictors import InlinePredictor, Predictor
from xr0_robot.touch.sensor import increment
from xr0_robot.touch.sims.insertion.arm import BRICKS_ARM
from xr0_robot.touch.sims.insertion.env import RIGHT_GRASP, InsertionEnv, InsertionOptions
from xr0_robot.touch.sims.insertion.expert import InsertionExpert
from xr0_robot.types import Observation

TIME_LIMIT_S = 13.0
"""A refined insertion takes 8 to 10 s, the longest refinement 4 s of it."""

SETTLE_S = 0.5
"""A key that slips out of the slot was never in it."""

DRIVER = "a script that reads the exact poses of stand and slot from the simulator; no policy"
"""Who grasps and carries the key: said wherever the numbers are shown."""

LATENCY_S = 0.1
"""Of the script's answers, by the virtual clock: chunks are in flight when the fingers take over."""


@dataclass(frozen=True)
class Kind:
    """What is compared. refine: fingertips finish the grasp; in_hand: the key hangs in the hand from the
    start, so the correction waits for the placing; else it stands, and the hand grasps again."""

    refine: bool
    in_hand: bool

    @property
    def name(self) -> str:
        """As written to results."""
        where = "handed over" if self.in_hand else "from the stand"
        how = ("compensated" if self.in_hand else "re-grasped") if self.refine else "not refined"
        return f"{where}, {how}"


KINDS = tuple(Kind(refine, in_hand) for in_hand, refine in product((False, True), (True, False)))


class Insertions:
    """One environment per way to get the key; episodes of any kind, one after another."""

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor
        self._worlds: dict[bool, tuple[InsertionEnv, InsertionExpert]] = {}

    def episode(self, kind: Kind, seed: int) -> tuple[dict[str, Any], EpisodeResult]:
        """Run one; its JSON-able row, and all of it."""
        env, policy = self._world(kind.in_hand)
        policy.begin()
        arbiters: list[Arbiter] = []
        after: list[np.ndarray] = []

        def drive(executor: Executor) -> Callable[[float, Callable[[], Observation]], Tick]:
            goal = env.goal() if kind.refine else None
            predictor = InlinePredictor(self._predictor)
            arbiters.append(Arbiter(executor, BRICKS_ARM, env.state, env.touch, predictor, goal))
            return arbiters[0].tick

        def look(tick: Tick, observe: Callable[[], Observation]) -> None:
            if len(after) < len(arbiters[0].refined):
                after.append(increment.increment(env.grasp(), RIGHT_GRASP))

        result = _rollout(env, policy, seed, drive, look)
        refined = [_refined_row(one, left) for one, left in zip(arbiters[0].refined, after, strict=False)]
        row = {
            "kind": kind.name,
            "seed": seed,
            "success": result.success,
            "time_s": result.time_s,
            "error": result.error,
            "injected": _numbers(env.error),
            "refinements": refined,
        }
        return row, result

    def close(self) -> None:
        """Free the renderers."""
        for env, _ in self._worlds.values():
            env.close()

    def _world(self, in_hand: bool) -> tuple[InsertionEnv, InsertionExpert]:
        if in_hand not in self._worlds:
            env = InsertionEnv(InsertionOptions(in_hand))
            self._worlds[in_hand] = env, InsertionExpert(env)
        return self._worlds[in_hand]


Job = tuple[Kind, int]
"""A kind and a seed."""


def measure(url: str, seeds: range, workers: int, network: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """All kinds on all seeds, by `workers` processes against one tactile server, written to `path` as they
    come.

    network: name and fingerprint from the server's metadata. Rows that are in `path` already are kept: those
    of this network, and those without refinement, which no network changes.
    """
    rows = _kept(path, seeds, network)
    done = {(row["kind"], row["seed"]) for row in rows}
    jobs = [(kind, seed) for seed in seeds for kind in KINDS if (kind.name, seed) not in done]
    settings = {"first_seed": seeds.start, "seeds": len(seeds), "network": dict(network)}
    content = report(rows, settings)
    write(path, content)
    with ProcessPoolExecutor(workers, get_context("spawn"), _open, (url,)) as pool:
        for row in pool.map(_episode, jobs):
            rows.append({**row, "network": network.get("fingerprint")})
            content = report(rows, settings)
            write(path, content)
    return content


def report(rows: Sequence[Mapping[str, Any]], settings: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a results file."""
    found = [kind for kind in KINDS if any(row["kind"] == kind.name for row in rows)]
    return {
        "groups": [summary(kind, rows) for kind in found],
        "settings": {**settings, "latency_s": LATENCY_S, "driver": DRIVER},
        "machine": machine(),
        "versions": versions(),
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "rows": list(rows),
    }


def _kept(path: Path, seeds: range, network: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Rows of an earlier, unfinished run of these seeds that still hold."""
    if not path.exists():
        return []
    rows = json.loads(path.read_text(encoding="utf-8"))["rows"]
    refined = {kind.name for kind in KINDS if kind.refine}
    same = network.get("fingerprint")
    return [
        row for row in rows if row["seed"] in seeds and (row["kind"] not in refined or row["network"] == same)
    ]


def summary(kind: Kind, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Success with its 95 % interval; errors of the grasp after the refinement (medians, mm and degrees)."""
    mine = [row for row in rows if row["kind"] == kind.name]
    successes = sum(row["success"] for row in mine)
    refinements = [refined for row in mine for refined in row["refinements"]]
    finished = [refined for refined in refinements if refined["aborted"] is None]
    times = [row["time_s"] for row in mine if row["time_s"] is not None]
    return {
        "kind": kind.name,
        **asdict(kind),
        "n": len(mine),
        "successes": successes,
        "success_rate": successes / len(mine),
        "ci95": list(wilson(successes, len(mine))),
        "median_time_s": _median(times),
        "refinements": len(refinements),
        "aborted": len(refinements) - len(finished),
        "left_mm": _median([refined["left_mm"] for refined in finished]),
        "left_deg": _median([refined["left_deg"] for refined in finished]),
        "median_refinement_s": _median([refined["time_s"] for refined in finished]),
    }


_worker: list[Insertions] = []
"""Of this process, if it is a worker."""


def _open(url: str) -> None:
    follow_parent()
    _worker.append(Insertions(TactileClient(url)))


def _episode(job: Job) -> dict[str, Any]:
    return _worker[0].episode(*job)[0]


def _rollout(env: InsertionEnv, policy: InsertionExpert, seed: int, drive: Drive, look: Any) -> EpisodeResult:
    inference = VirtualInference(policy, LATENCY_S)
    return rollout(
        env,
        Episode(seed),
        inference=inference,
        strategy=Prefix(),
        clock=VirtualClock(),
        limits=BRICKS_LIMITS,
        time_limit_s=TIME_LIMIT_S,
        settle_s=SETTLE_S,
        watch=look,
        drive=drive,
    )


def _refined_row(refined: RefinementRecord, left: np.ndarray) -> dict[str, Any]:
    """left: the increment [4, 4] that the grasp still lacked when the hand was given back, from which a
    compensation at the placing is taken off."""
    outcome = refined.outcome
    offset = np.eye(4) if outcome is None else outcome.offset
    remaining = increment.to_vector(increment.inverse(offset) @ left)
    remaining[0] = 0.0  # along the closing axis both fingers give way: it is not felt, nor needed
    length_mm, angle_deg = increment.magnitudes(remaining)
    return {
        "aborted": refined.aborted,
        "verdict": None if outcome is None else outcome.verdict,
        "grasps": 0 if outcome is None else len(outcome.steps),
        "time_s": round(refined.end_s - refined.start_s, 3),
        "left": _numbers(remaining),
        "left_mm": float(length_mm),
        "left_deg": float(angle_deg),
    }


def _numbers(vector: np.ndarray) -> list[float]:
    """An increment [6] in mm and degrees."""
    return [round(float(value), 4) for value in [*vector[:3], *np.rad2deg(vector[3:])]]


def _median(values: Sequence[float]) -> float | None:
    return float(np.median(values)) if values else None
