"""SimplerEnv's WidowX tasks and their protocol. Those of the Google robot are not in ManiSkill 3.

Sources: haosulab/ManiSkill 3.0.1, envs/tasks/digital_twins/bridge_dataset_eval (tasks, ticks, 5 Hz, scenes by
number); simpler-env/SimplerEnv, scripts/octo_bridge.sh (24 scenes), evaluation/maniskill2_evaluator.py (an
episode is played to its end, and judged there); allenzren/open-pi-zero, src/agent/env_adapter/simpler.py
(states, commands, pictures), which the released client follows: XiaomiRobotics/Xiaomi-Robotics-0,
eval_simplerenv/main.py (chunks of four).
"""

from __future__ import annotations

from collections.abc import Mapping

from xr0_robot.released import LIMITS, WIDOWX
from xr0_robot.sims.benchmark import Benchmark, Task

SCENES = 24
"""Of each task, by number: places and turns of the two things."""

ENVS: Mapping[str, str] = {
    "spoon": "PutSpoonOnTableClothInScene-v1",
    "carrot": "PutCarrotOnPlateInScene-v1",
    "stack": "StackGreenCubeOnYellowCubeBakedTexInScene-v1",
    "eggplant": "PutEggplantInBasketScene-v1",
}
"""ManiSkill's names, in the order of the published table."""

TICKS: Mapping[str, int] = {"spoon": 60, "carrot": 60, "stack": 60, "eggplant": 120}

CAMERA = "3rd_view_camera"
"""Its pictures, 480 x 640, are made smaller for the policy."""

PROTOCOL = Benchmark(
    robot=WIDOWX,
    limits=LIMITS["widowx"],
    tasks=tuple(Task(name, "widowx", ticks) for name, ticks in TICKS.items()),
    groups=("widowx",),
    sets={},
    pixels={"base": (256, 256)},
    episodes=SCENES,
    first_seed=0,
    execute_horizon=4,
    looks={"official": "what is rendered, before a photograph of the real table"},
    seeds=SCENES,
)
"""A seed is the number of a scene. Success is the simulator's, in the last tick."""
