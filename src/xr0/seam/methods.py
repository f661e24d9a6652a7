"""What the benchmark compares: a way to execute chunks, and the weights that it was trained for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from xr0.seam.correction import A2C2_HEAD, Corrector
from xr0.seam.reflex import REFLEX_HEAD
from xr0.seam.train import BASE
from xr0_robot.executor.methods import (
    A2C2,
    RTC,
    Blend,
    Ensemble,
    Naive,
    Prefix,
    PrefixDamped,
    RTCFree,
    SeamDamped,
    SeamDecay,
    Synchronous,
    Vlash,
)
from xr0_robot.executor.strategy import EXECUTE_HORIZON, Strategy


@dataclass(frozen=True)
class Entry:
    """A method. variant: of `train.VARIANTS`, whose weights the policy has; head: what corrects it in every
    tick."""

    strategy: Strategy
    variant: str = BASE
    head: Corrector | None = None


SYNC = "sync"
"""Without a delay it is the frozen world, the bound of all."""

DEFAULT = "reflex"
"""What results call `default_method`: damped seams, and a reflex."""

WITHOUT_HEAD = "seam_damped"
"""The default of a policy that has no head to correct it, such as the brick table's."""

RIVAL = "lambda_paper"
"""The published method, beside the default in every table: arXiv 2602.12684, post-training."""

ENTRIES: Mapping[str, Entry] = {
    SYNC: Entry(Synchronous(EXECUTE_HORIZON)),
    "naive": Entry(Naive(EXECUTE_HORIZON)),
    "ensemble": Entry(Ensemble(EXECUTE_HORIZON)),
    "blend": Entry(Blend(EXECUTE_HORIZON)),
    "seam_decay": Entry(SeamDecay(EXECUTE_HORIZON)),
    WITHOUT_HEAD: Entry(SeamDamped(EXECUTE_HORIZON)),
    "rtc": Entry(RTC(EXECUTE_HORIZON)),
    "rtc_free": Entry(RTCFree(EXECUTE_HORIZON)),
    "prefix": Entry(Prefix(EXECUTE_HORIZON), "prefix"),
    RIVAL: Entry(Prefix(EXECUTE_HORIZON), "lambda_paper"),
    "lambda_released": Entry(Prefix(EXECUTE_HORIZON), "lambda_released"),
    "bridged": Entry(PrefixDamped(EXECUTE_HORIZON), "bridged"),
    "corrected": Entry(PrefixDamped(EXECUTE_HORIZON), "corrected"),
    "vlash": Entry(Vlash(EXECUTE_HORIZON), "vlash"),
    "a2c2": Entry(A2C2(Naive(EXECUTE_HORIZON)), head=A2C2_HEAD),
    "lambda_a2c2": Entry(A2C2(Prefix(EXECUTE_HORIZON)), "lambda_paper", head=A2C2_HEAD),
    DEFAULT: Entry(A2C2(SeamDamped(EXECUTE_HORIZON)), head=REFLEX_HEAD),
}
"""In the order of every table. All ask again every EXECUTE_HORIZON ticks, or as soon as they can."""
