"""Rotations in every representation, against scipy's numbers and plain matrix products."""

from itertools import product

import numpy as np
import pytest

from xr0_robot import representations, rotation

EVERY = pytest.mark.parametrize("representation", sorted(representations.NAMES))

MATRIX = np.array(
    [
        [-0.3182866566962367, -0.7894592495370373, 0.5248311133017456],
        [0.6954690328255114, -0.5706717054688973, -0.4366424497892613],
        [0.644217687237691, 0.22602632124962302, 0.7306816499355123],
    ]
)
"""scipy 1.17: Rotation.from_euler("xyz", [0.3, -0.7, 2.0]).as_matrix(), and the same in other numbers."""

SCIPY = {
    "axis_angle": [0.8894609425601242, -0.1602455091034597, 1.9931310594186384],
    "quaternion_xyzw": [0.3611451920063274, -0.06506400942884427, 0.8092651005851924, 0.45872739393085576],
    "quaternion_wxyz": [0.45872739393085576, 0.3611451920063274, -0.06506400942884427, 0.8092651005851924],
    "matrix": MATRIX.ravel(),
    "rotation_6d": MATRIX[:, :2].T.ravel(),
    "euler_xyz": [0.3, -0.7, 2.0],
    "euler_zyx": [1.9540328761222296, 0.5525166923204501, 0.538639912459166],
    "euler_yxz": [-0.722593384546245, 0.22799649444002634, 2.196703044156599],
    "euler_XYZ": [0.538639912459166, 0.5525166923204501, 1.9540328761222296],
    "euler_YZX": [-2.029686226610172, 0.7690724383152832, 2.4884735853938342],
    "euler_ZYX": [2.0, -0.7, 0.3],
}


@pytest.mark.parametrize("representation", sorted(SCIPY))
def test_the_numbers_are_scipys(representation):
    np.testing.assert_allclose(
        representations.from_matrix(MATRIX, representation), SCIPY[representation], atol=1e-12
    )
    np.testing.assert_allclose(
        representations.to_matrix(np.array(SCIPY[representation]), representation), MATRIX, atol=1e-12
    )


@pytest.mark.parametrize("name", representations.EULER)
@pytest.mark.parametrize("angles", np.random.default_rng(1).uniform(-np.pi, np.pi, (5, 3)).tolist())
def test_fixed_axes_turn_from_the_left_and_turning_ones_from_the_right(name, angles):
    matrix = np.eye(3)
    for axis, angle in zip(name[-3:], angles, strict=True):
        c, s = np.cos(angle), np.sin(angle)
        about = {
            "x": np.array([[1, 0, 0], [0, c, -s], [0, s, c]]),
            "y": np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]]),
            "z": np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]),
        }[axis.lower()]
        matrix = about @ matrix if axis.islower() else matrix @ about
    np.testing.assert_allclose(representations.to_matrix(np.array(angles), name), matrix, atol=1e-12)


@EVERY
def test_every_rotation_comes_back(representation):
    """Quarter and half turns and products of them, what lies close by, and any."""
    corners = np.array(list(product([0.0, 1e-8, np.pi / 2, -np.pi], repeat=3)))
    anywhere = np.random.default_rng(0).uniform(-np.pi, np.pi, (500, 3))
    corner = rotation.exp(corners)
    matrices = np.concatenate([corner, corner @ corner[::-1], rotation.exp(anywhere)])
    numbers = representations.from_matrix(matrices, representation)
    assert numbers.shape == (len(matrices), len(representations.NAMES[representation]))
    np.testing.assert_allclose(representations.to_matrix(numbers, representation), matrices, atol=1e-8)


@pytest.mark.parametrize("name", representations.EULER)
@pytest.mark.parametrize("second", [np.pi / 2, -np.pi / 2])
def test_where_two_euler_axes_coincide_the_first_does_not_turn(name, second):
    matrix = representations.to_matrix(np.array([0.4, second, -1.1]), name)
    angles = representations.from_matrix(matrix, name)
    assert angles[2 if name[-3:].isupper() else 0] == 0.0
    np.testing.assert_allclose(representations.to_matrix(angles, name), matrix, atol=1e-9)


@EVERY
def test_a_stack_equals_one_by_one(representation):
    matrices = rotation.exp(np.random.default_rng(0).normal(size=(4, 5, 3)))
    numbers = representations.from_matrix(matrices, representation)
    one_by_one = [[representations.from_matrix(m, representation) for m in row] for row in matrices]
    np.testing.assert_allclose(numbers, one_by_one, atol=1e-12)
    np.testing.assert_allclose(representations.to_matrix(numbers, representation), matrices, atol=1e-12)


@pytest.mark.parametrize("representation", ["quaternion_xyzw", "quaternion_wxyz", "rotation_6d", "matrix"])
def test_few_decimals_make_a_rotation_and_missing_values_none(representation):
    exact = representations.from_matrix(MATRIX, representation)
    rounded = representations.to_matrix(exact.round(2), representation)
    np.testing.assert_allclose(rounded.T @ rounded, np.eye(3), atol=1e-12)
    np.testing.assert_allclose(rounded, MATRIX, atol=0.03)
    for wrong in (np.zeros_like(exact), 1.1 * exact, np.full_like(exact, np.nan)):
        with pytest.raises(
            ValueError, match=rf"got \[.*\], expected a rotation as {representation}"
        ) as caught:
            representations.to_matrix(np.stack([exact, wrong]), representation)
        assert "\n" not in str(caught.value)


def test_a_mirror_is_no_rotation():
    with pytest.raises(ValueError, match="expected a rotation as matrix"):
        representations.to_matrix(np.diag([1.0, 1.0, -1.0]).ravel(), "matrix")
