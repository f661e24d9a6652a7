"""CALVIN's robot and its long-horizon protocol, as the official evaluation has it.

Sources: mees/calvin, calvin_models/calvin_agent/evaluation (evaluate_policy.py: steps, sequences; utils.py:
initial states); mees/calvin_env, conf (cameras, scene); XiaomiRobotics/Xiaomi-Robotics-0, eval_calvin/main.py
(chunks of ten, the gripper's sign).
"""

from __future__ import annotations

from collections.abc import Mapping

from xr0_robot.released import CALVIN, LIMITS
from xr0_robot.sims.benchmark import Benchmark, Task

CAMERAS: Mapping[str, str] = {"base": "static", "wrist_left": "gripper"}
"""The simulator's names of the views, by the robot's."""

SCENE = "calvin_scene_D_eval"
"""Of the environment that is evaluated in, after training on A, B, C (and D)."""

SEQUENCES, LEGS = 1000, 5

PROTOCOL = Benchmark(
    robot=CALVIN,
    limits=LIMITS["calvin"],
    tasks=(Task("sequence", "D", 360),),
    groups=("D",),
    sets={},
    pixels={"base": (200, 200), "wrist_left": (84, 84)},
    episodes=SEQUENCES,
    first_seed=0,
    execute_horizon=10,
    looks={
        "official": "by PyBullet's TinyRenderer, which needs no GPU; published tables were drawn by OpenGL"
    },
    seeds=SEQUENCES,
    legs=LEGS,
)
"""A seed is the number of an official sequence. Success is the official oracle's, in any tick."""
