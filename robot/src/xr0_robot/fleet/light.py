"""Robots that only say that they work: for a look at the page, and for its tests. Nothing moves."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import numpy as np

from xr0_robot.fleet.member import Member

SENTENCES = (
    "pick up the cup",
    "wipe the table",
    "close the drawer",
)

TICK_S = 0.5

HEIGHT, WIDTH = 96, 128

COLOURS = ((40, 90, 190), (190, 60, 50), (60, 140, 70), (210, 160, 50), (120, 80, 160))
"""Of the block, by robot."""


@dataclass(frozen=True)
class Pace:
    """piece_s: of a piece, scattered by a third; failure_rate: of them."""

    piece_s: float
    failure_rate: float


class LightRobot:
    """One, in a thread of its own. It fails at its `failure_rate`, or when `fail` is called, and waits for a
    person."""

    def __init__(self, url: str, name: str, seed: int, pace: Pace, api_key: str | None = None) -> None:
        self.member = Member(url, name, SENTENCES, api_key)
        self._pace, self._rng = pace, np.random.default_rng(seed)
        self._colour = COLOURS[seed % len(COLOURS)]
        self._done, self._fails = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def fail(self) -> None:
        """Fail within a tick."""
        self._fails.set()

    def close(self) -> None:
        """Leave."""
        self._done.set()
        self.member.close()
        self._thread.join()

    def _work(self) -> None:
        pieces, failures = 0, 0
        while not self._done.is_set():
            sentence = self.member.take_order() or SENTENCES[self._rng.integers(len(SENTENCES))]
            self.member.tell(instruction=sentence, latency_ms=float(self._rng.uniform(70, 110)))
            if self._piece() and not self._done.is_set():
                pieces += 1
                self.member.tell(pieces=pieces)
            elif not self._done.is_set():
                failures += 1
                self.member.tell(failures=failures)
                self.member.ask_for_help("dropped it, and cannot find it")

    def _piece(self) -> bool:
        """Whether it worked out."""
        ticks = max(1, round(self._pace.piece_s * self._rng.uniform(0.67, 1.33) / TICK_S))
        fails = self._rng.random() < self._pace.failure_rate
        for tick in range(ticks):
            self.member.show(picture(tick / ticks, self._colour))
            if self._fails.wait(TICK_S):
                self._fails.clear()
                return False
            while self.member.estop.poll() is not None and not self._done.is_set():
                self._done.wait(TICK_S)
            if self._done.is_set():
                return False
            self.member.tell(state="working", why="")
        return not fails


def picture(progress: float, colour: tuple[int, int, int] = COLOURS[0]) -> np.ndarray:
    """uint8 [HEIGHT, WIDTH, 3]: a block on its way from one side to the other."""
    image = np.full((HEIGHT, WIDTH, 3), 205, np.uint8)
    image[70:] = (150, 120, 90)
    left = int(10 + progress * (WIDTH - 40))
    image[50:70, left : left + 20] = colour
    return image


@contextmanager
def light_robots(
    url: str, count: int, pace: Pace, api_key: str | None = None, first: int = 1
) -> Iterator[list[LightRobot]]:
    """So many of them, "light 001" and on, until the context is left."""
    with ExitStack() as stack:
        robots: list[LightRobot] = []
        for number in range(first, first + count):
            robot = LightRobot(url, f"light {number:03d}", number, pace, api_key)
            stack.callback(robot.close)
            robots.append(robot)
        yield robots
