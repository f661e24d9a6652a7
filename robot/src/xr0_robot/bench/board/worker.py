"""One simulator's process: it opens tasks, and runs an episode at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, cast

from xr0_robot.bench.board import chain, pieces
from xr0_robot.bench.board.expert import ExpertPolicy, Unseen
from xr0_robot.bench.board.settings import Job, Settings
from xr0_robot.bench.rollout import Episode, EpisodeResult, Watcher, rollout
from xr0_robot.client import Client
from xr0_robot.executor.tick import Tick, one_line
from xr0_robot.leash import follow_parent
from xr0_robot.sims.benchmark import ChainEnv, PieceEnv, TaskEnv, open_env
from xr0_robot.types import Observation

CANNOT = "cannot"
"""Key of the answer of a worker that cannot do its work: what is missing, in one line."""


@dataclass(frozen=True)
class Work:
    """What all workers of a board do. url: of the policy server, None for the experts; films: folder for a
    film of each task's first episode, or of each of its legs; drafts: beginning of the names of files in
    which an episode of many pieces is written while it goes on."""

    settings: Settings
    url: str | None
    api_key: str | None = None
    films: Path | None = None
    drafts: Path | None = None


class Worker:
    """Keeps one task's Env open: to build a scene takes seconds."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._client = None if work.url is None else Client(work.url, api_key=work.api_key)
        self._open: tuple[str, TaskEnv] | None = None

    def run(self, job: Job) -> dict[str, Any]:
        """The episode's row."""
        task, seed = job
        begun_s = time.monotonic()
        row = self._run(self._env(task), task, seed)
        took_s = round(time.monotonic() - begun_s, 2)
        return {"task": task, **row, "took_s": took_s}

    def close(self) -> None:
        """Free the simulator and the connection."""
        if self._open is not None:
            self._open[1].close()
        if self._client is not None:
            self._client.close()

    def _env(self, task: str) -> TaskEnv:
        if self._open is not None and self._open[0] != task:
            self._open[1].close()
            self._open = None
        if self._open is None:
            settings = self._work.settings
            if self._client is None:
                robot = settings.protocol.scaled(None)
            else:
                robot = settings.protocol.robot_for(self._client.embodiment)
            self._open = task, open_env(settings.benchmark, task, robot, settings.look)
        return self._open[1]

    def _run(self, env: TaskEnv, task: str, seed: int) -> dict[str, Any]:
        """All legs, as far as they are done."""
        count = self._work.settings.protocol.legs
        legs = [self._leg(env, task, seed, 1, None)]
        while legs[-1].success and len(legs) < count:
            legs.append(self._leg(env, task, seed, len(legs) + 1, cast(ChainEnv, env).go_on))
        rows = [leg.row() for leg in legs]
        if self._client is None:  # asked in every tick, it takes no time: nothing to report
            rows = [{**row, "latencies_ms": []} for row in rows]
        if self._work.settings.protocol.pieces:
            return {**rows[0], **pieces.row(cast(PieceEnv, env).account())}
        return rows[0] if count == 1 else chain.row(rows, count)

    def _leg(
        self, env: TaskEnv, task: str, seed: int, number: int, begin: Callable[[], str] | None
    ) -> EpisodeResult:
        settings = self._work.settings
        policy = self._client or ExpertPolicy(settings.benchmark, env)
        clock, inference = settings.timing(policy)
        film = self._film(env) if seed == settings.first_seed else None
        draft = self._draft(env, task, seed)
        looks = film is not None or self._client is not None
        try:
            result = rollout(
                env if looks else Unseen(env),
                Episode(seed),
                inference=inference,
                strategy=settings.strategy(),
                clock=clock,
                limits=settings.protocol.limits,
                time_limit_s=settings.protocol.task(task).ticks * env.embodiment.dt,
                settle_s=settings.protocol.settle_s,
                watch=_all([watcher for watcher in (film, draft) if watcher is not None]),
                begin=begin,
            )
        finally:
            inference.close()
        if draft is not None:
            draft.drop()
        if film is not None and self._work.films is not None:
            which = "" if settings.protocol.legs == 1 else f"_{number}"
            name = f"{task.replace('/', '-')}{which}.mp4"
            film.save(result, self._work.films / name, f"{settings.benchmark} {task}, {settings.mode}")
        return result

    def _draft(self, env: TaskEnv, task: str, seed: int) -> pieces.Draft | None:
        """What writes an episode of many pieces while it goes on."""
        beginning = self._work.drafts
        if beginning is None or not self._work.settings.protocol.pieces:
            return None
        path = beginning.with_name(f"{beginning.name}.{task}-{seed}.draft.json")
        return pieces.Draft(cast(PieceEnv, env), path)

    def _film(self, env: TaskEnv) -> Any:
        """What films an episode, where films are wanted."""
        if self._work.films is None:
            return None
        from xr0_robot.bench.video import Recorder  # noqa: PLC0415 (no film, no video library)

        return Recorder(env.embodiment)


def _all(watchers: Sequence[Watcher]) -> Watcher:
    """One after the other."""

    def watch(tick: Tick, observe: Callable[[], Observation]) -> None:
        for watcher in watchers:
            watcher(tick, observe)

    return watch


def work_on(connection: Connection, work: Work) -> None:
    """A worker's process: jobs come in, rows go out, until there is no other end."""
    follow_parent()
    try:
        worker = Worker(work)
        try:
            while True:
                connection.send(worker.run(connection.recv()))
        finally:
            worker.close()
    except EOFError:
        pass
    except Exception as error:  # noqa: BLE001 (a simulator is foreign code; what it lacks is said in one line)
        connection.send({CANNOT: one_line(error)})
