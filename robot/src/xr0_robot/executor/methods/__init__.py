"""The methods of real-time execution, a value each, beside its formula and source.

To add one: a frozen dataclass that changes what `Naive` does in one place, and its name in `named` and in
`xr0_robot.modes`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from xr0_robot.executor.methods.a2c2 import A2C2
from xr0_robot.executor.methods.damped import PrefixDamped, SeamDamped
from xr0_robot.executor.methods.decay import PrefixDecay, SeamDecay
from xr0_robot.executor.methods.guided import RTC, RTCFree
from xr0_robot.executor.methods.naive import Naive
from xr0_robot.executor.methods.overlap import Blend, Ensemble
from xr0_robot.executor.methods.prefix import Prefix
from xr0_robot.executor.methods.synchronous import Synchronous
from xr0_robot.executor.methods.vlash import Vlash
from xr0_robot.modes import Mode

Method = (
    Synchronous
    | Naive
    | Prefix
    | Ensemble
    | Blend
    | SeamDecay
    | SeamDamped
    | PrefixDecay
    | PrefixDamped
    | RTC
    | RTCFree
    | Vlash
    | A2C2
)
"""All of them."""

__all__ = [
    "A2C2",
    "RTC",
    "Blend",
    "Ensemble",
    "Method",
    "Naive",
    "Prefix",
    "PrefixDamped",
    "PrefixDecay",
    "RTCFree",
    "SeamDamped",
    "SeamDecay",
    "Synchronous",
    "Vlash",
    "named",
]


def named(mode: Mode, execute_horizon: int) -> Method:
    """A method by its name on the command line, all else at its defaults."""
    makers: Mapping[Mode, Callable[[int], Method]] = {
        "async": PrefixDamped,  # as long as the checkpoint was trained for, none where it was not
        "sync": Synchronous,
        "naive": Naive,
        "prefix": Prefix,
        "ensemble": Ensemble,
        "blend": Blend,
        "seam_decay": SeamDecay,
        "seam_damped": SeamDamped,
        "prefix_decay": PrefixDecay,
        "prefix_damped": PrefixDamped,
        "rtc": RTC,
        "rtc_free": RTCFree,
        "vlash": Vlash,
        "a2c2": lambda ticks: A2C2(Naive(ticks)),
        "prefix_a2c2": lambda ticks: A2C2(Prefix(ticks)),
    }
    return makers[mode](execute_horizon)
