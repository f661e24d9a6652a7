"""What an inference costs, relative to that of the policy asked by the observation alone."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from xr0.seam.policy import SeamPolicy
from xr0.seam.probe import Scene, scenes
from xr0_robot.executor.inference import Request
from xr0_robot.executor.strategy import EXECUTE_HORIZON, Moment, Strategy

REPEATS = 20
"""Of each, in turn; the medians are compared."""

DELAY = 6
"""Ticks: of the pass lines."""


def relative(strategy: Strategy, policy: SeamPolicy, base: SeamPolicy) -> float:
    """Processor time for a chunk of one robot, and for the corrections of the ticks that it serves, over that
    of a chunk without any of it."""
    scene = scenes(policy.robot.task, policy.action_horizon)[0]
    both = [lambda: _chunk(strategy, policy, scene), lambda: base.answer([Request(scene.usual, None, 0, 0)])]
    times = np.array([[_seconds(each) for each in both] for _ in range(REPEATS)])
    mine, free = np.median(times[1:], axis=0)
    return float(mine / free)


def _chunk(strategy: Strategy, policy: SeamPolicy, scene: Scene) -> None:
    moment = Moment(
        scene.usual,
        lambda count: scene.plan[:count],
        DELAY,
        policy.action_horizon,
        policy.max_prefix,
        policy.embodiment,
    )
    asked = strategy.ask(moment)
    chunk = policy.answer([Request(asked.observation, asked.prefix, 0, 0, asked.guide, asked.ahead)])[0]
    correct = strategy.correction(policy)
    if correct is not None:
        for row in range(EXECUTE_HORIZON):
            correct(scene.usual, chunk, row, chunk.actions[row])


def _seconds(call: Callable[[], object]) -> float:
    start = time.process_time()
    call()
    return time.process_time() - start
