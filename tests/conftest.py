"""Where the golden tensors and the real data lie."""

from pathlib import Path

import pytest

GOLDEN = Path(__file__).parent / "golden"
SHARED = Path(__file__).resolve().parents[2] / "shared"
"""Real data: beside the repository, and absent for most people."""


@pytest.fixture(scope="session")
def golden_dir() -> Path:
    return GOLDEN


@pytest.fixture(scope="session")
def g1_dir() -> Path:
    path = SHARED / "data/g1_bottle_v21"
    if not path.exists():
        pytest.skip(f"{path.name}: no such folder in {SHARED.name}/ beside the repository")
    return path
