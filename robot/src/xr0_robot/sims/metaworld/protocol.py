"""Meta-World's robot and protocol, as LeRobot evaluates policies on it.

Sources: huggingface/lerobot, src/lerobot/envs/metaworld.py (interface, camera, horizon),
metaworld_config.json (sentences, groups), configs/eval.py (first seed); docs/source/metaworld.mdx (10
episodes of each task); Farama-Foundation/Metaworld 3.1.1, sawyer_xyz_env.py (motions, gripper, rate).
"""

from __future__ import annotations

from xr0_robot.limits import GRIPPER_TOLERANCE, Limits, MotionLimit, PlainLimit
from xr0_robot.sims.benchmark import Benchmark, Task
from xr0_robot.sims.looks import LOOKS
from xr0_robot.sims.metaworld.sentences import GROUPS, MT10
from xr0_robot.types import MODEL_DIM, Camera, Embodiment, Segment

CAMERA = "corner2"
"""The simulator's name of the view."""

HORIZON = 500
"""Ticks of an episode: SawyerXYZEnv.max_path_length."""

METAWORLD = Embodiment(
    name="metaworld",
    rate_hz=80.0,
    cameras=(Camera(CAMERA, "Base View", None, None),),
    segments=(
        Segment("arm.motion", "plain", "previous", native=0, model=0, size=3),
        Segment("arm.gripper", "plain", "absolute", native=3, model=6, size=1),
    ),
    model_dim=MODEL_DIM,
    frame="the simulator's world; a motion of 1 moves the hand's target by 0.01 m along an axis",
    gripper="told: -1 opens, 1 closes, as an effort; sensed: 1 is 0.1 m or more between the fingers",
    sensed=(
        Segment("arm.position", "plain", "absolute", native=0, model=0, size=3),
        Segment("arm.opening", "plain", "absolute", native=3, model=6, size=1),
    ),
)
"""A hand that is moved, not turned; the slots of the model's first arm."""

LIMITS: Limits = {
    "arm.motion": MotionLimit(-1.0, 1.0, tolerance=GRIPPER_TOLERANCE),
    "arm.gripper": PlainLimit(-1.0, 1.0, rate=float("inf"), tolerance=GRIPPER_TOLERANCE, start=-1.0),
}
"""The action space, Box(-1, 1): the simulator clips to it."""

PROTOCOL = Benchmark(
    robot=METAWORLD,
    limits=LIMITS,
    tasks=tuple(Task(name, group, HORIZON) for group, names in GROUPS.items() for name in names),
    groups=tuple(GROUPS),
    sets={"mt10": MT10},
    pixels={"corner2": (480, 480)},
    episodes=10,
    first_seed=1000,
    execute_horizon=1,  # SmolVLA, arXiv 2506.01844: its table's policies plan anew in every tick
    looks=LOOKS,
)
"""Success is the simulator's, in any tick; groups, sentences, camera and horizon are LeRobot's."""
