"""The six towels, as data."""

from __future__ import annotations

from dataclasses import dataclass

from xr0_robot.sims.scene import Vec3

Pattern = str
"""A name in `cloth.PATTERNS`."""


@dataclass(frozen=True)
class Towel:
    """size: edge lengths [m]; mass [kg]; stiffness: against bending [N m], as of a plate."""

    name: str
    size: tuple[float, float]
    mass: float
    stiffness: float
    rgb: Vec3
    pattern: Pattern

    @property
    def folded(self) -> tuple[float, float]:
        """Edge lengths of what two folds make of it [m]."""
        return self.size[0] / 2, self.size[1] / 2


TOWELS = (
    Towel("blue", (0.27, 0.27), 0.110, 0.8e-4, (0.16, 0.30, 0.78), "checks"),
    Towel("red", (0.23, 0.28), 0.090, 0.6e-4, (0.78, 0.16, 0.16), "stripes"),
    Towel("green", (0.24, 0.24), 0.140, 1.5e-4, (0.15, 0.55, 0.25), "hem"),
    Towel("yellow", (0.28, 0.21), 0.080, 0.5e-4, (0.88, 0.72, 0.14), "bands"),
    Towel("purple", (0.21, 0.25), 0.070, 1.0e-4, (0.48, 0.20, 0.62), "cross"),
    Towel("grey", (0.27, 0.25), 0.160, 1.2e-4, (0.42, 0.44, 0.47), "plain"),
)
"""From thin tea towels to a stiff hand towel."""
