"""What differs from sensor to sensor and from grasp to grasp in the elastic foundation. The read-out's faults
are in electronics.py.

Ranges are our own choice. Skins are drawn far wider than one sensor would vary: another simulator, or a real
skin, should lie among them.
"""

from __future__ import annotations

import numpy as np

from xr0.touch.foundation import Skin

STIFFNESS = 0.6
"""Nominal foundation modulus [N/mm^3]."""

STIFFNESS_FACTOR = 2.0
"""The modulus is between nominal over this and nominal times this, evenly in the logarithm."""

THICKNESS_MM, SPREAD_MM = (0.7, 1.5), (0.2, 0.9)
"""Of the skin; of the Gaussian by which it spreads force, a soft skin's at the upper end."""

CROWN_PER_MM = 0.02
"""Largest curvature of a pad's face: a radius of 50 mm, 0.2 mm at its edge."""

DOME_PER_MM = 1.0
"""Largest curvature of a single taxel: from a smooth skin to beads of 1 mm radius side by side."""

WEAR = 0.2
"""Spread of the logarithm of a pad's modulus about its sensor's."""

MOUNT_MM, MOUNT_DEG = 0.3, 1.0
"""How far from its place a pad may be glued on, each axis."""

NOMINAL_THICKNESS_MM, NOMINAL_SPREAD_MM = 1.0, 0.55
"""Of the skin that is not randomised."""

FORCE_N = (3.0, 8.0)
"""Grip forces of an episode, each pad."""

FORCE_CHANGE = 0.12
"""Spread of the logarithm of the force from grasp to grasp (a gripper's force repeats to 10 or 15 %)."""

JOINT_NOISE_MM = 0.02
"""Of a joint's reading (spread): a small gripper's encoder behind its gear."""


def draw_skin(rng: np.random.Generator, sensors: int, fingers: int) -> Skin:
    """Skins of sensors: one material for all pads of a sensor, each pad its own wear and mounting."""
    pads = (sensors, fingers)

    def of_sensor(low: float, high: float) -> np.ndarray:
        return np.repeat(rng.uniform(low, high, (sensors, 1)), fingers, axis=1)

    reach = np.log(STIFFNESS_FACTOR)
    mount = rng.uniform(-1.0, 1.0, (*pads, 6)) * ([MOUNT_MM] * 3 + [np.deg2rad(MOUNT_DEG)] * 3)
    return Skin(
        stiffness=STIFFNESS * np.exp(of_sensor(-reach, reach) + rng.normal(0.0, WEAR, pads)),
        thickness=of_sensor(*THICKNESS_MM),
        spread=of_sensor(*SPREAD_MM),
        crown=of_sensor(0.0, CROWN_PER_MM),
        dome=of_sensor(0.0, DOME_PER_MM),
        mount=mount,
    )


def nominal_skin(sensors: int, fingers: int) -> Skin:
    """The skin in the middle of the ranges, flat and in its place."""
    pads = (sensors, fingers)
    return Skin(
        stiffness=np.full(pads, STIFFNESS),
        thickness=np.full(pads, NOMINAL_THICKNESS_MM),
        spread=np.full(pads, NOMINAL_SPREAD_MM),
        crown=np.zeros(pads),
        dome=np.zeros(pads),
        mount=np.zeros((*pads, 6)),
    )


def draw_force(rng: np.random.Generator, mean_n: np.ndarray, fingers: int) -> np.ndarray:
    """Forces [b, f] of one grasp each, about the episode's mean [b]; fingers of a gripper press alike."""
    change = np.exp(rng.normal(0.0, FORCE_CHANGE, mean_n.shape))
    return np.repeat((mean_n * change)[:, None], fingers, axis=1)
