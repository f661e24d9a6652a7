"""Families that training never sees, some of them reserved for the last evaluation."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from xr0_robot.touch.sensor.prisms import ROUND, Rng, facing, lie_down, rectangle, regular, upright
from xr0_robot.touch.sensor.shapes import Prism


def _plus(rng: Rng) -> list[Prism]:
    thickness, width = rng.uniform(2.5, 8), rng.uniform(1.5, 3)
    length = rng.uniform(6, 10)
    return [facing(rectangle(width, length), thickness), facing(rectangle(length, width), thickness)]


def _pentagon(rng: Rng) -> list[Prism]:
    return [facing(regular(5, rng.uniform(2.8, 5.2), rng.integers(2) * np.pi), rng.uniform(2.5, 8))]


def _step_shaft(rng: Rng) -> list[Prism]:
    thick, long = rng.uniform(2.2, 4.5), rng.uniform(8, 15)
    thin = thick * rng.uniform(0.7, 0.95)
    shoulder = rng.uniform(-2, 2)
    return lie_down(
        rng,
        [
            upright(regular(ROUND, thick), long, shoulder - long / 2),
            upright(regular(ROUND, thin), long, shoulder + long / 2 - 0.01),
        ],
    )


def _hex_bolt(rng: Rng) -> list[Prism]:
    head, height = rng.uniform(3, 4.8), rng.uniform(2.5, 5)
    shaft, length = head * rng.uniform(0.75, 0.86), rng.uniform(8, 15)
    return lie_down(
        rng,
        [
            upright(regular(6, head, np.pi / 6), height, height / 2),
            upright(regular(ROUND, shaft), length, -length / 2 + 0.01),
        ],
    )


def _triangular_prism(rng: Rng) -> list[Prism]:
    turn = np.pi / 2 + rng.integers(4) * np.pi / 2
    return [facing(regular(3, rng.uniform(3, 6), turn), rng.uniform(2.5, 8))]


def _dovetail(rng: Rng) -> list[Prism]:
    low, high, tall, thickness = rng.uniform(5, 9), rng.uniform(2, 4), rng.uniform(3, 6), rng.uniform(2.5, 8)
    tail = 0.5 * np.array([[-low, -tall], [low, -tall], [high, tall], [-high, tall]])
    return [facing(tail, thickness), facing(rectangle(2 * low, 3.0), thickness, z=-tall / 2 - 1.45)]


def _keyed_shaft(rng: Rng) -> list[Prism]:
    radius, length = rng.uniform(2, 4.5), rng.uniform(16, 30)
    key = facing(rectangle(rng.uniform(1.2, 2.5), rng.uniform(3, 8)), 2 * radius + rng.uniform(0.2, 0.8))
    return lie_down(rng, [upright(regular(ROUND, radius), length), key])


HELD_OUT: dict[str, Callable[[Rng], list[Prism]]] = {
    "plus": _plus,
    "pentagon": _pentagon,
    "step_shaft": _step_shaft,
    "hex_bolt": _hex_bolt,
    "triangular_prism": _triangular_prism,
}
"""For evaluation only."""

RESERVED: dict[str, Callable[[Rng], list[Prism]]] = {"dovetail": _dovetail, "keyed_shaft": _keyed_shaft}
"""For the last evaluation only."""
