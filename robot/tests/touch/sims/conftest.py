import pytest

import xr0_robot.sims  # noqa: F401 (before MuJoCo: it chooses the OpenGL library)

pytest.importorskip("mujoco")
