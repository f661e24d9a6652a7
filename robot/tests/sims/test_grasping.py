"""A hand takes hold of a thing across its narrow side."""

import numpy as np
import pytest

from xr0_robot.sims import grasping


def test_the_narrow_side_of_a_box_is_found_however_it_lies():
    corners = np.array([[x, y, z] for x in (-0.04, 0.04) for y in (-0.02, 0.02) for z in (0.0, 0.1)])
    turn = np.deg2rad(35)
    turned = corners @ np.array(
        [[np.cos(turn), np.sin(turn), 0], [-np.sin(turn), np.cos(turn), 0], [0, 0, 1]]
    )
    across, width, middle = grasping.narrowest(turned + np.array([1.0, 2.0, 0.0]))
    assert width == pytest.approx(0.04, abs=1e-6)
    assert abs(across @ [-np.sin(turn), np.cos(turn), 0]) == pytest.approx(1.0, abs=1e-6)
    np.testing.assert_allclose(middle, [1.0, 2.0, 0.05], atol=1e-6)
