"""The read-out of a piezoresistive array: forces on taxels to 8 bits, with all faults on the way.

One chain for every simulator, so that two of them differ in their mechanics only. Sizes are our own choice,
wide for a sensor of this kind. They are drawn once for a physical sensor: goal and current reading share
them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xr0_robot.touch.sensor.pads import COLUMNS, FULL_SCALE_N, LEVELS, ROWS

COMMON_GAIN, TAXEL_GAIN = 0.15, 0.10
"""Spread of the logarithm of a pad's gain, and of each taxel's."""

EXPONENT = (0.8, 1.2)
"""Of the power law between force and reading."""

OFFSET, NOISE = 0.006, 0.008
"""Of full scale: standing offset of a taxel (spread), noise of one frame (spread)."""

FRAMES = 5
"""Averaged for the image of a grasp, once the pads have settled: a sixth of a second at 30 Hz."""

GHOST = 0.06
"""Largest share of a row's (a column's) mean that leaks into its taxels: the array shares its wires."""

DEAD_TAXEL, DEAD_ROW = 0.01, 0.02
"""Chance that a taxel is dead; that a pad has a dead row."""

MEMORY, CREEP = 0.04, 0.03
"""Hysteresis: largest share of the grasp before that stays in the reading; spread of one grasp's gain."""


@dataclass(frozen=True)
class Electronics:
    """Physical sensors, b of them with f pads each.

    gain, offset: float [b, f, 11, 9]; alive: bool of the same; exponent, ghost_rows, ghost_columns, memory,
    creep, noise: [b, f].
    """

    gain: np.ndarray
    offset: np.ndarray
    alive: np.ndarray
    exponent: np.ndarray
    ghost_rows: np.ndarray
    ghost_columns: np.ndarray
    memory: np.ndarray
    creep: np.ndarray
    noise: np.ndarray

    def take(self, index: np.ndarray) -> Electronics:
        """Some of the sensors, by index [n] or mask [b]."""
        return Electronics(**{name: value[index] for name, value in vars(self).items()})


def draw(rng: np.random.Generator, sensors: int, fingers: int) -> Electronics:
    """Sensors with all their faults."""
    pads, taxels = (sensors, fingers), (sensors, fingers, ROWS, COLUMNS)
    common = np.exp(rng.normal(0.0, COMMON_GAIN, (*pads, 1, 1)))
    alive = rng.random(taxels) >= DEAD_TAXEL
    dead_row = (rng.random(pads) < DEAD_ROW)[..., None] & (
        rng.integers(ROWS, size=pads)[..., None] == np.arange(ROWS)
    )
    return Electronics(
        gain=common * np.exp(rng.normal(0.0, TAXEL_GAIN, taxels)),
        offset=np.abs(rng.normal(0.0, OFFSET, taxels)),
        alive=alive & ~dead_row[..., None],
        exponent=rng.uniform(*EXPONENT, pads),
        ghost_rows=rng.uniform(0.0, GHOST, pads),
        ghost_columns=rng.uniform(0.0, GHOST, pads),
        memory=rng.uniform(0.0, MEMORY, pads),
        creep=np.full(pads, CREEP),
        noise=np.full(pads, NOISE),
    )


def perfect(sensors: int, fingers: int) -> Electronics:
    """Sensors without a fault; only the 8 bits remain."""
    pads, taxels = (sensors, fingers), (sensors, fingers, ROWS, COLUMNS)
    none, one = np.zeros(pads), np.ones(pads)
    return Electronics(
        np.ones(taxels), np.zeros(taxels), np.ones(taxels, bool), one, none, none, none, none, none
    )


def read(
    forces: np.ndarray, before: np.ndarray, sensors: Electronics, rng: np.random.Generator
) -> np.ndarray:
    """Forces [b, f, 11, 9] in N to images uint8 of the same shape: one grasp of each of b sensors.

    before: forces of the grasp before, zeros where there was none.
    """
    share = (forces + _per_pad(sensors.memory) * before) / FULL_SCALE_N
    signal = sensors.gain * share ** _per_pad(sensors.exponent)
    signal = signal * np.exp(_per_pad(sensors.creep * rng.standard_normal(sensors.creep.shape)))
    signal = (
        signal
        + _per_pad(sensors.ghost_rows) * signal.mean(axis=-1, keepdims=True)
        + _per_pad(sensors.ghost_columns) * signal.mean(axis=-2, keepdims=True)
    )
    noise = _per_pad(sensors.noise) / np.sqrt(FRAMES)
    signal = signal + sensors.offset + noise * rng.standard_normal(signal.shape)
    return np.rint(LEVELS * np.clip(np.where(sensors.alive, signal, 0.0), 0.0, 1.0)).astype(np.uint8)


def _per_pad(values: np.ndarray) -> np.ndarray:
    """[b, f] beside taxels."""
    return values[..., None, None]
