"""Robots of a cluster: real executors and clients at 30 Hz, each a thread; what each went through."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from load.policy import Timed
from xr0.serve.dispatch import Question
from xr0_robot import wire
from xr0_robot.bench.execution import Execution
from xr0_robot.bench.rollout import Episode, rollout
from xr0_robot.client import Client, NotNow
from xr0_robot.deadlines import Deadlines
from xr0_robot.executor.observer import Setup
from xr0_robot.robots.mock import LIMITS, MOCK, MockEnv

SPREAD_S = 1 / 3
"""Robots come within one period of theirs: they do not ask in step."""


MOST_ROBOTS = 64
"""Threads that are kept for them."""


class Told(Timed):
    """A policy that takes a given time, keeps the robot where it is, and tells which process answers."""

    def __init__(self, batch_s: float, request_s: float, process: int) -> None:
        super().__init__(batch_s, request_s)
        self._process = np.array([process], np.float64)

    def metadata(self) -> dict[str, Any]:
        """With features: the process."""
        return {**super().metadata(), wire.FEATURES: True}

    def read(self, request: dict[str, Any]) -> Question:
        """The state."""
        return Question(None, np.asarray(request[wire.STATE], np.float32))

    def infer(self, questions: Sequence[Any]) -> list[dict[str, Any]]:
        """The state, again and again."""
        answers = super().infer(questions)
        rows = len(answers[0][wire.ACTIONS])
        return [
            {**answer, wire.ACTIONS: np.tile(state, (rows, 1)), wire.FEATURES: self._process}
            for answer, state in zip(answers, questions, strict=True)
        ]


class Working(MockEnv):
    """A robot whose work is never done."""

    def success(self) -> bool:
        """It goes on."""
        return False


@dataclass
class History:
    """What happened to one robot, an observer of its executor; times in s by time.monotonic.

    answered: when, and by which process; failed: requests that were lost; refused: told `not now`.
    """

    began_s: float = 0.0
    ended_s: float = 0.0
    answered: list[tuple[float, int]] = field(default_factory=list)
    failed: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    error: str | None = None
    stood_s: float = 0.0
    """The longest time without a command to execute, once it had begun to move."""
    ticks: int = 0
    missed_ticks: int = 0
    """Those that its own loop came too late for, as other programs had the processor."""

    def begin(self, setup: Setup, executor: object) -> None:
        """An episode."""

    def note(self, event: str, **values: Any) -> None:
        """Of all that happens, the answers."""
        now_s = time.monotonic()
        if event == "reply":
            self.answered.append((now_s, int(values["chunk"].features[0])))
        elif event == "failure":
            (self.refused if isinstance(values["error"], NotNow) else self.failed).append(now_s)

    def end(self, error: str | None) -> None:
        """It has gone, and why before its time."""
        self.ended_s, self.error = time.monotonic(), error


def longest_idle(freshness: Sequence[str]) -> int:
    """The most ticks in a row without a command, behind the first that had one."""
    longest = row = 0
    moves = False
    for each in freshness:
        moves = moves or each != "idle"
        row = row + 1 if moves and each == "idle" else 0
        longest = max(longest, row)
    return longest


def work(url: str, api_key: str, history: History, seed: int, patience_s: float, until_s: float) -> None:
    """One robot, from its connection on."""
    time.sleep(np.random.default_rng(seed).uniform(0.0, SPREAD_S))
    try:
        policy = Client(url, api_key=api_key)
    except ConnectionError as error:
        history.end(str(error))
        return
    settings = Execution("async", "wall")
    with policy:
        clock, inference = settings.timing(policy)
        try:
            result = rollout(
                Working(),
                Episode(seed),
                inference=inference,
                strategy=settings.strategy(),
                clock=clock,
                limits=LIMITS,
                time_limit_s=until_s - time.monotonic(),
                deadlines=Deadlines(patience_s=patience_s),
                observer=history,
            )
        finally:
            inference.close()
    history.end(result.error)
    history.ticks, history.missed_ticks = len(result.ticks), result.missed_ticks
    history.stood_s = longest_idle([tick.freshness for tick in result.ticks]) / MOCK.rate_hz


class Fleet:
    """Robots that come when they are sent, and go when they are told beforehand."""

    def __init__(self, url: str, api_key: str, first_seed: int, patience_s: float) -> None:
        self._work = partial(work, url, api_key)
        self._first_seed, self._patience_s = first_seed, patience_s
        self._threads = ThreadPoolExecutor(MOST_ROBOTS)
        self._working: list[Future[None]] = []
        self.robots: list[History] = []

    def send(self, until_s: float) -> None:
        """One more, until then."""
        history = History(time.monotonic())
        seed = self._first_seed + len(self.robots)
        self.robots.append(history)
        self._working.append(self._threads.submit(self._work, history, seed, self._patience_s, until_s))

    def wait(self) -> None:
        """Until all have gone; raises what any of them did."""
        with self._threads:
            for working in self._working:
                working.result()
