"""Tactile requests and answers survive the wire, and broken ones are named."""

import numpy as np
import pytest

from xr0_robot import wire
from xr0_robot.touch.sensor import messages
from xr0_robot.touch.sensor.pads import TactileReading

RNG = np.random.default_rng(0)


def reading() -> TactileReading:
    return TactileReading(("left", "right"), RNG.integers(0, 255, (2, 11, 9)).astype(np.uint8), RNG.random(1))


def test_readings_cross_the_wire() -> None:
    sent = reading(), reading()
    got = messages.readings(wire.unpack(wire.pack(messages.request(*sent))))
    for before, after in zip(sent, got, strict=True):
        assert before.fingers == after.fingers
        np.testing.assert_array_equal(before.images, after.images)
        np.testing.assert_array_equal(before.joints, after.joints)


def test_predictions_cross_the_wire() -> None:
    sent = RNG.random(6), RNG.random(6)
    got = messages.prediction(wire.unpack(wire.pack(messages.answer(*sent))))
    np.testing.assert_array_equal(sent, got)


def test_a_broken_message_is_named() -> None:
    whole = messages.request(reading(), reading())
    for key in whole:
        with pytest.raises(ValueError, match="missing"):
            messages.readings({k: v for k, v in whole.items() if k != key})
    with pytest.raises(ValueError, match="expected a list of names"):
        messages.readings({**whole, messages.FINGERS: 2})
    with pytest.raises(ValueError, match="are no arrays"):
        messages.readings({**whole, messages.IMAGES["goal"]: "black"})
    with pytest.raises(ValueError, match="NaN"):
        messages.prediction(messages.answer(np.full(6, np.nan), np.ones(6)))
