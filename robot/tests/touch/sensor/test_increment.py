"""The increment does not know the object's frame, and moving by it arrives."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from xr0_robot.touch.sensor import increment

numbers = st.floats(-3.0, 3.0)
poses = st.tuples(*[numbers] * 6).map(lambda v: increment.to_matrix(np.array(v) * [3, 3, 3, 0.5, 0.5, 0.5]))


@settings(max_examples=50)
@given(poses, poses)
def test_moving_by_the_increment_reaches_the_goal(current: np.ndarray, goal: np.ndarray) -> None:
    w = increment.increment(current, goal)
    np.testing.assert_allclose(increment.moved(current, w), goal, atol=1e-9)


@settings(max_examples=50)
@given(poses, poses, poses)
def test_another_frame_of_the_object_changes_nothing(
    current: np.ndarray, goal: np.ndarray, frame: np.ndarray
) -> None:
    here = increment.increment(current, goal)
    np.testing.assert_allclose(increment.increment(current @ frame, goal @ frame), here, atol=1e-9)


@settings(max_examples=50)
@given(poses, poses)
def test_current_and_goal_change_places(current: np.ndarray, goal: np.ndarray) -> None:
    there, back = increment.increment(current, goal), increment.increment(goal, current)
    np.testing.assert_allclose(there @ back, np.eye(4), atol=1e-9)


@settings(max_examples=50)
@given(poses)
def test_vectors_and_matrices_are_two_ways_to_say_it(pose: np.ndarray) -> None:
    np.testing.assert_allclose(increment.to_matrix(increment.to_vector(pose)), pose, atol=1e-7)


def test_a_known_increment() -> None:
    goal = np.eye(4)
    current = increment.to_matrix(np.array([0.0, 1.0, 0.0, np.pi / 2, 0.0, 0.0]))
    vector = increment.to_vector(increment.increment(current, goal))
    np.testing.assert_allclose(vector, [0, 1, 0, np.pi / 2, 0, 0], atol=1e-12)
    mm, deg = increment.magnitudes(vector)
    np.testing.assert_allclose([mm, deg], [1.0, 90.0])
