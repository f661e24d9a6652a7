"""Where the golden tensors and the real data lie: beside the repository, and absent for most people."""

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"


def shared(name: str) -> Path:
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"{name}: no such folder in {SHARED.name}/ beside the repository")
    return path


@pytest.fixture(scope="session")
def parity_dir() -> Path:
    return shared("parity")


@pytest.fixture(scope="session")
def g1_dir() -> Path:
    return shared("data/g1_bottle_v21")
