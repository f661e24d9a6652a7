"""Where there is room at the Lego table: for a hand to pass, and for what it lets go."""

from __future__ import annotations

import numpy as np

from xr0_robot.sims.lego.assembly import TALLEST
from xr0_robot.sims.lego.bricks import BINS, HALF, HEIGHT
from xr0_robot.sims.lego.env import LegoTable
from xr0_robot.sims.lego.jobs import Job

LOWEST_Z = 0.016
"""Tool height at which the fingertips just clear the table [m]."""

RELEASE_Z = 0.075
"""Tool height at which to let a brick go over its bin [m]."""

SPREAD = 0.03
"""Bricks are let go over four places so far from the middle of their bin [m]."""

MIDDLE = np.array([[0.235, 0.0], [0.235, 0.11], [0.235, -0.11]])
"""Where a piece can be laid that the other hand must take, x and y [m]: before the assemblies."""

FREE = 0.09
"""A place is free where nothing lies so near [m]."""


def drop(table: LegoTable, job: Job) -> np.ndarray:
    """Where to let a job's brick go [3]."""
    if job.bin is None or len(table.studs.piece(job.number)) > 1:
        return np.append(free_place(table, job.number), below(table, job.number) + LOWEST_Z)
    centre = next(bin_.centre for bin_ in BINS if bin_.name == job.bin)
    inside = sum(table.bin_of(n) == job.bin for n in range(table.count) if n != job.number)
    corner = SPREAD * np.array([1 - 2 * (inside & 1), 1 - (inside & 2)])
    return np.append(np.array(centre) + corner, RELEASE_Z)


def free_place(table: LegoTable, number: int) -> np.ndarray:
    """Of those where a piece can be laid for the other hand, the first on which nothing lies [2]."""
    away = table.studs.piece(number).union(*table.held().values())
    others = np.reshape([table.centre(n)[:2] for n in range(table.count) if n not in away], (-1, 2))
    free = [np.linalg.norm(others - place, axis=1).min(initial=np.inf) > FREE for place in MIDDLE]
    return MIDDLE[free.index(True) if True in free else 0]


def below(table: LegoTable, number: int) -> float:
    """How far below a brick's middle that of the lowest is which hangs on it [m]."""
    lowest = min(table.centre(other)[2] for other in table.studs.piece(number))
    return float(max(0.0, table.centre(number)[2] - lowest))


def top(table: LegoTable, but: int | None = None) -> float:
    """Of all that stands between the bins, without a brick and what hangs on it [m]."""
    apart = frozenset() if but is None else table.studs.piece(but)
    apart = apart.union(*table.held().values())
    heights = [
        table.centre(n)[2] + HALF[2] for n in range(table.count) if n not in apart and table.bin_of(n) is None
    ]
    return min(max(heights, default=0.0), HEIGHT * TALLEST)
