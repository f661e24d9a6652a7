"""TacRefineNet's loss: the likelihood of the true increment, and its distance from the predicted one.

The likelihood has a full covariance, for what touch cannot tell is seldom one of the six numbers: a rod that
lies aslant hides a mixture of y and z, and both numbers of its mixture are to be learned all the same.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from xr0.touch.net import Prediction, TacRefineNet
from xr0.touch.pairs import Pairs

DISTANCE_WEIGHT = 1.0
"""Of the smooth-L1 distance beside the likelihood: it goes on pulling where the network has given up."""


class TactileStage(nn.Module):
    """loss, nll and distance of pairs and their increments."""

    watched = "nll"

    def __init__(self, net: TacRefineNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, pairs: Pairs, w: Tensor) -> dict[str, Tensor]:
        """w: [b, 6] (mm, rad)."""
        target = w / self.net.scale
        with torch.autocast(pairs.images.device.type, torch.bfloat16):  # twice as fast on a CPU that has it
            rough = self.net(pairs)
        guess = Prediction(rough.mean.float(), rough.factor.float())
        nll, distance = guess.nll(target).mean(), F.smooth_l1_loss(guess.mean, target)
        return {"loss": nll + DISTANCE_WEIGHT * distance, "nll": nll.detach(), "distance": distance.detach()}
