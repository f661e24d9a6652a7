"""The simulated worlds by name, and in which variants there are: what a command line may ask for."""

from __future__ import annotations

from collections.abc import Mapping

TRAINED = "trained"
"""The variant that every world has: as its training."""

BRICK_TABLE: Mapping[str, str] = {
    TRAINED: "as in training",
    "moved": "the brick is moved once, as the gripper comes near",
    "sentences": "the task is said in unseen wordings",
    "light": "light and shades that training did not have",
    "camera": "both cameras are displaced and turned",
    "six": "two more bricks, of colours that no sentence names",
}
"""What can be unlike training at the brick table."""

LOOKS_AND_THINGS = {name: BRICK_TABLE[name] for name in (TRAINED, "moved", "light", "six")}
"""Of these, what fits every robot and every task there."""

LEGO: Mapping[str, str] = {
    TRAINED: "an assembly of ten bricks; in a quarter of the episodes only one colour is asked for",
    "stolen": "a brick is taken out of the hand once",
    "light": LOOKS_AND_THINGS["light"],
    "la5": "an assembly of 5 bricks, all to be sorted",
    "la10": "an assembly of 10 bricks, all to be sorted",
    "la20": "an assembly of 20 bricks, all to be sorted",
    "ma34": "three assemblies with 34 bricks, all to be sorted",
}
"""What can be unlike training at the Lego table; la5 to ma34 are the paper's tasks."""

TOWELS: Mapping[str, str] = {
    TRAINED: "one of six towels, thrown on the table",
    "moved": "the towel is snatched away or turned over once",
    "light": LOOKS_AND_THINGS["light"],
}
"""What can be unlike training at the towel table."""

WORLDS: Mapping[str, Mapping[str, str]] = {
    "bricks": BRICK_TABLE,
    "bricks_joints": LOOKS_AND_THINGS,
    "edges": LOOKS_AND_THINGS,
    "stacking": LOOKS_AND_THINGS,
    "lego": LEGO,
    "towels": TOWELS,
}
"""Each world's variants with what they are, in words; made in `sims/<world>`."""

BENCHMARKS: Mapping[str, str] = {
    "aloha": "ALOHA in simulation: two arms, 14 joints, a cube handed over, a peg inserted, 50 Hz",
    "calvin": "CALVIN: a Panda arm at a table, 1000 sequences of five tasks, two cameras, 30 Hz",
    "libero": "LIBERO: a Panda arm, four suites of ten tasks, LIBERO-90 and LIBERO-PRO, two cameras, 20 Hz",
    "metaworld": "Meta-World MT50: fifty tasks at a table, one camera, 80 Hz",
    "simpler": "SimplerEnv: a WidowX arm, four tasks, one camera, 5 Hz (ManiSkill 3 has no Google robot)",
}
"""Published benchmarks with what they are, in words: many tasks, one protocol; made in `sims/<name>`."""

PUBLISHED: Mapping[str, str] = {"towels": "half_hour", "lego": "disassembly"}
"""Worlds whose published protocol is a benchmark too, with its name; made in `sims/<name>`, on the world's
own simulator."""

OFFICIAL = "official"
"""The look that every benchmark has: pictures as its protocol has them."""

DEFAULT = "bricks"
"""The world of a command that names none."""


def check(world: str, variant: str) -> None:
    """ValueError, with the valid names, for a world or a variant that there is not."""
    if world not in WORLDS:
        raise ValueError(f"world: got {world!r}, expected one of {', '.join(WORLDS)}")
    if variant not in WORLDS[world]:
        valid = ", ".join(WORLDS[world])
        raise ValueError(f"variant: got {variant!r}, expected one of {valid} for the world {world}")
