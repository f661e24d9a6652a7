"""Hands episodes to simulator processes. A simulator may die of its own faults: it is started again, its
episode run once more, and both are counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from xr0_robot import report
from xr0_robot.bench.board.settings import Job
from xr0_robot.bench.board.worker import CANNOT

TRIES = 2
"""Of an episode whose simulator dies."""


@dataclass
class Member:
    """A process, and the episode that it is at."""

    process: BaseProcess
    connection: Connection
    job: Job

    def give(self, job: Job) -> None:
        """The next episode."""
        self.job = job
        self.connection.send(job)


def rows(
    jobs: Sequence[Job], work_on: Callable[..., None], work: Any, workers: int
) -> Iterator[dict[str, Any]]:
    """Each job's row, as it comes; `crashes` says how often its simulator died.

    work_on(connection, work): what a process does, at module level so that it can be started anew.
    RuntimeError, with its reason, if a worker cannot work. However this ends, the processes end.
    """
    waiting, crashes = list(jobs), dict.fromkeys(jobs, 0)
    crew: dict[Connection, Member] = {}
    try:
        while waiting or crew:
            while waiting and len(crew) < workers:
                member = _start(work_on, work, _next(waiting, "", crew.values()))
                crew[member.connection] = member
            for connection in wait(list(crew)):
                member = crew[connection]  # type: ignore[index]
                try:
                    answer = member.connection.recv()
                except EOFError:
                    del crew[member.connection]
                    crashes[member.job] += 1
                    if crashes[member.job] < TRIES:
                        waiting.insert(0, member.job)
                    else:
                        yield _lost(member, crashes[member.job])
                    continue
                if CANNOT in answer:
                    raise RuntimeError(answer[CANNOT])
                yield answer | {"crashes": crashes[member.job]}
                if waiting:
                    member.give(_next(waiting, member.job[0], crew.values()))
                else:
                    del crew[member.connection]
                    member.connection.close()  # it ends by itself
    finally:
        for member in crew.values():
            member.process.kill()


def _start(work_on: Callable[..., None], work: Any, job: Job) -> Member:
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=work_on, args=(theirs, work))
    process.start()
    theirs.close()  # so that reading ends when the process does
    member = Member(process, ours, job)
    member.give(job)
    return member


def _next(waiting: list[Job], open_task: str, crew: Any) -> Job:
    """An episode of the task that is open; else of one that nobody is at, else any. It waits no longer."""
    taken = {member.job[0] for member in crew}
    ranked = sorted(waiting, key=lambda job: (job[0] != open_task, job[0] in taken))
    waiting.remove(ranked[0])
    return ranked[0]


def _lost(member: Member, crashes: int) -> dict[str, Any]:
    member.process.join()
    task, seed = member.job
    error = f"the simulator died {crashes} times, last with exit status {member.process.exitcode}"
    what = {"task": task, "seed": seed, "success": False, "error": error}
    return {**what, "crashes": crashes, "code": report.code()}
