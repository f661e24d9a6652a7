"""A policy of the benchmark that nobody trained: as smooth as noise, and as quick."""

import pytest
import torch

from xr0.config import WINDOWED
from xr0.seam import probe
from xr0.seam.checkpoint import SeamCheckpoint
from xr0.seam.model import StateExpert
from xr0.seam.samples import Shown


@pytest.fixture(scope="session", autouse=True)
def few_scenes():
    patch = pytest.MonkeyPatch()
    patch.setattr(probe, "SCENES", range(400_000, 400_003))
    yield
    patch.undo()
    probe.scenes.cache_clear()


@pytest.fixture(scope="session")
def shown() -> Shown:
    return Shown.record("intercept", 4)


@pytest.fixture(scope="session")
def untrained(shown: Shown) -> SeamCheckpoint:
    torch.manual_seed(0)
    return SeamCheckpoint(StateExpert().eval(), shown.robot, WINDOWED)
