"""Batches come in order from any number of workers; an error comes as it was; nothing outlives the run."""

import os
import subprocess
import sys
import time

import pytest
import torch

from xr0.data.loader import ahead


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_batches_come_in_order(workers):
    made = list(ahead(lambda k: (torch.full((2,), k), f"batch {k}"), 3, 9, workers))
    assert [int(batch[0]) for batch, _ in made] == list(range(3, 9))
    assert [name for _, name in made] == [f"batch {k}" for k in range(3, 9)]


@pytest.mark.parametrize("workers", [0, 2])
def test_an_error_is_raised_when_its_turn_comes(workers):
    def make(k):
        if k == 2:
            raise FileNotFoundError("my_set, episode 3: the file is missing")
        return k

    batches = ahead(make, 0, 5, workers)
    assert [next(batches), next(batches)] == [0, 1]
    with pytest.raises(FileNotFoundError) as caught:
        next(batches)
    assert str(caught.value) == "my_set, episode 3: the file is missing"


def running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_workers_end_with_the_iterator():
    batches = ahead(lambda _: os.getpid(), 0, 100, 2)
    workers = {next(batches) for _ in range(4)}
    assert len(workers) == 2 and all(map(running, workers))
    batches.close()
    assert not any(map(running, workers))


KILLED = """
import os, signal
from xr0.data.loader import ahead
batches = ahead(lambda _: os.getpid(), 0, 100, 2)
print(*(next(batches) for _ in range(4)), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.slow
def test_workers_end_when_the_run_is_killed():
    killed = subprocess.run([sys.executable, "-c", KILLED], capture_output=True, text=True, check=False)
    workers = {int(pid) for pid in killed.stdout.split()}
    assert len(workers) == 2
    for _ in range(200):
        if not any(map(running, workers)):
            return
        time.sleep(0.1)
    raise AssertionError(f"{workers} still run")
