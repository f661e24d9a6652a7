"""Starts the processes of a command: policy servers (brain) and robots (body), and cleans up after them.

Each holds the end of a pipe (`xr0_robot.leash`), so none outlives this process, however it ends.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

READY = re.compile(r"xr0 serving on (ws://\S+)")
"""The server's first line once clients can connect."""

STOP_TIMEOUT_S = 10.0
"""For a server to finish what it is doing."""

ON_LEASH = (sys.executable, "-m", "xr0_robot.leash")
"""A module in this environment, for as long as this process lives; its stdin must be a pipe."""

ROBOT = (*ON_LEASH, "xr0_robot.cli")
"""The body's command line."""

SIMS = Path("data/sims")
"""Where `runs/sims` makes the environments of simulators, each a folder."""

POLICY, TACTILE = ("serve",), ("tactile", "serve")
"""Subcommands that serve a policy, and a tactile predictor."""

ONE_THREAD = {"OMP_NUM_THREADS": "1"}
"""A small model is fastest on one thread, and leaves the other cores to the robots."""


def robot(arguments: Sequence[str], python: str = sys.executable) -> int:
    """Run an `xr0-robot` subcommand in a process of its own; returns its exit status. python: of another
    environment, where a simulator is."""
    return subprocess.call([python, *ROBOT[1:], *arguments], stdin=subprocess.PIPE)


def simulator(name: str) -> str:
    """The Python of a benchmark's environment; RuntimeError, with the command that makes it, where there is
    none."""
    python = SIMS / name / "bin" / "python"
    if not python.exists():
        raise RuntimeError(f"simulator {name}: got no {python}; make it: runs/sims/{name}.sh")
    return str(python)


def robot_against_server(
    checkpoint: Path, arguments: Sequence[str], serve: Sequence[str] = POLICY, served: Sequence[str] = ()
) -> int:
    """One server, started by the subcommand `serve` with options `served`, and one robot connected to it."""
    with server(checkpoint, serve, served) as url:
        return robot([*arguments, "--url", url])


def sliced_rollout(
    checkpoint: Path,
    options: Sequence[str],
    episodes: int,
    first_seed: int,
    workers: int,
    out: Path,
    served: Sequence[str] = (),
    flight: Path | None = None,
) -> int:
    """`workers` pairs of server and robot share the seeds; their results are merged into `out`.

    options: of each robot's rollout; served: of each server; flight: folder for a log of each robot. Stopped
    half-way, `out` still gets the episodes that were run. Returns 0 only if all of them were.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    slices = _slices(episodes, first_seed, min(workers, episodes))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=".xr0-eval-", dir=out.parent)))
        parts = [folder / f"part-{k}.json" for k in range(len(slices))]
        urls = [stack.enter_context(server(checkpoint, options=served)) for _ in slices]
        processes = [
            _start_slice(url, [*options, *_recorded(flight, k)], slice_, part)
            for k, (url, slice_, part) in enumerate(zip(urls, slices, parts, strict=True))
        ]
        try:
            for process in processes:
                process.wait()
        finally:
            for process in processes:
                process.kill()
            status = _merge(parts, first_seed, episodes, out)
    return status


def _merge(parts: Sequence[Path], first_seed: int, episodes: int, out: Path) -> int:
    """One results file from those slices that wrote one; the exit status is 1 if an episode did not run."""
    written = [str(part) for part in parts if part.exists()]
    seeds = ["--first-seed", str(first_seed), "--episodes", str(episodes)]
    return robot(["merge", *written, "--json", str(out), *seeds]) if written else 1


@contextmanager
def server(
    checkpoint: Path | str, serve: Sequence[str] = POLICY, options: Sequence[str] = ()
) -> Iterator[str]:
    """A server on a free port of this machine; yields its url, stops it on leaving. options: further ones."""
    command = ("xr0.cli", *serve, str(checkpoint), "--port", "0", *options)
    with serving(f"xr0 {' '.join(serve)}", command) as (url, _):
        yield url


@contextmanager
def serving(name: str, command: Sequence[str]) -> Iterator[tuple[str, int]]:
    """A module with its arguments that prints READY's line; yields its url and the number of its process."""
    process = subprocess.Popen(
        [*ON_LEASH, *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **ONE_THREAD},
    )
    try:
        lines = process.stdout or ()  # iterating ends when the server does
        ready = next((found for line in lines if (found := READY.search(line))), None)
        if ready is None:
            raise RuntimeError(f"{name} stopped before it served (exit {process.wait()})")
        yield ready.group(1), process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()


def _recorded(flight: Path | None, worker: int) -> list[str]:
    """Two robots never share a log."""
    return [] if flight is None else ["--flight", str(flight / f"worker-{worker}")]


def _start_slice(
    url: str, options: Sequence[str], slice_: tuple[int, int], part: Path
) -> subprocess.Popen[bytes]:
    """A robot process that runs (first seed, count) episodes and writes `part`."""
    first, count = (str(number) for number in slice_)
    seeds = ["--first-seed", first, "--episodes", count]
    return subprocess.Popen(
        [*ROBOT, "rollout", *options, "--url", url, "--json", str(part), *seeds],
        env={**os.environ, **ONE_THREAD},
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    )


def _slices(episodes: int, first_seed: int, workers: int) -> list[tuple[int, int]]:
    """(first seed, count) for each worker."""
    counts = [episodes // workers + (k < episodes % workers) for k in range(workers)]
    return [(first_seed + sum(counts[:k]), count) for k, count in enumerate(counts)]
