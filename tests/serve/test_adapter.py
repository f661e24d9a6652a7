"""Requests off the wire: what fits is answered, what does not is one line."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from xr0.policy import Policy, Request, Row, Timing
from xr0.serve.adapter import ServedPolicy
from xr0.transform.processor import Tokens
from xr0_robot import wire


class Echo(Policy):
    """Answers with what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Request] = []

    def read(self, request: Request) -> Row:
        self.asked.append(request)
        return Row(Tokens([], [], []), request.state, request.state, None, request.guide, 0)

    def infer_rows(self, rows: Sequence[Row]) -> tuple[list[np.ndarray], Timing]:
        return [np.full((30, 7), row.native[0]) for row in rows], Timing(1.0, 0.5, 1.5, 3.0, "eager")


def message(**changes: Any) -> dict[str, Any]:
    picture = np.zeros((128, 128, 3), np.uint8)
    whole = {
        wire.IMAGE_PREFIX + "base": picture,
        wire.IMAGE_PREFIX + "wrist": picture,
        wire.STATE: np.zeros(7),
        wire.PROMPT: "put it away",
    }
    return {**whole, **changes}


def test_a_client_that_knows_only_openpi_is_answered() -> None:
    policy = Echo()
    served = ServedPolicy(policy)
    asked = [served.read(message()), served.read(message(**{wire.STATE: np.ones(7)}))]
    answer, other = served.infer([question.what for question in asked])
    assert ((answer[wire.ACTIONS] == 0).all(), (other[wire.ACTIONS] == 1).all()) == (True, True)
    assert answer[wire.ACTIONS].dtype == np.float32
    assert answer[wire.POLICY_TIMING][wire.INFER_MS] == pytest.approx(6.0)
    assert answer[wire.POLICY_TIMING][wire.EXECUTION] == "eager"
    assert sorted(policy.asked[0].images) == ["base", "wrist"]
    assert policy.asked[0].prefix is None
    assert policy.asked[0].seed == 0


def test_prefix_and_seed_reach_the_policy() -> None:
    policy = Echo()
    ServedPolicy(policy).read(message(**{wire.PREFIX: np.ones((2, 7)), wire.SEED: np.int64(5)}))
    assert policy.asked[0].prefix is not None
    assert policy.asked[0].prefix.shape == (2, 7)
    assert policy.asked[0].seed == 5


def test_a_guide_reaches_the_policy() -> None:
    policy = Echo()
    given = {wire.GUIDE: np.ones((5, 7)), wire.GUIDE_DELAY: np.int64(2), wire.GUIDED_BY: "ramp"}
    ServedPolicy(policy).read(message(**given))
    guide = policy.asked[0].guide
    assert guide is not None
    assert (guide.rows.shape, guide.delay, guide.by) == ((5, 7), 2, "ramp")
    ServedPolicy(policy).read(message())
    assert policy.asked[1].guide is None


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({wire.GUIDE: [[0.0] * 7]}, "'guide' must be an array"),
        ({wire.GUIDE: np.zeros(7)}, "'guide' must be an array"),
        (
            {wire.GUIDED_BY: "hand"},
            "'guide_delay' 2 and 'guided_by' 'hand' .*, expected .* gradient, ramp",
        ),
        ({wire.GUIDED_BY: np.zeros(3)}, "'guided_by' ndarray"),
        ({wire.GUIDE_DELAY: None}, "got 'guide_delay' None"),
        ({wire.GUIDE_DELAY: 6}, "guide: got rows of shape .* and a delay of 6, expected"),
    ],
)
def test_a_bad_guide_is_one_line(changes: dict[str, Any], text: str) -> None:
    given = {wire.GUIDE: np.ones((5, 7)), wire.GUIDE_DELAY: 2, wire.GUIDED_BY: "ramp"}
    with pytest.raises(ValueError, match=text):
        ServedPolicy(Echo()).read(message(**{**given, **changes}))


def test_keys_that_it_does_not_know_are_ignored() -> None:
    """As `inference_delay`, which clients of an earlier day send: the prefix's length says the same."""
    policy = Echo()
    ServedPolicy(policy).read(message(inference_delay=3, robot_serial="a"))
    assert policy.asked[0].prefix is None


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        (wire.STATE, [0.0] * 7, "is list, expected an array of numbers"),
        (wire.PROMPT, 7, "is int, expected a string"),
        (wire.PROMPT, "go " * 1000, "has 3000 characters, expected at most 2000"),
        (wire.SEED, np.zeros(10**6), "is ndarray, expected an integer"),
        (wire.SEED, -1, "is -1, expected an integer from 0"),
        (wire.SEED, "a", "is 'a', expected an integer"),
        (wire.PREFIX, np.zeros(7), "must be an array"),
        (wire.PREFIX, [[0.0] * 7], "must be an array"),
        (wire.IMAGE_PREFIX + "base", [1, 2], "is list, expected a uint8 array"),
    ],
)
def test_a_bad_entry_is_one_line_that_names_it(key: str, value: Any, text: str) -> None:
    with pytest.raises(ValueError, match=text) as caught:
        ServedPolicy(Echo()).read(message(**{key: value}))
    assert key in str(caught.value)


@pytest.mark.parametrize("key", [wire.STATE, wire.PROMPT])
def test_a_missing_entry_is_named(key: str) -> None:
    whole = message()
    whole.pop(key)
    with pytest.raises(ValueError, match=f"{key}.*missing"):
        ServedPolicy(Echo()).read(whole)


def test_requests_share_a_batch_unless_they_take_another_time() -> None:
    served = ServedPolicy(Echo())
    guide = {wire.GUIDE: np.ones((5, 7)), wire.GUIDE_DELAY: 2}
    plain, told = served.read(message()), served.read(message(**{wire.PROMPT: "something longer to do"}))
    ramp = served.read(message(**guide, **{wire.GUIDED_BY: "ramp"}))
    gradient = served.read(message(**guide, **{wire.GUIDED_BY: "gradient"}))
    assert plain.bucket == told.bucket == ramp.bucket != gradient.bucket
