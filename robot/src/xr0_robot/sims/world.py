"""What a simulated world offers beside its Env, to a bench and to a recorder, and how to open one by name.

A world is a folder `sims/<name>/` whose module `world` has `open_world(variant)`, `open_demonstrator()` and
`begin(env)`, the scripted expert at work in an episode that was just reset, and an entry in
`xr0_robot.worlds`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol

import numpy as np

from xr0_robot import worlds
from xr0_robot.env import Env
from xr0_robot.limits import Limits
from xr0_robot.sims.benchmark import Act

Question = tuple[str, str, str]
"""Camera key, question, answer."""


@dataclass(frozen=True)
class World:
    """An Env and how it is scored.

    time_limit_s: an episode that is not done by then has failed; settle_s: success counts once it has lasted
    this long. mislead: a seed to a sentence that fits its scene but asks otherwise; fulfilled: whether what a
    sentence asks for is so now, whichever is scored.
    """

    env: Env
    limits: Limits
    time_limit_s: float
    settle_s: float
    mislead: Callable[[int], str]
    fulfilled: Callable[[str], bool]


class Demonstrator(Protocol):
    """A world's expert, as a recorder asks it: `begin`, then for each tick the methods below in their order.

    columns: further numbers of each frame, feature to their names. time_limit_s: an expert that takes longer
    has failed. idle_ticks: an episode ends in success after so many still ticks in a row.
    """

    env: Env
    columns: Mapping[str, Sequence[str]]
    time_limit_s: float
    idle_ticks: int

    def begin(self, seed: int) -> tuple[str, Mapping[str, bool]]:
        """Start the seed's episode; its instruction, and what is special about it."""
        ...

    def act(self) -> np.ndarray:
        """The command [native_dim] for this tick."""
        ...

    def meant(self) -> bool:
        """Whether that command is to be learnt; else it is a mistake, that is made good."""
        ...

    def numbers(self) -> Mapping[str, np.ndarray]:
        """The values of `columns` now."""
        ...

    def questions(self) -> Sequence[Question]:
        """What is asked about this tick's pictures; mostly nothing."""
        ...

    def disturbance(self) -> np.ndarray:
        """What is added to the command before it is applied [native_dim], and not recorded."""
        ...


def open_world(name: str, variant: str) -> World:
    """Open one of `xr0_robot.worlds`; ValueError for another, RuntimeError where its simulator is missing."""
    worlds.check(name, variant)
    return _module(name).open_world(variant)


def open_demonstrator(name: str) -> Demonstrator:
    """The expert of one of `xr0_robot.worlds`; errors as above."""
    worlds.check(name, worlds.TRAINED)
    return _module(name).open_demonstrator()


def begin(name: str, env: Env) -> Act:
    """The scripted expert, in an episode that was just reset, of an Env that `open_world` made."""
    return _module(name).begin(env)


def _module(name: str) -> Any:
    """Imported late: a body without a simulator need not have one."""
    try:
        return import_module(f"xr0_robot.sims.{name}.world")
    except ModuleNotFoundError as error:
        raise RuntimeError(f"world {name}: {error}; install it: pip install 'xr0-robot[sim]'") from error
