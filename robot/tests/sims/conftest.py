from importlib.util import find_spec
from pathlib import Path

import pytest

import xr0_robot.sims  # noqa: F401 (before MuJoCo: it chooses the OpenGL library)

WITHOUT_MUJOCO = ("calvin", "simpler")
collect_ignore = (
    []
    if find_spec("mujoco")
    else [p.name for p in Path(__file__).parent.iterdir() if p.name not in WITHOUT_MUJOCO]
)


@pytest.fixture(scope="package")
def env():
    """One world for all tests: it must not remember an earlier episode."""
    from xr0_robot.sims.bricks.world import open_table

    env = open_table("trained")
    yield env
    env.close()


@pytest.fixture(scope="package")
def perturbed_env():
    from xr0_robot.sims.brick_table.env import Options
    from xr0_robot.sims.bricks.world import open_table

    env = open_table("trained")
    env.options = Options(random_start=True, perturb=True)
    yield env
    env.close()


@pytest.fixture(scope="package", params=["bricks", "bricks_joints", "edges", "stacking"])
def table(request):
    """Each world at the brick table, for what all of them promise."""
    from xr0_robot.sims.world import open_demonstrator

    table = open_demonstrator(request.param).env
    yield table
    table.close()


@pytest.fixture(scope="package")
def joints():
    """The five-joint robot's table."""
    from xr0_robot.sims.bricks_joints.world import open_table

    table = open_table("trained")
    yield table
    table.close()


@pytest.fixture(scope="package")
def edges():
    """The table whose edges are asked for."""
    from xr0_robot.sims.edges.world import open_table

    table = open_table("trained")
    yield table
    table.close()


@pytest.fixture(scope="package")
def stacking():
    """The stacking table."""
    from xr0_robot.sims.stacking.world import open_table

    table = open_table("trained")
    yield table
    table.close()
