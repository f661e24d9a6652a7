"""Lego Disassembly, as data.

Source: arXiv 2602.12684, Lego Disassembly: LA-5, LA-10, LA-20 and MA-34, by their numbers of bricks, three
trials each. How long a trial may last is not published; here it is the Lego table's time for each brick.
"""

from __future__ import annotations

from xr0_robot.sims.benchmark import Benchmark, Task
from xr0_robot.sims.lego.trials import SECONDS_PER_BRICK, SETTLE_S, SIZES
from xr0_robot.sims.two_arms.embodiment import PIXELS, TWO_ARMS
from xr0_robot.sims.two_arms.limits import LIMITS
from xr0_robot.worlds import OFFICIAL

PROTOCOL = Benchmark(
    robot=TWO_ARMS,
    limits=LIMITS,
    tasks=tuple(
        Task(name, name, TWO_ARMS.ticks(SECONDS_PER_BRICK * sum(sizes))) for name, sizes in SIZES.items()
    ),
    groups=tuple(SIZES),
    sets={},
    pixels={camera.key: (PIXELS, PIXELS) for camera in TWO_ARMS.cameras},
    episodes=3,
    first_seed=1_000_000,
    execute_horizon=10,  # as everywhere at this robot's rate
    looks={OFFICIAL: "lamp and shades as in training"},
    settle_s=SETTLE_S,
    pieces="brick",
)
