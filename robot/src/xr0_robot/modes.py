"""The methods of real-time execution by name: what a command line may ask for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

Mode = Literal[
    "async",
    "sync",
    "naive",
    "prefix",
    "ensemble",
    "blend",
    "seam_decay",
    "seam_damped",
    "prefix_decay",
    "prefix_damped",
    "rtc",
    "rtc_free",
    "vlash",
    "a2c2",
    "prefix_a2c2",
]
"""`async` is the method that a checkpoint was trained for; the others are as in `executor.methods`, each
beside its formula and source."""

MODES: tuple[Mode, ...] = get_args(Mode)

WORDS: Mapping[Mode, str] = {
    "async": "thinking while it moves",
    "sync": "stopping to think",
    "naive": "thinking while it moves, without a prefix",
    "prefix": "thinking while it moves, continuing a prefix",
    "ensemble": "thinking while it moves, chunks averaged",
    "blend": "thinking while it moves, old and new chunk blended",
    "seam_decay": "thinking while it moves, seams decay",
    "seam_damped": "thinking while it moves, seams damped",
    "prefix_decay": "thinking while it moves, continuing a prefix, seams decay",
    "prefix_damped": "thinking while it moves, continuing a prefix, seams beyond it damped",
    "rtc": "thinking while it moves, guided by the plan",
    "rtc_free": "thinking while it moves, guided by the plan without a gradient",
    "vlash": "thinking while it moves, about the state to come",
    "a2c2": "thinking while it moves, every command corrected",
    "prefix_a2c2": "thinking while it moves, continuing a prefix, every command corrected",
}
"""Each in words, for captions."""
