"""What a policy attends to, without running it: what is seen, or what was committed?

The surprise has just happened, or has not; the robot stands at the same place and has the same plan in hand.

    S_obs(k) = |A(o', p)_k - A(o, p)_k| / |A*(o')_k - A*(o)_k|
    S_pre(k) = |A(o, p + q)_k - A(o, p)_k| / |q|

A: rows that a method's question is answered with, k ticks after the observation; A*: those of the policy
without a prefix; p: the plan in hand, as the expert would have gone on without the surprise.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from xr0.seam.policy import SeamPolicy
from xr0_robot.executor.inference import Request
from xr0_robot.executor.methods import Naive
from xr0_robot.executor.strategy import EXECUTE_HORIZON, Moment, Strategy
from xr0_robot.sims.seam.base import SeamWorld
from xr0_robot.sims.seam.tasks import TASKS
from xr0_robot.types import Observation

SCENES = range(400_000, 400_016)
"""Seeds of the scenes: below evaluation's, behind the demonstrations'."""

NOISES = 4
"""Answers per question, each from a noise of its own."""

SHIFT = 0.2
"""By which the plan is moved aside to see what that does: a share of how far commands get in a chunk."""


@dataclass(frozen=True)
class Scene:
    """Before and behind the surprise, with the plan in hand [horizon, native_dim]."""

    usual: Observation
    surprised: Observation
    plan: np.ndarray


@lru_cache(maxsize=8)
def scenes(task: str, horizon: int) -> tuple[Scene, ...]:
    """Of all SCENES."""
    return tuple(_scene(TASKS[task], seed, horizon) for seed in SCENES)


@dataclass(frozen=True)
class Reference:
    """Of the policy without a prefix: the standard deviation [native_dim] of what it answers to one
    observation, over the rows that are executed; and what the surprise changes [scenes, horizon]."""

    sigma: np.ndarray
    observed: np.ndarray

    @staticmethod
    def of(base: SeamPolicy) -> Reference:
        """By asking it."""
        given = scenes(base.robot.task, base.action_horizon)
        usual, surprised = (
            _answers(Naive(), base, [(seen, scene.plan) for seen, scene in zip(each, given, strict=True)], 0)
            for each in ([s.usual for s in given], [s.surprised for s in given])
        )
        spread = usual[:, :, :EXECUTE_HORIZON].var(axis=1, ddof=1).mean(axis=(0, 1))
        return Reference(np.sqrt(spread), _norms(surprised - usual))


def sensitivity(strategy: Strategy, policy: SeamPolicy, reference: Reference, delay: int) -> dict[str, Any]:
    """Norms per scene and tick after the observation [scenes][horizon]: what the surprise changes, for the
    method and for the policy without a prefix; what a shift of the plan changes; and the shift's own."""
    given = scenes(policy.robot.task, policy.action_horizon)
    aside = SHIFT * policy.stats.action_std[EXECUTE_HORIZON, : policy.embodiment.native_dim]
    usual = _answers(strategy, policy, [(s.usual, s.plan) for s in given], delay)
    surprised = _answers(strategy, policy, [(s.surprised, s.plan) for s in given], delay)
    shifted = _answers(strategy, policy, [(s.usual, s.plan + aside) for s in given], delay)
    return {
        "observed": _norms(surprised - usual),
        "observed_free": reference.observed,
        "shifted": _norms(shifted - usual),
        "shift": float(np.linalg.norm(aside)),
    }


def _norms(change: np.ndarray) -> np.ndarray:
    """Of [scenes, noises, horizon, d]: [scenes, horizon]."""
    return np.round(np.linalg.norm(change.mean(axis=1), axis=-1), 9)


def _answers(
    strategy: Strategy, policy: SeamPolicy, asked: list[tuple[Observation, np.ndarray]], delay: int
) -> np.ndarray:
    """[scenes, NOISES, horizon, d], by ticks after the observation: what is planned before an answer's first
    row stands."""
    requests, plans = [], []
    for observation, plan in asked:
        moment = Moment(
            observation,
            lambda count, plan=plan: plan[:count],
            delay,
            policy.action_horizon,
            policy.max_prefix,
            policy.embodiment,
        )
        question = strategy.ask(moment)
        for seed in range(NOISES):
            requests.append(
                Request(question.observation, question.prefix, seed, 0, question.guide, question.ahead)
            )
            plans.append(plan)
    chunks = policy.answer(requests)
    rows = [
        np.concatenate([plan[: request.ahead], chunk.actions])[: policy.action_horizon]
        for request, plan, chunk in zip(requests, plans, chunks, strict=True)
    ]
    return np.stack(rows).reshape(len(asked), NOISES, policy.action_horizon, -1)


def _scene(task: type[SeamWorld], seed: int, horizon: int) -> Scene:
    seen = []
    for surprised in (True, False):
        world = task(surprised)
        world.reset(seed)
        while world.tick <= world.surprise_tick:
            world.apply(world.expert())
        seen.append(world.observe(world.instruction, 0.0))
    plan = []
    while len(plan) < horizon:  # in the world without the surprise
        plan.append(world.expert())
        world.apply(plan[-1])
    # The hit of a thing may already have moved what it touches: only what is seen of it shall differ.
    size = task.embodiment.native_dim
    after = seen[0].state.copy()
    after[:size] = seen[1].state[:size]
    return Scene(seen[1], Observation({}, after, seen[1].instruction, 0.0), np.stack(plan))
