"""Correct every command by what is seen in its own tick."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from xr0_robot.executor.inference import CorrectingPolicy, Policy
from xr0_robot.executor.methods.damped import PrefixDamped, SeamDamped
from xr0_robot.executor.methods.decay import PrefixDecay, SeamDecay
from xr0_robot.executor.methods.naive import Naive
from xr0_robot.executor.methods.prefix import Prefix
from xr0_robot.executor.strategy import Correct, Handover, Moment, Question


@dataclass(frozen=True)
class A2C2:
    """A2C2 (arXiv 2509.23224): a_t = base_t + f(o_t, base_t, row, features), with a small head f that runs in
    every tick on top of the chunks of another method, `base`.

    Needs a policy with such a head; it runs in the control loop, so it must be there and fast.
    """

    base: Naive | Prefix | SeamDecay | PrefixDecay | SeamDamped | PrefixDamped = field(default_factory=Naive)

    @property
    def name(self) -> str:
        """Over naive chunks the paper's own, else with the base's name in front."""
        return "a2c2" if self.base.name == Naive.name else f"{self.base.name}_a2c2"

    def check(self, policy: Policy) -> None:
        """ValueError where the policy has no correction head."""
        self.base.check(policy)
        if not isinstance(policy, CorrectingPolicy):
            raise ValueError(f"{self.name}: needs a policy with a correction head, got one without `correct`")

    def due(self, ticks_since_start: int, remaining: int, delay: int) -> bool:
        """As the base."""
        return self.base.due(ticks_since_start, remaining, delay)

    def rows(self, horizon: int) -> int:
        """As the base."""
        return self.base.rows(horizon)

    def ask(self, moment: Moment) -> Question:
        """As the base."""
        return self.base.ask(moment)

    def join(self, handover: Handover) -> np.ndarray:
        """As the base."""
        return self.base.join(handover)

    def correction(self, policy: Policy) -> Correct | None:
        """The policy's head."""
        return policy.correct if isinstance(policy, CorrectingPolicy) else None
