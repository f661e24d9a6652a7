"""How far a linear rule gets that is told the last command. Usage: DATASET ROBOT RESULT

Each episode but the last is left out in turn: holding the last command, against ridge regressions of the
change from it on the state and the last command, over a range of penalties. Errors as in `xr0 open-loop`.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from xr0.bench.open_loop_errors import SPREAD_FLOOR, errors, spreads
from xr0.bench.open_loop_ridge import Moments
from xr0.data.source import Source
from xr0_robot import report
from xr0_robot.types import Embodiment

PENALTIES = tuple(10.0**power for power in range(-2, 4))


@dataclass(frozen=True)
class Frames:
    """All but the first of an episode: what is known [n, k], the command before [n, native], chunks
    [n, t, native], and which of their ticks the episode shows [n, t]."""

    known: np.ndarray
    last: np.ndarray
    chunks: np.ndarray
    shown: np.ndarray

    @staticmethod
    def of(source: Source, episode: int) -> Frames:
        """Read them."""
        found = source.windows(episode, np.arange(int(source.dataset.episodes.length[episode])))
        chunks = found.actions.astype(np.float64)
        last = chunks[:-1, 0]
        return Frames(np.concatenate([found.state[1:], last], axis=1), last, chunks[1:], ~found.pad[1:])


def compared(out: Frames, others: list[Frames], robot: Embodiment) -> dict[str, float]:
    """Mean error over the horizon in an episode that was left out, by rule."""
    known = np.concatenate([frames.known for frames in others])
    mean, std = known.mean(axis=0), np.maximum(known.std(axis=0), SPREAD_FLOOR)
    spread = spreads(np.concatenate([frames.chunks[:, 0] for frames in others]), robot)
    changes = np.concatenate([frames.chunks - frames.last[:, None] for frames in others])

    def inputs(known: np.ndarray) -> np.ndarray:
        return np.concatenate([(known - mean) / std, np.ones((len(known), 1))], axis=1)

    def error(change: np.ndarray) -> float:
        told = out.last[:, None] + change.reshape(out.chunks.shape)
        each = (errors(told, out.chunks, robot) / spread).mean(axis=-1)
        return float(each[out.shown].mean())

    moments = Moments.of(inputs(known), changes.reshape(len(known), -1))
    rules = {"hold": error(np.zeros_like(out.chunks))}
    return rules | {f"ridge {p:g}": error(inputs(out.known) @ moments.fit(p)) for p in PENALTIES}


def main() -> None:
    """Fit, compare, write."""
    root, robot_file, result = map(Path, sys.argv[1:])
    robot = Embodiment.from_dict(json.loads(robot_file.read_text()))
    source = Source.open(root, robot.ticks(1.0), robot)
    frames = [Frames.of(source, episode) for episode in range(len(source.dataset.episodes) - 1)]
    rules = [compared(out, [f for f in frames if f is not out], robot) for out in frames]
    made = {"written": report.now(), "code": report.code(), "machine": report.machine()}
    result.write_text(json.dumps({"what": __doc__, "episodes": rules, **made}, indent=1) + "\n")
    for episode, of_rules in enumerate(rules):
        print(episode, {name: round(value, 3) for name, value in of_rules.items()})


if __name__ == "__main__":
    main()
