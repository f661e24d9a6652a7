"""What a robot is told does not depend on how it writes its numbers."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from xr0.checkpoints import folder
from xr0.policy import Policy, Request
from xr0_robot.canonical import convert
from xr0_robot.sims.bricks.embodiment import BRICKS
from xr0_robot.types import Segment

TINY = Path(__file__).resolve().parents[1] / "checkpoints" / "tiny"

TOLD = (
    Segment("arm.gripper", "gripper", "absolute", native=0, model=6, size=1, closed=255.0, open=0.0),
    Segment(
        "arm.pose", "pose", "chunk_start", native=1, model=0, size=6, rotation="euler_ZYX", unit="degrees"
    ),
)
SENSED = (
    Segment("arm.pose", "pose", "absolute", native=0, model=0, size=7, rotation="quaternion_wxyz"),
    Segment("arm.gripper", "gripper", "absolute", native=7, model=6, size=1, closed=0.0, open=0.08),
)
"""The brick arm as another driver would have it: a gripper in counts before an Euler pose in degrees, and a
state of quaternion and width."""


def rewritten(vectors: np.ndarray, segments: tuple[Segment, ...], target: tuple[Segment, ...]) -> np.ndarray:
    """Vectors [..., n] of `segments` as `target` writes and orders them."""
    source = {segment.name: segment for segment in segments}
    ordered = sorted(target, key=lambda segment: segment.native)
    parts = [convert(vectors[..., source[s.name].native_slice], source[s.name], s) for s in ordered]
    return np.concatenate(parts, axis=-1)


@pytest.fixture(scope="module")
def policies() -> tuple[Policy, Policy]:
    """The shipped one, and the same weights for the arm of other numbers."""
    checkpoint = folder.load(TINY)
    (name,) = checkpoint.robots
    robot = checkpoint.robots[name]
    commanded = replace(robot.embodiment.segments[1], kind="gripper", closed=0.0, open=1.0)
    plain = replace(robot.embodiment, segments=(robot.embodiment.segments[0], commanded))
    other = replace(plain, segments=TOLD, sensed=SENSED)
    made = [replace(checkpoint, robots={name: replace(robot, embodiment=e)}) for e in (plain, other)]
    return Policy(made[0]), Policy(made[1])


def test_one_arm_with_two_drivers_is_told_the_same(policies: tuple[Policy, Policy]) -> None:
    plain, other = policies
    rng = np.random.default_rng(0)
    images = {c.key: rng.integers(0, 255, (*c.size, 3)).astype(np.uint8) for c in BRICKS.cameras}
    state = np.array([0.4, 0.05, 0.2, 2.9, -0.4, 0.3, 0.5])
    prefix = state + np.linspace(0.0, 0.01, 3)[:, None]
    segments = plain.embodiment.segments
    told, _ = plain.infer(Request(images, state, "lift it", prefix, 5))
    others, _ = other.infer(
        Request(images, rewritten(state, segments, SENSED), "lift it", rewritten(prefix, segments, TOLD), 5)
    )
    assert others.shape == (plain.action_horizon, 7)
    np.testing.assert_allclose(others, rewritten(told, segments, TOLD), atol=1e-2)


def test_a_robot_of_any_representation_warms_up(policies: tuple[Policy, Policy]) -> None:
    policies[1].warm_up()


def test_a_state_whose_rotation_is_none_is_refused(policies: tuple[Policy, Policy]) -> None:
    images = {c.key: np.zeros((*c.size, 3), np.uint8) for c in BRICKS.cameras}
    with pytest.raises(ValueError, match=r"arm\.pose: got \[0.0, .*, expected a rotation as quaternion_wxyz"):
        policies[1].infer(Request(images, np.zeros(8), "lift it", None, 5))
