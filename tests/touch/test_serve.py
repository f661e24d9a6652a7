"""A served tactile predictor answers what the predictor answers, and refuses what it refuses."""

import numpy as np
import pytest
import torch

from xr0.touch.net import NetConfig, TacRefineNet
from xr0.touch.predictor import Predictor
from xr0.touch.serve import ServedTactile
from xr0_robot import wire
from xr0_robot.touch.sensor import messages
from xr0_robot.touch.sensor.pads import TactileReading

RNG = np.random.default_rng(0)


def reading() -> TactileReading:
    return TactileReading(("left", "right"), RNG.integers(1, 255, (2, 11, 9)).astype(np.uint8), RNG.random(1))


def test_requests_are_answered_and_bad_ones_refused() -> None:
    torch.manual_seed(0)
    predictor = Predictor(TacRefineNet(NetConfig("conv", 2, 1, 8, 16)), ("left", "right"), "small", "abc")
    served = ServedTactile(predictor)
    served.warm_up(1)
    assert served.metadata() == {
        messages.FINGERS: ["left", "right"],
        wire.CHECKPOINT: {"name": "small", "fingerprint": "abc"},
    }
    current, goal = reading(), reading()
    question = served.read(wire.unpack(wire.pack(messages.request(current, goal))))
    other = served.read(messages.request(goal, current))
    answer, swapped = served.infer([question.what, other.what])
    np.testing.assert_array_equal(messages.prediction(swapped), predictor.predict(goal, current))
    np.testing.assert_array_equal(messages.prediction(answer), predictor.predict(current, goal))
    assert answer[wire.POLICY_TIMING][wire.INFER_MS] > 0
    request = messages.request(current, goal)
    request[messages.IMAGES["goal"]] = np.zeros((2, 9, 11), np.uint8)
    with pytest.raises(ValueError, match="expected uint8 of shape"):
        served.read(request)
