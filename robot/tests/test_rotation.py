"""Rotations against known answers and round trips, half turns included."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xr0_robot import rotation

angles = st.floats(-np.pi, np.pi)


@pytest.mark.parametrize("axis", range(3))
def test_quarter_turn_moves_the_next_axis(axis: int) -> None:
    rotvec = np.zeros(3)
    rotvec[axis] = np.pi / 2
    turned = rotation.exp(rotvec) @ np.eye(3)[(axis + 1) % 3]
    np.testing.assert_allclose(turned, np.eye(3)[(axis + 2) % 3], atol=1e-12)


@given(st.tuples(angles, angles, angles))
def test_log_inverts_exp(rotvec: tuple[float, float, float]) -> None:
    matrix = rotation.exp(np.array(rotvec))
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(3), atol=1e-12)
    np.testing.assert_allclose(rotation.exp(rotation.log(matrix)), matrix, atol=1e-7)


@pytest.mark.parametrize("axis", [(1, 0, 0), (0, 1, 0), (0, 0, 1), (0.6, 0.8, 0.0)])
def test_half_turn_keeps_its_angle(axis: tuple[float, float, float]) -> None:
    assert np.linalg.norm(rotation.log(rotation.exp(np.pi * np.array(axis)))) == pytest.approx(np.pi)


def test_a_stack_equals_one_by_one() -> None:
    rotvecs = np.random.default_rng(0).normal(size=(4, 5, 3))
    matrices = rotation.exp(rotvecs)
    one_by_one = np.array([[rotation.exp(v) for v in row] for row in rotvecs])
    np.testing.assert_allclose(matrices, one_by_one, atol=1e-12)
    logs = rotation.log(matrices)
    np.testing.assert_allclose(logs[2, 3], rotation.log(matrices[2, 3]), atol=1e-12)


def test_angle_between_is_symmetric_and_known() -> None:
    a, b = np.array([0.0, 0.0, 0.3]), np.array([0.0, 0.0, -0.4])
    assert rotation.angle_between(a, b) == pytest.approx(0.7)
    assert rotation.angle_between(b, a) == pytest.approx(0.7)
