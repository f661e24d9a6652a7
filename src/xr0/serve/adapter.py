"""Wire maps to policy requests and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from xr0.policy import Policy, Request, Row
from xr0.serve.dispatch import Question
from xr0_robot import wire
from xr0_robot.types import GUIDANCE, Guide

DEFAULT_SEED = 0
"""Of the noise of a request that names none: the same request has the same answer."""

MAX_PROMPT = 2000
"""Characters: a sentence has 50, and every further token of a prompt costs time that other robots wait."""


class ServedPolicy:
    """A Policy as the server wants it."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy

    def metadata(self) -> Mapping[str, Any]:
        """The wire's metadata keys, without the protocol version."""
        return self._policy.metadata()

    def warm_up(self, largest_batch: int) -> None:
        """Blank inferences."""
        self._policy.warm_up(largest_batch)

    def read(self, request: dict[str, Any]) -> Question:
        """ValueError, one line, where it does not fit the checkpoint.

        Any two can share a batch: sentences are padded. Pictures of other sizes take another time, and a
        guide by gradient takes all of its batch a backward pass, so those are kept apart.
        """
        row = self._policy.read(request_of(request))
        by_gradient = row.guide is not None and row.guide.by == "gradient"
        return Question((tuple(row.tokens.grids), by_gradient), row)

    def infer(self, questions: Sequence[Row]) -> list[dict[str, Any]]:
        """Actions and timings, which a batch shares."""
        actions, timing = self._policy.infer_rows(questions)
        told = {wire.INFER_MS: timing.total_ms, **asdict(timing)}
        return [{wire.ACTIONS: chunk.astype(np.float32), wire.POLICY_TIMING: told} for chunk in actions]


def request_of(message: Mapping[str, Any]) -> Request:
    """A request's keys of xr0_robot.wire as what a policy is asked; ValueError, one line, for a bad one."""
    for key in (wire.STATE, wire.PROMPT):
        if key not in message:
            raise ValueError(f"request: {key!r} is missing, got {sorted(message)}")
    state, prompt = message[wire.STATE], message[wire.PROMPT]
    seed, prefix = message.get(wire.SEED, DEFAULT_SEED), message.get(wire.PREFIX)
    if not isinstance(state, np.ndarray):
        raise ValueError(f"request: {wire.STATE!r} is {type(state).__name__}, expected an array of numbers")
    if not isinstance(prompt, str):
        raise ValueError(f"request: {wire.PROMPT!r} is {type(prompt).__name__}, expected a string")
    if len(prompt) > MAX_PROMPT:
        raise ValueError(
            f"request: {wire.PROMPT!r} has {len(prompt)} characters, expected at most {MAX_PROMPT}"
        )
    if not isinstance(seed, int | np.integer) or not 0 <= seed < 2**63:
        raise ValueError(
            f"request: {wire.SEED!r} is {wire.brief(seed)}, expected an integer from 0 to 2^63 - 1"
        )
    if prefix is not None and (not isinstance(prefix, np.ndarray) or prefix.ndim != 2):
        raise ValueError(f"request: {wire.PREFIX!r} must be an array [ticks, native_dim]")
    images = {
        key.removeprefix(wire.IMAGE_PREFIX): _image(key, value)
        for key, value in message.items()
        if key.startswith(wire.IMAGE_PREFIX)
    }
    return Request(images, state, prompt, prefix, int(seed), _guide(message))


def _guide(message: Mapping[str, Any]) -> Guide | None:
    keys = (wire.GUIDE, wire.GUIDE_DELAY, wire.GUIDED_BY)
    rows, delay, by = (message.get(key) for key in keys)
    if rows is None:
        return None
    if not isinstance(rows, np.ndarray) or rows.ndim != 2:
        raise ValueError(f"request: {wire.GUIDE!r} must be an array [ticks, native_dim]")
    if not isinstance(delay, int | np.integer) or not isinstance(by, str) or by not in GUIDANCE:
        raise ValueError(
            f"request: got {wire.GUIDE_DELAY!r} {wire.brief(delay)} and {wire.GUIDED_BY!r} {wire.brief(by)} "
            f"with a guide, expected an integer and one of {', '.join(GUIDANCE)}"
        )
    return Guide(rows, int(delay), by)


def _image(key: str, value: Any) -> np.ndarray:
    if not isinstance(value, np.ndarray):
        raise ValueError(f"request: {key!r} is {type(value).__name__}, expected a uint8 array")
    return value
