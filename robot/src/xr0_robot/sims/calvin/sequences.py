"""The official sequences of tasks, and where everything is when one begins."""

# CALVIN's sources are in its own environment alone.
# pyright: reportMissingImports=false
from __future__ import annotations

import json
import sys
import types
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import util
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from xr0_robot import report
from xr0_robot.sims.calvin.protocol import LEGS, SEQUENCES

SOURCE = Path(sys.prefix) / "src"
"""Of the checkouts that `runs/sims/calvin.sh` makes."""

KEPT = Path(sys.prefix) / "sequences.json"

EVALUATION = SOURCE / "calvin/calvin_models/calvin_agent/evaluation/multistep_sequences.py"

ROBOT = (
    *(0.02586889, -0.2313129, 0.5712808),  # place [m]
    *(3.09045411, -0.02908596, 1.50013585),  # turn, Euler angles [rad]
    0.07999963,  # between the fingers [m]
    *(-1.21779124, 1.03987629, 2.11978254, -2.34205014, -0.87015899, 1.64119093, 0.55344928),  # joints [rad]
    1.0,  # open
)
"""The robot at each sequence's beginning (evaluation/utils.py, get_env_state_for_initial_condition), as all
numbers below."""

SLIDER_LEFT, DRAWER_OPEN, SWITCH_ON = 0.28, 0.22, 0.088
"""Joints [m, m, rad]; on the other side all are 0."""

PLACES: Mapping[str, tuple[float, float, float]] = {
    "slider_left": (-2.40851662e-01, 9.24044687e-02, 4.60990009e-01),
    "slider_right": (7.03416330e-02, 9.24044687e-02, 4.60990009e-01),
}
"""Of blocks [m]."""

TABLE = ((5.00000896e-02, -1.20000177e-01, 4.59990009e-01), (2.29995412e-01, -1.19995140e-01, 4.59990010e-01))
"""The two places on the table [m]; chance says which is the first."""

YAW = (np.pi / 2 - np.pi / 8, np.pi / 2 + np.pi / 8)
"""Range of a block's turn [rad]."""

FNV_PRIME, FNV_MASK = 0x01000193, 0xFFFFFFFF
"""Of the 32-bit Fowler-Noll-Vo hash, which begins at 0 in pyhash."""


CONDITIONS: Mapping[str, tuple[Any, ...]] = {
    "led": (0, 1),
    "lightbulb": (0, 1),
    "slider": ("right", "left"),
    "drawer": ("closed", "open"),
    **dict.fromkeys(("red_block", "blue_block", "pink_block"), ("table", "slider_right", "slider_left")),
    "grasped": (0,),
}
"""How things may stand at the beginning (evaluation/multistep_sequences.py)."""


@dataclass(frozen=True)
class Sequence:
    """How things stand, in the official words, and what is asked one after the other."""

    initial: Mapping[str, Any]
    tasks: tuple[str, ...]


def official() -> list[Sequence]:
    """All of them; drawn at their first use, which takes a minute or two, and kept. RuntimeError where
    CALVIN's sources are missing."""
    if not KEPT.is_file():
        drawn = [{"initial": sequence.initial, "tasks": sequence.tasks} for sequence in drawn_anew()]
        report.write(KEPT, {"sequences": drawn})
    return [
        Sequence(each["initial"], tuple(each["tasks"])) for each in json.loads(KEPT.read_text())["sequences"]
    ]


def drawn_anew() -> list[Sequence]:
    """As the official `get_sequences` draws them, by its own conditions of each task, but faster."""
    module = _module()
    initials = [dict(zip(CONDITIONS, values, strict=True)) for values in product(*CONDITIONS.values())]
    initials = [initial for initial in initials if _possible(list(initial.values()))]
    counts = [len(part) for part in np.array_split(range(SEQUENCES), len(initials))]
    found = [
        Sequence(initial, tasks)
        for number, (initial, count) in enumerate(zip(initials, counts, strict=True))
        for tasks in _from(module, initial, number, count)
    ]
    return [found[i] for i in np.random.RandomState(0).permutation(len(found))]


def _possible(values: list[Any]) -> bool:
    """One or two blocks on the table, at most one on each side behind the slider."""
    return values.count("table") in (1, 2) and max(map(values.count, PLACES)) < 2


def _from(module: Any, initial: Mapping[str, Any], seed: int, count: int) -> Iterator[tuple[str, ...]]:
    """`count` random sequences that can be done from there, with tasks of different kinds."""
    names, kinds = list(module.tasks), module.task_categories
    rng = np.random.RandomState(seed)
    while count > 0:
        drawn = tuple(names[i] for i in rng.permutation(len(names))[:LEGS])
        if len({kinds[name] for name in drawn}) == LEGS and module.check_sequence(initial, drawn):
            count -= 1
            yield drawn


def scene(initial: Mapping[str, Any]) -> np.ndarray:
    """The scene's state [24]: joints, lights, and place and turn of the red, the blue and the pink block."""
    state = np.zeros(24)
    state[0] = SLIDER_LEFT * (initial["slider"] == "left")
    state[1] = DRAWER_OPEN * (initial["drawer"] == "open")
    state[3] = SWITCH_ON * (initial["lightbulb"] == 1)
    state[4:6] = initial["lightbulb"], initial["led"]
    rng = np.random.RandomState(_hash(str(initial.values())))
    table = [np.array(place) for place in TABLE]
    rng.shuffle(table)
    red, blue, pink = (initial[f"{colour}_block"] for colour in ("red", "blue", "pink"))
    on_table = (table[0], table[1] if red == "table" else table[0], table[1])
    for number, (place, otherwise) in enumerate(zip((red, blue, pink), on_table, strict=True)):
        first = 6 + 6 * number
        state[first : first + 3] = PLACES.get(place, otherwise)
        state[first + 5] = rng.uniform(*YAW)
    return state


def _hash(text: str) -> int:
    value = 0
    for byte in text.encode():
        value = (value * FNV_PRIME & FNV_MASK) ^ byte
    return value


def _module() -> Any:
    """The official module, without the training code that it takes one function from."""
    if not EVALUATION.is_file():
        raise RuntimeError(f"benchmark calvin: no {EVALUATION}; make its environment: runs/sims/calvin.sh")
    needed = types.ModuleType("calvin_agent.evaluation.utils")
    needed.temp_seed = _temp_seed  # type: ignore[attr-defined]
    names = ("calvin_agent", "calvin_agent.evaluation", needed.__name__)
    known = {name: sys.modules.get(name) for name in names}
    sys.modules.update(
        dict(zip(names, (types.ModuleType(names[0]), types.ModuleType(names[1]), needed), strict=True))
    )
    try:
        spec = util.spec_from_file_location("calvin_sequences", EVALUATION)
        assert spec is not None and spec.loader is not None
        module = util.module_from_spec(spec)
        sys.modules[spec.name] = module  # its worker processes look for it by name
        spec.loader.exec_module(module)
    finally:
        for name, was in known.items():
            if was is None:
                del sys.modules[name]
            else:
                sys.modules[name] = was
    return module


@contextmanager
def _temp_seed(seed: int) -> Iterator[None]:
    """NumPy's global generator begins at `seed`, and afterwards is as before."""
    state = np.random.get_state()  # noqa: NPY002 - the official code draws from it
    np.random.seed(seed)  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(state)  # noqa: NPY002
