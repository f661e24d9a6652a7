"""The network: one encoder for all fingers, a likelihood that is a Gaussian's, a size that fits."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.distributions import MultivariateNormal

from xr0.touch.net import NetConfig, TacRefineNet, factored, parameters
from xr0.touch.pairs import Pairs
from xr0.touch.predictor import Predictor
from xr0.touch.recipes import CONV, VIT
from xr0_robot.touch.sensor.pads import TactileReading

RNG = np.random.default_rng(0)


def pairs(count: int, fingers: int = 2, joints: int = 1) -> Pairs:
    generator = torch.Generator().manual_seed(0)
    return Pairs(
        torch.rand(count, 2, fingers, 11, 9, generator=generator),
        6 + torch.rand(count, 2, joints, generator=generator),
    )


@pytest.mark.parametrize("config", [CONV, VIT], ids=["conv", "vit"])
def test_both_encoders_fit_the_budget_and_the_interface(config: NetConfig) -> None:
    net = TacRefineNet(config)
    assert parameters(net) <= 1_000_000
    guess = net(pairs(3))
    assert guess.mean.shape == (3, 6)
    assert guess.factor.shape == (3, 6, 6)
    assert NetConfig.from_dict(config.to_dict()) == config


def test_the_likelihood_is_a_gaussian_s() -> None:
    torch.manual_seed(0)
    guess = factored(torch.randn(5, 27))
    target = torch.randn(5, 6)
    normal = MultivariateNormal(guess.mean, precision_matrix=guess.factor @ guess.factor.mT)
    expected = -normal.log_prob(target) - 3 * np.log(2 * np.pi)
    torch.testing.assert_close(guess.nll(target), expected, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(guess.sigma(), normal.covariance_matrix.diagonal(dim1=1, dim2=2).sqrt())


def test_any_number_of_fingers_goes_through_the_same_encoder() -> None:
    five = TacRefineNet(NetConfig("conv", 5, 6, 16, 32))
    assert five(pairs(2, 5, 6)).mean.shape == (2, 6)
    assert parameters(five.encoder) == parameters(TacRefineNet(NetConfig("conv", 2, 1, 16, 32)).encoder)
    tokens = five.encode(pairs(2, 5, 6).images) - five.finger
    swapped = five.encode(pairs(2, 5, 6).images.flip(2)) - five.finger
    torch.testing.assert_close(tokens.flip(2), swapped)


def test_gain_alone_changes_half_of_what_the_encoder_sees() -> None:
    net = TacRefineNet(CONV)
    seen: list[torch.Tensor] = []
    net.encoder.register_forward_pre_hook(lambda module, arguments: seen.append(arguments[0]))
    images = pairs(1).images
    net.encode(images)
    net.encode(0.5 * images)
    torch.testing.assert_close(seen[1][:, 1], seen[0][:, 1])
    torch.testing.assert_close(seen[1][:, 0], 0.5 * seen[0][:, 0])


def test_a_wrong_configuration_is_refused() -> None:
    with pytest.raises(ValueError, match="encoder 'conv' or 'vit'"):
        NetConfig.from_dict({**CONV.to_dict(), "encoder": "resnet"})
    with pytest.raises(ValueError, match="expected"):
        NetConfig.from_dict({"encoder": "conv"})


def reading(fingers: tuple[str, ...] = ("left", "right"), joints: int = 1) -> TactileReading:
    images = RNG.integers(1, 255, (len(fingers), 11, 9)).astype(np.uint8)
    return TactileReading(fingers, images, 6.0 + RNG.random(joints))


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    torch.manual_seed(1)
    return Predictor(TacRefineNet(NetConfig("conv", 2, 1, 8, 16)), ("left", "right"))


def test_a_checkpoint_predicts_what_was_saved(predictor: Predictor, tmp_path: Path) -> None:
    predictor.save(tmp_path / "tactile")
    again = Predictor.from_pretrained(tmp_path / "tactile")
    current, goal = reading(), reading()
    for a, b in zip(predictor.predict(current, goal), again.predict(current, goal), strict=True):
        np.testing.assert_array_equal(a, b)
        assert a.shape == (6,)
    assert again.fingers == ("left", "right")
    with pytest.raises(FileExistsError):
        predictor.save(tmp_path / "tactile")


def test_readings_that_do_not_fit_are_refused(predictor: Predictor) -> None:
    others = ("thumb", "index")
    with pytest.raises(ValueError, match="recorded with fingers"):
        predictor.predict(reading(), reading(others))
    with pytest.raises(ValueError, match=r"expected \['left', 'right'\]"):
        predictor.predict(reading(others), reading(others))
    with pytest.raises(ValueError, match="2 joints"):
        predictor.predict(reading(joints=2), reading(joints=2))
    silent = TactileReading(("left", "right"), np.zeros((2, 11, 9), np.uint8), np.ones(1))
    with pytest.raises(ValueError, match="pad left: all taxels read 0"):
        predictor.predict(silent, reading())


def test_a_checkpoint_that_is_none_is_refused(predictor: Predictor, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no file config\.json"):
        Predictor.from_pretrained(tmp_path)
    predictor.save(tmp_path / "a")
    config = tmp_path / "a" / "config.json"
    text = config.read_text()
    config.write_text(text.replace("xr0-tactile-1", "xr0-tactile-9"))
    with pytest.raises(ValueError, match="format 'xr0-tactile-9'"):
        Predictor.from_pretrained(tmp_path / "a")
    config.write_text(text.replace('"hidden": 16', '"hidden": 17'))
    with pytest.raises(ValueError, match="does not fit"):
        Predictor.from_pretrained(tmp_path / "a")
