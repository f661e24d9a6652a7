"""Tell the policy what runs meanwhile, and let it continue that."""

from __future__ import annotations

from dataclasses import dataclass

from xr0_robot.executor.methods.naive import Naive
from xr0_robot.executor.strategy import Moment, Question


@dataclass(frozen=True)
class Prefix(Naive):
    """The next d commands are committed and sent along as the chunk's first rows, which the policy holds.

    For models trained with a prefix: training-time RTC (arXiv 2512.05964), the Λ mask (arXiv 2602.12684,
    post-training) and whatever else a checkpoint's contract says. Needs d <= execute_horizon <= horizon - d
    to keep its pace (arXiv 2506.07339, section 3).
    """

    name = "prefix"

    def ask(self, moment: Moment) -> Question:
        """All that will run meanwhile, as far as the policy was trained for."""
        return committed(moment)


def committed(moment: Moment) -> Question:
    """The observation with what will run until the answer is there."""
    count = min(moment.delay, moment.max_prefix)
    prefix = moment.planned(count)
    return Question(moment.observation, prefix if len(prefix) else None, untold=moment.delay - count)
