"""What a robot is told does not depend on how it writes its numbers."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from xr0.checkpoints import folder
from xr0.policy import Policy, Request
from xr0_robot.canonical import convert
from xr0_robot.sims.bricks.embodiment import BRICKS
from xr0_robot.types import Guide, Segment

TINY = Path(__file__).resolve().parents[1] / "checkpoints" / "tiny_lambda"

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
    """A shipped one that knows prefixes, and the same weights for the arm of other numbers."""
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


STATE = np.array([0.4, 0.05, 0.2, 0.0, 0.0, 0.3, 0.5])


def ask(**changes: object) -> Request:
    images = {c.key: np.full((*c.size, 3), 90, np.uint8) for c in BRICKS.cameras}
    fields = {"images": images, "state": STATE, "instruction": "lift it", "prefix": None, "seed": 5}
    return Request(**{**fields, **changes})  # type: ignore[arg-type]


def test_a_guide_draws_the_chunk_to_the_plan_most_where_it_runs_meanwhile(
    policies: tuple[Policy, Policy],
) -> None:
    policy = policies[0]
    free, _ = policy.infer(ask())
    plan = free[:20] + np.array([0.02, -0.02, 0.01, 0.0, 0.0, 0.0, 0.0])
    for by, close in (("gradient", 0.6), ("ramp", 1e-6)):
        led, _ = policy.infer(ask(guide=Guide(plan, 4, by)))
        apart = np.linalg.norm((led[:20] - plan)[:, :3], axis=1)
        assert apart[:4].max() < close * 0.03
        assert apart[10:].mean() > 2 * apart[:4].mean()
    # A guide of the arm's own numbers leads the other driver's to the same place.
    other = policies[1]
    rewritten_state = rewritten(STATE, policy.embodiment.segments, SENSED)
    rows = rewritten(plan, policy.embodiment.segments, TOLD)
    told, _ = other.infer(ask(state=rewritten_state, guide=Guide(rows, 4, "gradient")))
    led, _ = policy.infer(ask(guide=Guide(plan, 4, "gradient")))
    np.testing.assert_allclose(told, rewritten(led, policy.embodiment.segments, TOLD), atol=1e-2)


def test_a_batch_of_every_kind_of_request_answers_as_single_calls_do(policies: tuple[Policy, Policy]) -> None:
    policy = policies[0]
    plan = policy.infer(ask())[0][:12]
    requests = [
        ask(seed=1),
        ask(seed=2, guide=Guide(plan + 0.01, 3, "gradient")),
        ask(seed=3, guide=Guide(plan[:5] - 0.01, 5, "ramp")),
        ask(seed=4, prefix=plan[:2]),
    ]
    together, _ = policy.infer_batch(requests)
    for request, chunk in zip(requests, together, strict=True):
        np.testing.assert_allclose(chunk, policy.infer(request)[0], atol=2e-5)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"guide": Guide(np.zeros((31, 7)), 2, "ramp")}, "guide: got 31 ticks, a chunk has 30"),
        ({"guide": Guide(np.zeros((3, 6)), 2, "ramp")}, "guide row 0: got float64 of shape"),
        ({"guide": Guide(np.full((3, 7), np.nan), 2, "ramp")}, "guide row 0: got NaN"),
        ({"guide": Guide(np.full((3, 7), 1e6), 2, "ramp")}, "guide: got a number .* standard deviations"),
        ({"guide": Guide(np.zeros((3, 7)), 2, "ramp"), "prefix": np.zeros((1, 7))}, "a prefix and a guide"),
    ],
)
def test_a_guide_that_does_not_fit_is_refused(
    policies: tuple[Policy, Policy], changes: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        policies[0].infer(ask(**changes))
