"""TacRefineNet: two grasps in, the wrist's increment and its covariance out.

    image of a finger -> encoder, the same for all fingers, current and goal -> tokens, + finger and place
    per finger: current attends to goal; both, the match and the terms of registration, flattened -> one
    vector attention over the fingers -> concatenated with the joints -> mean of W and a factor of its
    precision

The paper's encoder is a small ViT; the shipped one is convolutional. They stand behind one interface: images
[n, 2, 11, 9] to tokens [n, tokens, width].
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from xr0.touch.pairs import Pairs
from xr0.touch.registration import MOTIONS, TERMS, terms
from xr0_robot.touch.sensor.increment import VECTOR

SCALE = (1.0, 1.0, 1.0, math.radians(5.0), math.radians(5.0), math.radians(5.0))
"""One unit of the network's output (mm, rad): about the size of what it is to predict."""

WIDTH_MM, CHANGE_MM = 10.0, 1.0
"""Units of a joint's reading, and of its change between the two grasps."""

CHANNELS = 2
"""Of an image at the encoder: as read, and over its largest taxel, which no gain changes."""

TERM_SCALE = 20.0
"""Brings the terms of registration, each a hundredth of a taxel or so, to the size of the other features."""

LOG_PRECISION = 6.0
"""Largest logarithm of a diagonal entry of the factor: 0.0025 units, far below a sensor's resolution."""

TRIANGLE = VECTOR * (VECTOR + 1) // 2
"""Entries of a triangular factor."""


@dataclass(frozen=True)
class NetConfig:
    """Shape of a network. fingers and joints: of the hand; width: of a token; hidden: of a finger's
    vector."""

    encoder: Literal["conv", "vit"]
    fingers: int
    joints: int
    width: int
    hidden: int

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON-able data; `from_dict` is its inverse."""
        return asdict(self)

    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> NetConfig:
        """Build from `to_dict` data; ValueError on unknown or missing keys or another encoder."""
        known = {field.name for field in fields(NetConfig)}
        if set(data) != known or data["encoder"] not in ("conv", "vit"):
            raise ValueError(
                f"NetConfig: got {dict(data)}, expected {sorted(known)}, encoder 'conv' or 'vit'"
            )
        return NetConfig(**data)


@dataclass(frozen=True)
class Prediction:
    """mean: [b, 6] in units of SCALE; factor: L [b, 6, 6] lower triangular, the precision is L L^T."""

    mean: Tensor
    factor: Tensor

    def nll(self, target: Tensor) -> Tensor:
        """Negative log-likelihood [b] of targets [b, 6] in units of SCALE, without its constant."""
        white = (self.factor.transpose(-1, -2) @ (target - self.mean)[..., None])[..., 0]
        return 0.5 * white.square().sum(-1) - self.factor.diagonal(dim1=-2, dim2=-1).log().sum(-1)

    def sigma(self) -> Tensor:
        """Standard deviations [b, 6] of each number by itself, in units of SCALE."""
        identity = torch.eye(VECTOR).expand_as(self.factor)
        return torch.linalg.solve_triangular(self.factor, identity, upper=False).square().sum(-2).sqrt()


class ConvEncoder(nn.Module):
    """Two convolutions, the second with stride 2: [n, 2, 11, 9] to 5 x 4 tokens."""

    tokens = 20

    def __init__(self, width: int) -> None:
        super().__init__()
        self.local = nn.Conv2d(CHANNELS, width // 2, 3, padding=1)
        self.down = nn.Conv2d(width // 2, width, 3, stride=2)

    def forward(self, images: Tensor) -> Tensor:
        """[n, 2, 11, 9] to [n, tokens, width]."""
        images = images.contiguous(memory_format=torch.channels_last)  # twice as fast on a CPU
        return F.relu(self.down(F.relu(self.local(images)))).flatten(2).transpose(1, 2)


class VitEncoder(nn.Module):
    """Patches of 3 x 3 taxels through two Transformer layers: [n, 2, 11, 9] to 4 x 3 tokens."""

    tokens = 12

    def __init__(self, width: int) -> None:
        super().__init__()
        self.embed = nn.Conv2d(CHANNELS, width, 3, stride=3, padding=(1, 0))
        self.position = nn.Parameter(0.02 * torch.randn(self.tokens, width))
        layer = nn.TransformerEncoderLayer(
            width, 4, 2 * width, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
        )
        self.layers = nn.TransformerEncoder(layer, 2, nn.LayerNorm(width), enable_nested_tensor=False)

    def forward(self, images: Tensor) -> Tensor:
        """[n, 2, 11, 9] to [n, tokens, width]."""
        return self.layers(self.embed(images).flatten(2).transpose(1, 2) + self.position)


class Attention(nn.Module):
    """One head: queries [..., q, width] look at [..., k, width]."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.query = nn.Linear(width, width)
        self.key_value = nn.Linear(width, 2 * width)
        self.out = nn.Linear(width, width)

    def forward(self, queries: Tensor, others: Tensor) -> Tensor:
        """What each query finds: [..., q, width]."""
        key, value = self.key_value(others).chunk(2, dim=-1)
        scores = self.query(queries) @ key.transpose(-1, -2) / math.sqrt(key.shape[-1])
        return self.out(scores.softmax(-1) @ value)


class TacRefineNet(nn.Module):
    """The network of the module's docstring."""

    scale: Tensor

    def __init__(self, config: NetConfig) -> None:
        super().__init__()
        self.config = config
        width, hidden = config.width, config.hidden
        self.encoder = {"conv": ConvEncoder, "vit": VitEncoder}[config.encoder](width)
        self.finger = nn.Parameter(0.02 * torch.randn(config.fingers, 1, width))
        self.place = nn.Parameter(0.02 * torch.randn(self.encoder.tokens, width))
        self.match = Attention(width)
        self.gather = nn.Linear(3 * self.encoder.tokens * width + TERMS, hidden)
        self.fingers = Attention(hidden)
        self.head = nn.Sequential(
            nn.Linear(config.fingers * (hidden + MOTIONS) + 3 * config.joints, hidden),
            nn.GELU(),
            nn.Linear(hidden, hidden),
            nn.GELU(),
            nn.Linear(hidden, VECTOR + TRIANGLE),
        )
        self.register_buffer("scale", torch.tensor(SCALE), persistent=False)

    def forward(self, pairs: Pairs) -> Prediction:
        """The increments of b pairs."""
        tokens = self.encode(pairs.images)
        current, goal = tokens[:, 0], tokens[:, 1]
        found = self.match(current, goal)
        overlaid = terms(pairs.images)
        step = overlaid.unflatten(2, (MOTIONS, -1)).sum(-1)
        tokenwise = torch.cat([current, goal, found], dim=-1).flatten(2)
        felt = F.gelu(self.gather(torch.cat([tokenwise, TERM_SCALE * overlaid], dim=-1)))
        felt = felt + self.fingers(felt, felt)
        joints = pairs.joints
        moved = (joints[:, 0] - joints[:, 1]) / CHANGE_MM
        whole = [felt.flatten(1), step.flatten(1), joints.flatten(1) / WIDTH_MM, moved]
        return factored(self.head(torch.cat(whole, dim=-1)))

    def encode(self, images: Tensor) -> Tensor:
        """Images [b, 2, f, 11, 9] to tokens [b, 2, f, tokens, width]."""
        largest = images.amax(dim=(-2, -1), keepdim=True).clamp(min=1.0 / 255.0)
        stacked = torch.stack([images, images / largest], dim=-3)
        tokens = self.encoder(stacked.flatten(0, 2))
        return tokens.unflatten(0, images.shape[:3]) + self.finger + self.place


def factored(outputs: Tensor) -> Prediction:
    """[b, 27] numbers as a mean and a triangular factor with a positive diagonal."""
    mean, diagonal, below = outputs.split([VECTOR, VECTOR, TRIANGLE - VECTOR], dim=-1)
    diagonal = (LOG_PRECISION * torch.tanh(diagonal / LOG_PRECISION)).exp()
    factor = torch.diag_embed(diagonal)
    row, column = torch.tril_indices(VECTOR, VECTOR, -1, device=outputs.device)
    factor[..., row, column] = below * diagonal[..., row]
    return Prediction(mean, factor)


def parameters(net: nn.Module) -> int:
    """How many numbers a network has learned."""
    return sum(p.numel() for p in net.parameters())
