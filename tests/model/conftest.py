"""One small model for all tests of this folder."""

import pytest
import small_model

from xr0.model.vla import VLA


@pytest.fixture(scope="session")
def small() -> VLA:
    return small_model.build()
