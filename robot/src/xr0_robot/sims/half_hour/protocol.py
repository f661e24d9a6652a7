"""Thirty minutes of towels, as data.

Source: arXiv 2602.12684, Towel Folding: six towels, twice thirty minutes for each method; a towel that takes
more than two minutes is a failure.
"""

from __future__ import annotations

from xr0_robot.sims.benchmark import Benchmark, Task
from xr0_robot.sims.two_arms.embodiment import PIXELS, TWO_ARMS
from xr0_robot.sims.two_arms.limits import LIMITS
from xr0_robot.worlds import OFFICIAL

MINUTES = 30

PROTOCOL = Benchmark(
    robot=TWO_ARMS,
    limits=LIMITS,
    tasks=(Task("half_hour", "towels", TWO_ARMS.ticks(60.0 * MINUTES)),),
    groups=("towels",),
    sets={},
    pixels={camera.key: (PIXELS, PIXELS) for camera in TWO_ARMS.cameras},
    episodes=2,
    first_seed=1_000_000,
    execute_horizon=10,  # as everywhere at this robot's rate
    looks={OFFICIAL: "lamp and shades as in training"},
    pieces="towel",
)
