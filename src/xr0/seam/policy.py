"""A trained policy as the benchmark's robots ask it: many requests, one batch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from xr0.config import FLOW_STEPS
from xr0.model import flow, guidance
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
        how = (self.checkpoint.contract, self._schedule, self._prefix(requests), self._guide(requests, mask))
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

    def _prefix(self, requests: Sequence[Request]) -> flow.Prefix | None:
        """What is committed."""
        plans = [request.prefix for request in requests]
        return flow.Prefix(*self._planned(requests, plans)) if any(p is not None for p in plans) else None

    def _guide(self, requests: Sequence[Request], mask: Float[Tensor, "b t d"]) -> guidance.Guide | None:
        """What leads."""
        guides = [request.guide for request in requests]
        if not any(guides):
            return None
        plan, lengths = self._planned(requests, [guide.rows if guide else None for guide in guides])
        delays = torch.tensor([guide.delay if guide else 0 for guide in guides])
        by_gradient = torch.tensor([guide is not None and guide.by == "gradient" for guide in guides])
        return guidance.Guide.of(plan, lengths, delays, by_gradient, mask)

    def _planned(
        self, requests: Sequence[Request], plans: Sequence[np.ndarray | None]
    ) -> tuple[Float[Tensor, "b t d"], Int[Tensor, " b"]]:
        """Commands as seen from each request's own state, zeros behind them; and how many."""
        rows = np.zeros((len(plans), *self.stats.action_mean.shape), np.float32)
        for i, (plan, request) in enumerate(zip(plans, requests, strict=True)):
            if plan is not None:
                encoded = layout.encode_actions(plan, request.observation.state, self.embodiment)
                rows[i, : len(plan)] = self.stats.normalize_actions(encoded)
        lengths = [0 if plan is None else len(plan) for plan in plans]
        return torch.from_numpy(rows), torch.tensor(lengths)

    def _noise(self, seed: int) -> Float[Tensor, "t d"]:
        shape = self.stats.action_mean.shape
        return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape, np.float32))
