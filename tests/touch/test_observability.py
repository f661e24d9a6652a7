"""What touch cannot tell is known beforehand: the closing axis always, a rod's slide, a disc's turn."""

import numpy as np
import pytest

from xr0.touch.observability import Probe
from xr0_robot.touch.sensor.prisms import ROUND, facing, rectangle, regular, upright
from xr0_robot.touch.sensor.shapes import Shape

PROBE = Probe()
CENTRED = np.eye(4)[None]
BOX = Shape("box", "box", (facing(rectangle(4.0, 7.0), 6.0),))
ROD = Shape("rod", "rod", (upright(regular(96, 3.0), 40.0),))
DISC = Shape("disc", "disc", (facing(regular(96, 3.5), 5.0),))


@pytest.mark.parametrize(
    ("shape", "hidden"), [(BOX, [0]), (ROD, [0, 2, 5]), (DISC, [0, 3])], ids=["box", "rod", "disc"]
)
def test_hidden_motions_are_dropped_and_the_others_kept(shape: Shape, hidden: list[int]) -> None:
    found = PROBE.observable([shape], CENTRED)
    assert found.dropped[0] == len(hidden)
    units = np.eye(6) * [1, 1, 1, 0.1, 0.1, 0.1]
    for k, unit in enumerate(units):
        left = found.part(unit[None])[0]
        if k in hidden:
            assert np.abs(left / [1, 1, 1, 0.1, 0.1, 0.1]).max() < 0.2
        else:
            assert left[k] / unit[k] > 0.9


def test_a_rod_aslant_hides_the_motion_along_itself() -> None:
    turn = np.deg2rad(30.0)
    c, s = np.cos(turn), np.sin(turn)
    aslant = np.eye(4)
    aslant[1:3, 1:3] = [[c, -s], [s, c]]
    found = PROBE.observable([ROD], aslant[None])
    along, across = np.array([0, -s, c, 0, 0, 0]), np.array([0, c, s, 0, 0, 0])
    assert np.linalg.norm(found.part(along[None])[0][:3]) < 0.05
    assert found.part(across[None])[0] @ across > 0.95


def test_a_circle_of_corners_is_round_to_the_touch() -> None:
    found = PROBE.observable([Shape("d", "disc", (facing(regular(ROUND, 4.0), 5.0),))], CENTRED)
    assert found.dropped[0] == 2
