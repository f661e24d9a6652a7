"""A fork: a point passes an obstacle on the left or right, as a coin says. Demonstrations, and who gets past.

Usage: record DATASET EPISODES | judge RUN heads|expert OUT.json

The mean of both ways leads through the obstacle, so a policy that regresses hits it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
from choice_policy import choice_policy

from xr0.checkpoints.folder import load
from xr0.policy import Policy, Request
from xr0.recipes.finish import CHECKPOINT
from xr0_robot import report
from xr0_robot.record.lerobot_writer import LeRobotWriter
from xr0_robot.types import MODEL_DIM, Camera, Embodiment, Segment

PIXELS = 32
POINT = Embodiment(
    name="point",
    rate_hz=10.0,
    cameras=(Camera("top", "Base View", PIXELS, PIXELS),),
    segments=(Segment("point.xy", "plain", "absolute", native=0, model=0, size=2),),
    model_dim=MODEL_DIM,
    frame="x ahead and y to the left [m]; the picture shows x upwards",
    gripper="none",
)

TICKS, REST = 10, 4
"""Of the way past the obstacle, and behind it."""

AHEAD, RADIUS, CLEARANCE, ASIDE = 0.25, 0.07, 0.15, 0.05
"""How far ahead the obstacle's centre lies, its radius, how far from it the point passes, and how far to a
side it may lie [m]."""

SIDE = 0.5
"""Of the square that is seen, from the start on [m]."""

BETWEEN = 20
"""Places of a tick that are looked at."""

FIRST_JUDGED, JUDGED = 6_300_000, 200
"""Seeds of the scenes that are judged."""


def scene(seed: int) -> tuple[np.ndarray, np.ndarray, float]:
    """The obstacle's centre [2], the picture, and the side that the coin chose, -1 or 1."""
    rng = np.random.default_rng([0xF02C, seed])
    centre = np.array([AHEAD, rng.uniform(-ASIDE, ASIDE)])
    x = SIDE * (1 - (np.arange(PIXELS) + 0.5) / PIXELS)
    y = SIDE * (0.5 - (np.arange(PIXELS) + 0.5) / PIXELS)
    covered = np.hypot(x[:, None] - centre[0], y[None] - centre[1]) < RADIUS
    picture = np.where(covered, 220, 30).astype(np.uint8)
    return centre, np.repeat(picture[..., None], 3, axis=2), float(rng.choice([-1.0, 1.0]))


def path(centre: np.ndarray, side: float) -> np.ndarray:
    """Where the point is at each tick [TICKS + REST + 1, 2]."""
    way = np.minimum(np.arange(TICKS + REST + 1) / TICKS, 1.0)
    return np.stack([2 * AHEAD * way, (centre[1] + side * CLEARANCE) * np.sin(np.pi * way)], axis=1)


def record(root: Path, episodes: int) -> None:
    """Seeds 0, 1, ..."""
    with LeRobotWriter(root, POINT, round(POINT.rate_hz), POINT.name) as writer:
        for seed in range(episodes):
            centre, picture, side = scene(seed)
            places = path(centre, side)
            for here, there in pairwise(places):
                writer.add_frame({"top": picture}, here, there, "pass the obstacle")
            writer.save_episode()


def answers(run: Path, who: str) -> Callable[[np.ndarray, int], np.ndarray]:
    """Commands [t, 2] from the start, for a picture and a seed."""
    policy = choice_policy(run) if who == "heads" else Policy(load(run / CHECKPOINT))
    start = np.zeros(2)
    return lambda picture, seed: policy.infer(
        Request({"top": picture}, start, "pass the obstacle", None, seed)
    )[0]


def clears(told: np.ndarray, centre: np.ndarray) -> bool:
    """Whether straight lines from the start through commands [t, 2] miss the obstacle and end behind it."""
    places = np.concatenate([np.zeros((1, 2)), told])
    ticks = np.arange(len(places))
    way = np.linspace(0, ticks[-1], BETWEEN * len(told) + 1)
    line = np.stack([np.interp(way, ticks, places[:, k]) for k in (0, 1)], axis=1)
    missed = np.hypot(*(line - centre).T) > RADIUS
    return bool(missed.all() and told[-1, 0] > AHEAD + RADIUS)


def judge(run: Path, who: str, out: Path) -> None:
    """How many scenes are passed at all, and on which side."""
    answer, passed, left = answers(run, who), 0, 0
    for seed in range(FIRST_JUDGED, FIRST_JUDGED + JUDGED):
        centre, picture, _ = scene(seed)
        told = answer(picture, seed)[:TICKS]
        passed += clears(told, centre)
        left += bool(told[TICKS // 2 - 1, 1] > centre[1])
    found = {"episodes": JUDGED, "successes": passed, "success_rate": passed / JUDGED}
    found |= {"ci95": list(report.wilson(passed, JUDGED)), "left": left, "first_seed": FIRST_JUDGED}
    about = {"written": report.now(), "code": report.code(), "machine": report.machine()}
    report.write(out, {**found, **about})
    print(f"{passed} of {JUDGED} passed, {left} on the left")


def main() -> None:
    """By the first argument."""
    what, *rest = sys.argv[1:]
    if what == "record":
        record(Path(rest[0]), int(rest[1]))
    else:
        judge(Path(rest[0]), rest[1], Path(rest[2]))


if __name__ == "__main__":
    main()
