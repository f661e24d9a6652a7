"""ALOHA's robot and protocol, as LeRobot evaluates policies on it.

Sources: huggingface/gym-aloha 0.1.5, tasks/sim.py (commands, state, reward), assets/vx300s_left.xml (joints);
huggingface/lerobot, envs/configs.py (pictures, steps), configs/eval.py (episodes, first seed);
lerobot/aloha_sim_transfer_cube_scripted, aloha_sim_insertion_scripted (sentences).
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from xr0_robot.limits import GRIPPER_TOLERANCE, Limits, PlainLimit
from xr0_robot.sims.benchmark import Benchmark, Task
from xr0_robot.sims.looks import LOOKS
from xr0_robot.types import MODEL_DIM, Camera, Embodiment, Segment

CAMERA = "top"

TICKS = 400

SENTENCES: Mapping[str, str] = {
    "transfer_cube": "Pick up the cube with the right arm and transfer it to the left arm.",
    "insertion": "Insert the peg into the socket.",
}

DISPLACED = "displaced"
"""A group of its own, for what an executor is worth: the cube is moved once, as the hand comes near it."""

AREA = ((0.0, 0.2), (0.4, 0.6))
"""x and y [m] of the cube at the beginning (gym_aloha/utils.py), and where it is moved to."""

NEAR_M, MOVED_M = 0.12, (0.04, 0.08)
"""From hand to cube when it is moved, and how far; ours, as the brick table has it."""

JOINTS_LOW = (-3.14158, -1.85005, -1.76278, -3.14158, -1.8675, -3.14158)
JOINTS_HIGH = (3.14158, 1.25664, 1.6057, 3.14158, 2.23402, 3.14158)


def _arm(name: str, native: int, model: int) -> tuple[Segment, Segment]:
    """In the slots that the released bimanual robot has for an arm: its gripper, then its joints."""
    return (
        Segment(f"{name}.joints", "plain", "absolute", native, model + 7, 6),
        Segment(f"{name}.gripper", "gripper", "absolute", native + 6, model + 6, 1, closed=0.0, open=1.0),
    )


ALOHA = Embodiment(
    name="aloha",
    rate_hz=50.0,
    cameras=(Camera(CAMERA, "Base View", None, None),),
    segments=(*_arm("left", 0, 0), *_arm("right", 7, 14)),
    model_dim=MODEL_DIM,
    frame="joint angles [rad]",
    gripper="0 closed, 1 open",
)


def _limits(name: str) -> Limits:
    return {
        f"{name}.joints": PlainLimit(JOINTS_LOW, JOINTS_HIGH, rate=math.inf, tolerance=0.0),
        f"{name}.gripper": PlainLimit(0.0, 1.0, rate=math.inf, tolerance=GRIPPER_TOLERANCE),
    }


PROTOCOL = Benchmark(
    robot=ALOHA,
    limits={**_limits("left"), **_limits("right")},
    tasks=(
        *(Task(name, name, TICKS) for name in SENTENCES),
        Task("transfer_cube_displaced", DISPLACED, TICKS),
    ),
    groups=tuple(SENTENCES),
    sets={},
    pixels={"top": (480, 640)},
    episodes=50,
    first_seed=1000,
    execute_horizon=10,  # nothing is agreed on: ACT averages chunks, LeRobot executes 100 ticks
    looks=LOOKS,
)
"""Success is the highest reward, in any tick."""
