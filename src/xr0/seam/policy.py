"""A trained policy as the benchmark's robots ask it: many requests, one batch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from xr0.config import FLOW_STEPS
from xr0.plans import Plans
from xr0.seam.checkpoint import SeamCheckpoint
from xr0.transform import actions as layout
from xr0_robot.executor.inference import Request
from xr0_robot.types import GUIDANCE, Chunk, Guide, Observation


class SeamPolicy:
    """An `xr0_robot.executor.inference.Policy` that can be led along a plan."""

    guidance = GUIDANCE

    def __init__(self, checkpoint: SeamCheckpoint) -> None:
        self.checkpoint, self.robot = checkpoint, checkpoint.robot
        self.embodiment, self.stats = self.robot.embodiment, self.robot.stats
        self.action_horizon = self.stats.horizon
        self.max_prefix = checkpoint.contract.max_prefix
        self._plans = Plans(self.embodiment, self.stats, torch.device("cpu"), torch.float32)
        with torch.no_grad():
            self._schedule = checkpoint.model.schedule(FLOW_STEPS)

    def infer(self, observation: Observation, prefix: np.ndarray | None, seed: int | None) -> Chunk:
        """One request."""
        return self.answer([Request(observation, prefix, seed or 0, 0)])[0]

    def infer_guided(self, observation: Observation, guide: Guide, seed: int | None) -> Chunk:
        """One request with a guide."""
        return self.answer([Request(observation, None, seed or 0, 0, guide)])[0]

    @torch.no_grad()
    def answer(self, requests: Sequence[Request]) -> list[Chunk]:
        """A chunk for each."""
        model, states = self.checkpoint.model, [request.observation.state for request in requests]
        inputs, state = self.robot.read(states, states)
        noise = torch.stack([self._noise(request.seed) for request in requests])
        mask = self.robot.mask(len(requests))
        plans, both = self._plans, list(zip(requests, states, strict=True))
        prefix = plans.prefix([plans.encode("prefix", r.prefix, s) for r, s in both])
        guide = plans.guide([plans.encode_guide(r.guide, s) for r, s in both], mask)
        how = (self.checkpoint.contract, self._schedule, prefix, guide)
        actions = model.sample(model.encode(inputs), state, mask, noise, *how)
        encoded = self.stats.unnormalize_actions(actions.numpy())
        return [
            Chunk(
                layout.decode_actions(rows, request.observation.state, self.embodiment),
                request.observation.time_s,
                self.embodiment.dt,
            )
            for rows, request in zip(encoded, requests, strict=True)
        ]

    def _noise(self, seed: int) -> Float[Tensor, "t d"]:
        shape = self.stats.action_mean.shape
        return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape, np.float32))
