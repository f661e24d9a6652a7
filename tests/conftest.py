"""Where the golden tensors and the real data lie."""

import os
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parent / "golden"
SHARED = Path(__file__).resolve().parents[2] / "shared"
"""Real data: beside the repository, and absent for most people."""


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is made of datasets once is made anew in each session of tests."""
    os.environ["XR0_CACHE"] = str(tmp_path_factory.mktemp("cache"))
    return Path(os.environ["XR0_CACHE"])


@pytest.fixture(scope="session")
def golden_dir() -> Path:
    return GOLDEN


@pytest.fixture(scope="session")
def g1_dir() -> Path:
    path = SHARED / "data/g1_bottle_v21"
    if not path.exists():
        pytest.skip(f"{path.name}: no such folder in {SHARED.name}/ beside the repository")
    return path
