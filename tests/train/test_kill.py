"""kill -9 at any moment costs the steps since the last save, and changes nothing: neither weights nor log.

The runs are forked from an interpreter that has not trained, which spares each its imports.
"""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from small_run import HELD_OUT, HERE, SETTINGS, Regression, batches, run

from xr0.train.loop import train

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]
"""On busy cores an interpreter needs a minute to start; the common limit of 120 s is the
likeliest reason, not a shown one, why a test of two processes once failed."""

SEED, KILLS, LONGEST_S = 12, 12, 0.4
FILE_CALLS = ((os, "fsync"), (Path, "rename"), (Path, "replace"), (shutil, "rmtree"))
"""Each is a moment inside a save, or beside one, at which what is on disk changes."""


def train_to_the_end(out: Path) -> None:
    done = train(Regression(), batches, HELD_OUT, replace(SETTINGS, ema=0.9), HERE, run(out))
    torch.save(done.state_dict(), out / "final.pt")


def forked(work: Callable[[], None], kill_after_s: float | None = None) -> bool:
    """Do it in a child process; whether it lived to its end."""
    child = os.fork()
    if child == 0:
        work()
        os._exit(0)
    if kill_after_s is not None:
        time.sleep(kill_after_s)
        os.kill(child, signal.SIGKILL)
    return os.waitpid(child, 0)[1] == 0


def killing_itself_at_call(number: int, out: Path) -> None:
    """Train, but for the moment before the so-maniest change of files."""
    count = 0

    def deadly(call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*arguments: Any, **options: Any) -> Any:
            nonlocal count
            count += 1
            if count == number:
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*arguments, **options)

        return wrapped

    for owner, name in FILE_CALLS:
        setattr(owner, name, deadly(getattr(owner, name)))
    train_to_the_end(out)


def at_each_change_of_files(folder: Path) -> None:
    """A run killed before each change of a file in turn, each going on to its end afterwards."""
    number, finished = 0, False
    while not finished:
        number += 1
        out = folder / f"call-{number}"
        finished = forked(lambda n=number, o=out: killing_itself_at_call(n, o))
        assert forked(lambda o=out: train_to_the_end(o))


def at_random(folder: Path) -> None:
    """One run, slowed down, killed over and over."""
    moments = random.Random(SEED)

    def slowly(call: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *arguments, **options: (time.sleep(0.02), call(*arguments, **options))[1]

    os.fsync = slowly(os.fsync)
    killed = [
        not forked(lambda: train_to_the_end(folder), moments.uniform(0, LONGEST_S)) for _ in range(KILLS)
    ]
    assert any(killed)
    assert forked(lambda: train_to_the_end(folder))


def whole(folder: Path) -> None:
    train_to_the_end(folder)


def learnt(out: Path) -> list[dict]:
    rows = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    return [{k: v for k, v in row.items() if k not in {"seconds", "data_wait"}} for row in rows]


def assert_same(out: Path, other: Path) -> None:
    assert learnt(out) == learnt(other)
    one, two = (torch.load(folder / "final.pt", weights_only=True) for folder in (out, other))
    for name, value in one.items():
        assert torch.equal(value, two[name]), (out.name, name)
    assert [path.name for path in out.glob("state*")] == ["state-00000006"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    done = subprocess.run(
        [sys.executable, __file__, str(folder)],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


def test_a_kill_inside_a_save(folder: Path) -> None:
    runs = list(folder.glob("call-*"))
    assert len(runs) > 10
    for out in runs:
        assert_same(out, folder / "whole")


def test_kills_at_random_moments(folder: Path) -> None:
    assert_same(folder / "random", folder / "whole")


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    at_random(folder / "random")
    at_each_change_of_files(folder)
    whole(folder / "whole")
