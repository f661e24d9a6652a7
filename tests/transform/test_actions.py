"""Anchored actions: known answers, round trips, and a prefix that survives a change of anchor."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xr0.transform.actions import decode_actions, encode_actions, encode_state
from xr0_robot import rotation
from xr0_robot.released import LIBERO, XR0_BIMANUAL
from xr0_robot.sims.bricks.embodiment import BRICKS
from xr0_robot.types import Camera, Embodiment, Segment

numbers = st.floats(-1.0, 1.0)
natives = st.lists(numbers, min_size=7, max_size=7).map(np.array)

BIMANUAL = Embodiment(
    name="two arms",
    rate_hz=30.0,
    cameras=(Camera("base", "Base View", 128, 128),),
    segments=(
        Segment("left.pose", "pose", "chunk_start", native=0, model=0, size=6),
        Segment("left.gripper", "plain", "chunk_start", native=6, model=6, size=1),
        Segment("right.pose", "pose", "chunk_start", native=7, model=14, size=6),
        Segment("right.gripper", "plain", "absolute", native=13, model=20, size=1),
    ),
    model_dim=32,
    frame="each arm's base",
    gripper="0 closed, 1 open",
)


def test_translation_is_seen_from_the_end_effector() -> None:
    state = np.array(
        [0.3, 0.0, 0.1, 0.0, 0.0, np.pi / 2, 1.0]
    )  # turned left: its x axis is the base's y axis
    action = np.array([[0.3, 0.2, 0.1, 0.0, 0.0, np.pi / 2, 0.0]])
    encoded = encode_actions(action, state, BRICKS)
    np.testing.assert_allclose(encoded[0, :7], [0.2, 0, 0, 0, 0, 0, 0], atol=1e-12)
    assert not encoded[0, 7:].any()


@given(natives, natives)
def test_decode_inverts_encode(state: np.ndarray, action: np.ndarray) -> None:
    back = decode_actions(encode_actions(action[None], state, BRICKS), state, BRICKS)[0]
    np.testing.assert_allclose(back[[0, 1, 2, 6]], action[[0, 1, 2, 6]], atol=1e-9)
    np.testing.assert_allclose(rotation.exp(back[3:6]), rotation.exp(action[3:6]), atol=1e-7)


@given(natives, natives, natives)
def test_a_prefix_means_the_same_from_another_anchor(
    old: np.ndarray, new: np.ndarray, command: np.ndarray
) -> None:
    from_old = decode_actions(encode_actions(command[None], old, BRICKS), old, BRICKS)
    from_new = decode_actions(encode_actions(from_old, new, BRICKS), new, BRICKS)
    np.testing.assert_allclose(from_new[0, :3], command[:3], atol=1e-9)
    np.testing.assert_allclose(rotation.exp(from_new[0, 3:6]), rotation.exp(command[3:6]), atol=1e-6)


def test_batches_equal_single_chunks_and_two_arms_do_not_mix() -> None:
    rng = np.random.default_rng(0)
    states, actions = rng.uniform(-1, 1, (5, 14)), rng.uniform(-1, 1, (5, 30, 14))
    whole = encode_actions(actions, states, BIMANUAL)
    for i in range(5):
        np.testing.assert_allclose(whole[i], encode_actions(actions[i], states[i], BIMANUAL), atol=1e-12)
    moved = actions.copy()
    moved[..., 7:] += 0.1
    changed = np.abs(encode_actions(moved, states, BIMANUAL) - whole).max(axis=(0, 1)) > 1e-9
    assert not changed[:14].any()
    assert changed[14:17].all()


@given(
    st.lists(numbers, min_size=26, max_size=26).map(np.array),
    st.lists(numbers, min_size=26, max_size=26).map(np.array),
)
def test_the_released_two_arm_layout_inverts_and_leaves_its_empty_slots(
    state: np.ndarray, command: np.ndarray
) -> None:
    encoded = encode_actions(command[None], state, XR0_BIMANUAL)
    assert not encoded[0, [13, 27, 28, 29, 30, 31]].any()
    back = decode_actions(encoded, state, XR0_BIMANUAL)[0]
    turns = [*range(3, 6), *range(16, 19)]
    rest = [k for k in range(26) if k not in turns]
    np.testing.assert_allclose(back[rest], command[rest], atol=1e-9)
    for k in (3, 16):
        np.testing.assert_allclose(rotation.exp(back[k : k + 3]), rotation.exp(command[k : k + 3]), atol=1e-7)


def test_motions_of_the_benchmarks_pass_as_they_are() -> None:
    motions, state = np.arange(14.0).reshape(2, 7), np.arange(8.0)
    encoded = encode_actions(motions, state, LIBERO)
    np.testing.assert_array_equal(encoded[:, :7], motions)
    np.testing.assert_array_equal(decode_actions(encoded, state, LIBERO), motions)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sensed": None}, "the command segments overlap"),
        ({"sensed": (Segment("arm.pose", "pose", "absolute", 0, None, 6),)}, "the state has no such segment"),
    ],
)
def test_a_robot_whose_layout_does_not_fit_is_refused(changes: dict, message: str) -> None:
    gripper = Segment("arm.gripper", "plain", "chunk_start", native=6, model=6, size=1)
    pose = Segment("arm.pose", "pose", "chunk_start", native=0, model=0, size=6)
    doubled = replace(gripper, model=3)
    with pytest.raises(ValueError, match=message):
        replace(BIMANUAL, segments=(pose, doubled if changes["sensed"] is None else gripper), **changes)


def test_the_state_follows_the_layout() -> None:
    encoded = encode_state(np.arange(1.0, 15.0), BIMANUAL)
    np.testing.assert_array_equal(encoded[14:21], np.arange(8.0, 15.0))
    assert not encoded[7:14].any()
    batch = np.arange(28.0).reshape(2, 14)
    np.testing.assert_array_equal(encode_state(batch, BIMANUAL), [encode_state(s, BIMANUAL) for s in batch])
