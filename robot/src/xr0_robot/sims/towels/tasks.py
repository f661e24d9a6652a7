"""What can be asked about a towel: fold it and lay it on the stack, or only spread it out."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

FOLD, SPREAD = "fold", "spread"

WORDINGS = {
    FOLD: (
        "fold the towel and put it on the stack",
        "flatten the towel, fold it twice and lay it on the pile",
        "fold this towel in quarters and stack it",
        "please fold the towel and place it on top of the others",
        "pick up the towel, fold it and add it to the stack",
        "the towel must be folded and laid on the pile",
        "take the towel, fold it two times and stack it",
        "fold the cloth neatly and put it on the pile of towels",
    ),
    SPREAD: (
        "spread the towel out flat on the table",
        "flatten the towel and leave it open",
        "smooth the towel out and do nothing else",
        "lay the cloth flat on the table",
    ),
}
"""Each meaning in several words. Only folding is shown and scored; the rest is how else a towel can be asked
for."""

WORDS = {
    FOLD: ("fold", "folded", "folding"),
    SPREAD: ("spread", "flatten", "flattened", "smooth", "flat"),
}
"""What names a task; folding wins where both are named."""


@dataclass(frozen=True)
class Task:
    """`meaning` is FOLD or SPREAD; `instruction` how it was said."""

    meaning: str
    instruction: str


def sample(rng: np.random.Generator) -> Task:
    """Folding, in one of its wordings."""
    return _worded(FOLD, rng)


def another(rng: np.random.Generator) -> Task:
    """Another task than those that are sampled."""
    return _worded(SPREAD, rng)


def parse(instruction: str) -> Task:
    """The task in a user's sentence; ValueError if it names none."""
    words = set(re.findall(r"[a-z]+", instruction.lower()))
    for meaning, names in WORDS.items():
        if words & set(names):
            return Task(meaning, instruction)
    raise ValueError(
        f"instruction {instruction!r}: got no task for a towel, expected one of the words "
        f"{', '.join(name for names in WORDS.values() for name in names)}"
    )


def _worded(meaning: str, rng: np.random.Generator) -> Task:
    return Task(meaning, WORDINGS[meaning][rng.integers(len(WORDINGS[meaning]))])
