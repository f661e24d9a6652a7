"""A robot without physics: its tool follows the commands with a lag. The template for a real robot's Env."""

from __future__ import annotations

import numpy as np

from xr0_robot.deadlines import Deadlines
from xr0_robot.limits import GRIPPER_TOLERANCE, Limits, PlainLimit, PoseLimit
from xr0_robot.types import MODEL_DIM, Camera, Chunk, Embodiment, Observation, Segment, finite_vector

MOCK = Embodiment(
    name="mock",
    rate_hz=30.0,
    cameras=(Camera("base", "Base View", 128, 128), Camera("wrist", "Left-Wrist View", 128, 128)),
    segments=(
        Segment("arm.pose", "pose", "chunk_start", native=0, model=0, size=6),
        Segment("arm.gripper", "gripper", "absolute", native=6, model=6, size=1, closed=0.0, open=1.0),
    ),
    model_dim=MODEL_DIM,
    frame="arm base: x forward, y left, z up; the tool frame equals it when the gripper points down",
    gripper="0 closed, 1 open",
)
"""What a robot is, as data: yours goes here."""

LIMITS: Limits = {
    "arm.pose": PoseLimit(low=(0.15, -0.35, 0.005), high=(0.78, 0.35, 0.45), speed_m_s=1.0, turn_rad_s=4.0),
    "arm.gripper": PlainLimit(low=0.0, high=1.0, rate=10.0, tolerance=GRIPPER_TOLERANCE),
}
"""How far and how fast it may be told to go: measured on the arm."""

DEADLINES = Deadlines(max_lag_s=1.0, max_picture_age_s=0.25, patience_s=10.0)
"""How old what it acts on may be, and how long it waits for a policy: as your task allows."""

LAG = 0.5
"""Share of the way to the command that is covered in one tick: servos trail by about one tick."""
NEAR_M = 0.01
"""The mark is reached within this distance."""
STEP_M = 0.012
"""How far MockPolicy moves per tick: 0.36 m/s."""


class MockEnv:
    """Point the tool at a mark. The same seed gives the same episode; only `apply` moves anything."""

    embodiment = MOCK

    def __init__(self) -> None:
        self.reset(0)

    def reset(self, seed: int, instruction: str | None = None) -> str:
        """Start over the table's middle, with a mark somewhere within reach."""
        rng = np.random.default_rng(seed)
        self.mark = rng.uniform([0.30, -0.20, 0.05], [0.60, 0.20, 0.30])
        self._state = np.array([0.35, 0.0, 0.20, 0.0, 0.0, 0.0, 1.0])
        return "reach the mark" if instruction is None else instruction

    def observe(self, instruction: str, time_s: float) -> Observation:
        """Grey pictures: a real robot's cameras go here."""
        images = {c.key: np.full((*c.size, 3), 128, np.uint8) for c in self.embodiment.cameras}
        return Observation(images, self.state(), instruction, time_s)

    def state(self) -> np.ndarray:
        """float64 [7], measured: a real robot's encoders go here."""
        return self._state.copy()

    def apply(self, action: np.ndarray) -> None:
        """Follow the command for one tick: a real robot's driver goes here."""
        action = finite_vector("action", action, self.embodiment.native_dim)
        self._state += LAG * (action - self._state)

    def stop(self) -> None:
        """It has no inertia and stands: a real robot's own stop goes here, or its last command once more."""

    def success(self) -> bool:
        """Whether the tool is at the mark: a real robot asks its operator here."""
        return bool(np.linalg.norm(self._state[:3] - self.mark) < NEAR_M)

    def close(self) -> None:
        """Nothing to free."""


class MockPolicy:
    """Straight to the mark of a MockEnv at an even pace, from the end of the prefix where there is one."""

    embodiment = MOCK
    max_prefix = 6

    def __init__(self, env: MockEnv, action_horizon: int = 30) -> None:
        self._env = env
        self.action_horizon = action_horizon

    def infer(self, observation: Observation, prefix: np.ndarray | None, seed: int | None) -> Chunk:
        """The rows of the prefix come back unchanged, as from a model that was trained with prefixes."""
        rows = [] if prefix is None else list(prefix)
        last = rows[-1] if rows else observation.state
        while len(rows) < self.action_horizon:
            way = self._env.mark - last[:3]
            last = last.copy()
            last[:3] += way * min(1.0, STEP_M / max(float(np.linalg.norm(way)), 1e-9))
            rows.append(last)
        return Chunk(np.stack(rows), observation.time_s, self.embodiment.dt)
