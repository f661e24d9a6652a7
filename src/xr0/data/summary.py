"""What the numbers of a robot's data look like, for people to judge before they train on them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from xr0.data.moments import STD_FLOOR, Spread
from xr0.transform.normalize import Stats
from xr0_robot.types import Embodiment

HEAVY_TAIL = 5.0
"""Range of all values over that of the middle 98 %: a normal distribution has 2 to 3, a Laplace one 4."""


@dataclass(frozen=True)
class Summary:
    """What the data of one robot looks like in the model's space.

    actions: per tick [t, d]; state: [1, s]. actions_outside [d], state_outside [s]: share of the values
    outside of their q01 to q99.
    """

    robot: Embodiment
    frames: int
    windows: int
    stats: Stats
    actions: Spread
    state: Spread
    actions_outside: np.ndarray
    state_outside: np.ndarray

    def near_constant(self) -> list[str]:
        """Numbers that hardly move, whose std is the floor."""
        return self._named(lambda spread: spread.std.max(axis=0) < STD_FLOOR)

    def heavy_tailed(self) -> list[str]:
        """Numbers whose extremes lie far beyond where they usually are."""

        def heavy(spread: Spread) -> np.ndarray:
            usual = np.maximum(spread.q99 - spread.q01, STD_FLOOR)
            return ((spread.maximum - spread.minimum) / usual).max(axis=0) > HEAVY_TAIL

        return self._named(heavy)

    def lines(self) -> list[str]:
        """For people: a line per number, and those that stand out by name."""
        shown = [
            f"robot {self.robot.name}: {self.windows} windows of {self.stats.horizon} ticks, "
            f"of {self.frames} frames, statistics {self.stats.fingerprint[:12]}",
            f"{'':32} {'mean':>9} {'std':>9} {'min':>9} {'q01':>9} {'q99':>9} {'max':>9} {'outside':>8}",
        ]
        for kind, name, slot in self._slots():
            spread, outside = self._of(kind)
            mean, std = spread.mean[:, slot].mean(), spread.std[:, slot].mean()
            low, high = spread.minimum[:, slot].min(), spread.maximum[:, slot].max()
            q01, q99 = spread.q01[:, slot].min(), spread.q99[:, slot].max()
            values = " ".join(f"{value:9.4f}" for value in (mean, std, low, q01, q99, high))
            shown.append(f"{kind + ' ' + name:32} {values} {outside[slot]:8.2%}")
        shown += [f"near-constant: {name}, its std is set to {STD_FLOOR}" for name in self.near_constant()]
        shown += [f"heavy-tailed: {name}" for name in self.heavy_tailed()]
        return shown

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        numbers = {
            f"{kind} {name}": {
                **{key: array[:, slot].tolist() for key, array in vars(self._of(kind)[0]).items()},
                "outside": float(self._of(kind)[1][slot]),
            }
            for kind, name, slot in self._slots()
        }
        return {
            "robot": self.robot.name,
            "frames": self.frames,
            "windows": self.windows,
            "numbers": numbers,
            "near_constant": self.near_constant(),
            "heavy_tailed": self.heavy_tailed(),
            "stats": self.stats.to_dict(),
        }

    def _of(self, kind: str) -> tuple[Spread, np.ndarray]:
        if kind == "action":
            return self.actions, self.actions_outside
        return self.state, self.state_outside

    def _slots(self) -> Iterator[tuple[str, str, int]]:
        for kind, segments in (("action", self.robot.segments), ("state", self.robot.state_segments)):
            for segment in segments:
                for slot in range(*segment.model_slice.indices(self.robot.model_dim)):
                    yield kind, f"{segment.name}[{slot - segment.model_slice.start}]", slot

    def _named(self, stands_out: Callable[[Spread], np.ndarray]) -> list[str]:
        found = {"action": stands_out(self.actions), "state": stands_out(self.state)}
        return [f"{kind} {name}" for kind, name, slot in self._slots() if found[kind][slot]]
