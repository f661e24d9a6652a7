"""What is recorded of where hands are going is where they then close."""

import numpy as np
import pytest

from xr0_robot.features import ENVIRONMENT_STATE, OBJECT_PIXELS
from xr0_robot.sims import cameras
from xr0_robot.sims.two_arms.aims import COLUMNS
from xr0_robot.sims.world import open_demonstrator

CLOSES = 2
SIDES = ("left", "right")


@pytest.mark.parametrize("world", ["towels", "lego"])
def test_hands_close_where_they_were_going(world: str) -> None:
    demonstrator = open_demonstrator(world)
    table = demonstrator.env
    demonstrator.begin(3)
    was, last, closed = np.ones(2), {}, 0
    for _ in range(400):
        action = demonstrator.act()
        told = {name: np.reshape(value, (2, -1)) for name, value in demonstrator.numbers().items()}
        tools = table.tools()
        for k, side in enumerate(SIDES):
            opening = action[7 * k + 6]
            if was[k] > 0.5 >= opening and last:  # it is told to close
                assert np.linalg.norm(last[ENVIRONMENT_STATE][k] - tools[side][:3]) < 0.02
                seen = cameras.project(
                    table.model, table.data, table.embodiment.cameras[0], tools[side][None, :3]
                )[0]
                assert np.linalg.norm(last[OBJECT_PIXELS][k] - seen) < 5
                closed += 1
            was[k] = opening
        last = told
        table.apply(action)
        if closed >= CLOSES:
            break
    assert closed >= CLOSES
    assert {name: len(values) for name, values in COLUMNS.items()} == {ENVIRONMENT_STATE: 6, OBJECT_PIXELS: 4}
    table.close()
