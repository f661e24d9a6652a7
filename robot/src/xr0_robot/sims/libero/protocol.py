"""LIBERO's robot and protocol, as the released client evaluates policies on it.

Sources: XiaomiRobotics/Xiaomi-Robotics-0, eval_libero/main.py (steps, waiting, replanning, trials, seed);
Physical-Intelligence/openpi, examples/libero/main.py, whose client it follows (LIBERO-90's steps);
Lifelong-Robot-Learning/LIBERO, libero/libero/benchmark (suites, the order of tasks, initial states).
"""

from __future__ import annotations

from collections.abc import Mapping

from xr0_robot.released import LIBERO, LIMITS
from xr0_robot.sims.benchmark import Benchmark, Task
from xr0_robot.sims.looks import LOOKS

CAMERAS: Mapping[str, str] = {"base": "agentview", "wrist_left": "robot0_eye_in_hand"}
"""The simulator's names of the views, by the robot's."""

WAITING_TICKS = 10
"""Ticks at an episode's beginning in which things fall into place and nothing is asked."""

WAITING = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, -1.0)
"""What is told meanwhile: stand still, open."""

INITIAL_STATES = 50
"""Of each task."""

SCENE_SEED = 7
"""Of what the initial states leave open: where furniture stands."""

TICKS: Mapping[str, int] = {
    "libero_spatial": 220,
    "libero_object": 280,
    "libero_goal": 300,
    "libero_10": 520,
}
"""An episode of each suite of the published tables."""

LIBERO_90_TICKS = 400

PERTURBATIONS = ("lan", "object", "swap", "task")
"""LIBERO-PRO (arXiv 2510.03827): other words, other things, exchanged places, another task."""

PRO: Mapping[str, int] = {f"{suite}_{how}": ticks for suite, ticks in TICKS.items() for how in PERTURBATIONS}

IN_OWN_WORDS = ("lan", "task")
"""Perturbations whose sentence is in the task's file; elsewhere it is the task's name."""


def _tasks(suite: str, count: int, ticks: int) -> tuple[Task, ...]:
    return tuple(Task(f"{suite}/{number}", suite, ticks) for number in range(count))


def _all() -> tuple[Task, ...]:
    tens = [task for suite, ticks in {**TICKS, **PRO}.items() for task in _tasks(suite, 10, ticks)]
    return (*tens, *_tasks("libero_90", 90, LIBERO_90_TICKS))


PROTOCOL = Benchmark(
    robot=LIBERO,
    limits=LIMITS["libero"],
    tasks=_all(),
    groups=tuple(TICKS),
    sets={"libero_pro": tuple(f"{suite}/{number}" for suite in PRO for number in range(10))},
    pixels=dict.fromkeys(CAMERAS, (256, 256)),
    episodes=50,
    first_seed=0,
    execute_horizon=10,
    looks=LOOKS,
    seeds=INITIAL_STATES,
    first_demo=INITIAL_STATES,
)
"""A seed is the number of one of a task's initial states; a higher one, which is never scored, draws a scene.
Success is the simulator's, in any tick."""
