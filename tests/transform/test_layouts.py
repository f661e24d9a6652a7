"""Robots of every layout: what they are told comes back, and the model sees the same whatever they write."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xr0.transform.actions import decode_actions, decode_state, encode_actions, encode_state
from xr0_robot import representations
from xr0_robot.canonical import to_native
from xr0_robot.sims.bricks.embodiment import BRICKS
from xr0_robot.types import Embodiment, Segment

TICKS = 5
ENDS = [(0.0, 1.0), (1.0, 0.0), (0.0, 0.08), (100.0, 0.0), (-1.0, 1.0)]
"""What grippers read closed and open."""


def laid_out(segments: Sequence[Segment]) -> tuple[Segment, ...]:
    """The same segments one after the other, in the native and in the model's vector."""
    placed, native, model = [], 0, 0
    for segment in segments:
        placed.append(replace(segment, native=native, model=model))
        native, model = native + segment.size, model + segment.model_size
    return tuple(placed)


def pose(name: str, anchor: str, rotation: str = "axis_angle", unit: str = "si") -> Segment:
    return Segment(name, "pose", anchor, 0, 0, 3 + len(representations.NAMES[rotation]), rotation, unit)


def gripper(name: str, anchor: str, ends: tuple[float, float]) -> Segment:
    return Segment(name, "gripper", anchor, 0, 0, 1, closed=ends[0], open=ends[1])


def plain(name: str, anchor: str, size: int, unit: str = "si") -> Segment:
    return Segment(name, "plain", anchor, 0, 0, size, unit=unit)


def robot(told: Sequence[Segment], sensed: Sequence[Segment], model_dim: int = 32) -> Embodiment:
    return replace(BRICKS, segments=laid_out(told), sensed=laid_out(sensed), model_dim=model_dim)


@st.composite
def poses(draw: st.DrawFn, name: str, anchors: Sequence[str]) -> Segment:
    rotation, anchor = draw(st.sampled_from(sorted(representations.NAMES))), draw(st.sampled_from(anchors))
    if rotation not in representations.ANGLES:
        return pose(name, "absolute" if anchor == "previous" else anchor, rotation)
    return pose(name, anchor, rotation, draw(st.sampled_from(["si", "degrees"])))


@st.composite
def robots(draw: st.DrawFn) -> Embodiment:
    """One or two arms of 6 or 7 joints on a mobile base, told and sensed each in its own way."""
    any_anchor, units = (
        st.sampled_from(["chunk_start", "previous", "absolute"]),
        st.sampled_from(["si", "degrees"]),
    )
    kept, ends = st.sampled_from(["chunk_start", "absolute"]), st.sampled_from(ENDS)
    told, sensed = [plain("base", "previous", 3)], []
    for arm in draw(st.sampled_from([("arm",), ("left", "right")])):
        joints = draw(st.sampled_from([6, 7]))
        told.append(draw(poses(f"{arm}.pose", ["chunk_start", "previous", "absolute"])))
        told.append(plain(f"{arm}.joints", draw(any_anchor), joints, draw(units)))
        told.append(gripper(f"{arm}.gripper", draw(kept), draw(ends)))
        sensed.append(gripper(f"{arm}.gripper", "absolute", draw(ends)))
        sensed.append(draw(poses(f"{arm}.pose", ["absolute"])))
        sensed.append(plain(f"{arm}.joints", "absolute", joints, draw(units)))
    return robot(told, sensed, model_dim=40)


def vectors(segments: Sequence[Segment], rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Native numbers [*shape, n] that mean something: rotations are rotations."""
    parts = [to_native(rng.uniform(-1.5, 1.5, (*shape, s.model_size)), s) for s in segments]
    return np.concatenate(parts, axis=-1)


def assert_same(ours: np.ndarray, theirs: np.ndarray, segments: Sequence[Segment]) -> None:
    """Equal numbers, and equal rotations however they are written."""
    for segment in segments:
        a, b = ours[..., segment.native_slice], theirs[..., segment.native_slice]
        if segment.kind == "pose":
            np.testing.assert_allclose(turn(a, segment), turn(b, segment), atol=1e-9)
            a, b = a[..., :3], b[..., :3]
        np.testing.assert_allclose(a, b, atol=1e-9)


def turn(numbers: np.ndarray, segment: Segment) -> np.ndarray:
    angles = np.deg2rad(numbers[..., 3:]) if segment.unit == "degrees" else numbers[..., 3:]
    return representations.to_matrix(angles, segment.rotation)


@settings(max_examples=40)
@given(robots(), st.integers(0, 1000))
def test_what_any_robot_is_told_and_senses_comes_back(body: Embodiment, seed: int) -> None:
    rng = np.random.default_rng(seed)
    state = vectors(body.state_segments, rng, 2)
    told = vectors(body.segments, rng, 2, TICKS)
    encoded = encode_actions(told, state, body)
    assert encoded.shape == (2, TICKS, 40)
    assert_same(decode_actions(encoded, state, body), told, body.segments)
    assert_same(decode_state(encode_state(state, body), body), state, body.state_segments)


def homogeneous(position: np.ndarray, turn: np.ndarray) -> np.ndarray:
    return np.vstack([np.column_stack([turn, position]), [0.0, 0.0, 0.0, 1.0]])


def series(rotvec: np.ndarray) -> np.ndarray:
    """The matrix exponential of the cross product with `rotvec`, by its power series."""
    cross = np.cross(rotvec, np.eye(3)).T
    total = term = np.eye(3)
    for n in range(1, 30):
        term = term @ cross / n
        total = total + term
    return total


@pytest.mark.parametrize("told", sorted(representations.NAMES))
@pytest.mark.parametrize("sensed", ["axis_angle", "quaternion_wxyz", "rotation_6d", "euler_XYZ"])
def test_a_pose_is_seen_from_the_hand_however_both_are_written(told: str, sensed: str) -> None:
    """Against T_t^-1 T of 4 x 4 matrices, whose rotations come from a power series."""
    here, there = np.array([0.3, -0.1, 0.2]), np.array([0.1, 0.4, 0.25])
    now, then = series(np.array([2.9, 0.4, -0.3])), series(np.array([-1.0, 0.2, 1.4]))
    state = np.concatenate([here, representations.from_matrix(now, sensed)])
    command = np.concatenate([there, representations.from_matrix(then, told)])
    body = robot([pose("arm", "chunk_start", told)], [pose("arm", "absolute", sensed)])
    seen = encode_actions(command[None], state, body)[0]
    relative = np.linalg.inv(homogeneous(here, now)) @ homogeneous(there, then)
    np.testing.assert_allclose(seen[:3], relative[:3, 3], atol=1e-9)
    np.testing.assert_allclose(series(seen[3:6]), relative[:3, :3], atol=1e-9)
    assert not seen[6:].any()
    absolute = robot([pose("arm", "absolute", told)], [pose("arm", "absolute", sensed)])
    seen = encode_actions(command[None], state, absolute)[0]
    np.testing.assert_allclose(seen[:3], there)
    np.testing.assert_allclose(series(seen[3:6]), then, atol=1e-9)
    np.testing.assert_allclose(series(encode_state(state, absolute)[3:6]), now, atol=1e-9)


@pytest.mark.parametrize(
    ("ends", "half_open"), [((0.0, 1.0), 0.5), ((1.0, 0.0), 0.5), ((100.0, -20.0), 40.0)]
)
@pytest.mark.parametrize(("anchor", "seen"), [("absolute", 0.5), ("chunk_start", 0.25)])
def test_a_gripper_is_seen_by_its_stroke(ends: tuple, half_open: float, anchor: str, seen: float) -> None:
    """Told in any unit and polarity, and measured as the width between its fingers: 20 of 80 mm."""
    body = robot([gripper("hand", anchor, ends)], [gripper("hand", "absolute", (0.0, 0.08))])
    width = np.array([0.02])
    assert encode_state(width, body)[0] == pytest.approx(0.25)
    encoded = encode_actions(np.array([[half_open]]), width, body)
    assert encoded[0, 0] == pytest.approx(seen)
    assert decode_actions(encoded, width, body)[0, 0] == pytest.approx(half_open)


def test_degrees_are_seen_in_radians_and_a_motion_is_not_anchored() -> None:
    told = [plain("joints", "chunk_start", 2, "degrees"), plain("base", "previous", 3)]
    body = robot(told, [plain("joints", "absolute", 2)])
    encoded = encode_actions(np.array([[90.0, 0.0, 0.5, -0.1, 0.2]]), np.array([np.pi / 4, np.pi / 4]), body)
    np.testing.assert_allclose(encoded[0, :5], [np.pi / 4, -np.pi / 4, 0.5, -0.1, 0.2])


def test_a_robot_wider_than_the_released_slots_uses_all_it_declares() -> None:
    joints = [plain("joints", "chunk_start", 40)]
    body = robot(joints, joints, model_dim=40)
    state, command = np.arange(40.0), np.arange(40.0) ** 2
    np.testing.assert_array_equal(encode_actions(command[None], state, body)[0], command - state)
    with pytest.raises(ValueError, match="ends at 40, model_dim is 32"):
        robot(joints, joints)


def test_what_the_model_is_not_shown_is_neutral() -> None:
    hidden = replace(pose("arm", "absolute", "quaternion_wxyz"), model=None)
    shown = Segment("hand", "gripper", "absolute", native=7, model=0, size=1, closed=0.0, open=0.08)
    body = replace(BRICKS, segments=(replace(shown, native=0),), sensed=(hidden, shown))
    np.testing.assert_allclose(decode_state(np.full(32, 0.5), body), [0, 0, 0, 1, 0, 0, 0, 0.04])


def test_a_rotation_that_is_none_is_named() -> None:
    body = robot([pose("arm", "absolute", "rotation_6d")], [])
    with pytest.raises(ValueError, match=r"arm: got \[0.0, .*\], expected a rotation as rotation_6d"):
        encode_actions(np.zeros((1, 9)), np.zeros(0), body)
