"""Inpainting: the model is not told what runs meanwhile, its sampling is led along the plan in hand.

Needs no training, and a policy whose sampling can be led (`xr0.model.guidance`).
"""

from __future__ import annotations

from dataclasses import dataclass

from xr0_robot.executor.inference import GuidedPolicy, Policy
from xr0_robot.executor.methods.naive import Naive
from xr0_robot.executor.strategy import Moment, Question
from xr0_robot.types import Guidance, Guide


@dataclass(frozen=True)
class RTC(Naive):
    """Real-time chunking (arXiv 2506.07339, algorithm 1): the velocity is corrected by a gradient towards the
    rest of the plan in hand, fully for the d ticks that run meanwhile, ever less behind them."""

    name = "rtc"

    def check(self, policy: Policy) -> None:
        """ValueError where the policy cannot be led so."""
        _check_guided(policy, self.name, "gradient")

    def ask(self, moment: Moment) -> Question:
        """The observation, and the rest of the plan in hand."""
        return _led(moment, "gradient")


@dataclass(frozen=True)
class RTCFree(Naive):
    """Real-time chunking without a gradient (NVIDIA Isaac GR00T, README_RTC.md): sampling starts from the
    rest of the plan in hand, its first d rows are frozen and the velocity of the others is scaled up to 1."""

    name = "rtc_free"

    def check(self, policy: Policy) -> None:
        """ValueError where the policy cannot be led so."""
        _check_guided(policy, self.name, "ramp")

    def ask(self, moment: Moment) -> Question:
        """The observation, and the rest of the plan in hand."""
        return _led(moment, "ramp")


def _led(moment: Moment, by: Guidance) -> Question:
    """The rest of the plan as a guide; none where there is no plan."""
    rest = moment.planned(moment.horizon)
    guide = Guide(rest, min(moment.delay, len(rest)), by) if len(rest) else None
    return Question(moment.observation, guide=guide)


def _check_guided(policy: Policy, name: str, by: Guidance) -> None:
    """ValueError where the policy takes no such guide."""
    known = policy.guidance if isinstance(policy, GuidedPolicy) else ()
    if by not in known:
        guided = " or ".join(known) or "nothing"
        raise ValueError(f"{name}: needs a policy guided by {by}, got one guided by {guided}")
