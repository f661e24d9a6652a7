"""A scripted expert of the slider, the drawer, the button, the switch and of lifting a block from
the table, by the released action contract: motions of the hand in shares of what the controller takes, and a
gripper. It shows that the adapter is right, and knows no other task.
"""

# The simulator is in its own environment.
# pyright: reportMissingImports=false
from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pybullet
from scipy.spatial.transform import Rotation

from xr0_robot import rotation
from xr0_robot.sims.benchmark import Act
from xr0_robot.sims.calvin.env import CalvinSequence

OPEN, CLOSED = 1.0, -1.0
UP = np.array([0.0, 0.0, 1.0])

STEP = 0.5
"""Of the largest motion in a tick, as a person would move."""

NEAR_M, NEAR_RAD = 0.006, 0.03
"""From where the hand is to be; closer is not waited for after PATIENCE_TICKS."""

PATIENCE_TICKS = 20
"""At a place that is not reached: something is in the way, or is being pushed."""

GRIP_TICKS = 10
"""Until the fingers are closed or open."""

SAFE_M = 0.66
"""Height above all there is."""

SLIDER_HANDLE = np.array([0.14, -0.060, 0.020])
DRAWER_HANDLE = np.array([0.0, -0.255, 0.04])
"""Middles of the bars, seen from their links [m]."""

SWITCH_BAR = np.array([0.0, -0.042, 0.033])
BUTTON_TOP = np.array([0.0, 0.0, 0.02])
"""Middle of the switch's bar and of the button's top, seen from their links [m]."""

LEAN_RAD = 0.9
"""How far the hand leans outwards at the switch, which is out of its reach else."""

BESIDE_M = 0.045
"""From a bar's middle to a closed hand that is about to push it."""

HOOK_M = 0.018
"""From the drawer's bar to a finger behind it."""

PUSH_M = 0.22
"""As far as door and drawer are pushed."""

LIFT_M = 0.12
"""As high as a block is lifted."""


def begin(env: CalvinSequence) -> Act:
    """The script of the task that is asked now; behind its end the hand stands still. ValueError for a task
    that it does not know."""
    script = Script(env).of(env.task)

    def act() -> np.ndarray:
        return next(script, np.array([0.0] * 6 + [env.table.robot.gripper_action]))

    return act


class Script:
    """Ways of the hand, as commands for each tick."""

    def __init__(self, env: CalvinSequence) -> None:
        self._robot = env.table.robot
        self._scene = env.table.scene
        (self._table,) = (thing.uid for thing in self._scene.fixed_objects if thing.name == "table")
        self._turn = np.array(self._robot.target_orn)
        self._fingers = CLOSED

    def of(self, task: str) -> Iterator[np.ndarray]:
        """The task's script."""
        if task in ("move_slider_left", "move_slider_right"):
            return self._slide(-1.0 if task.endswith("left") else 1.0)
        if task in ("open_drawer", "close_drawer"):
            return self._draw(-1.0 if task.startswith("open") else 1.0)
        if task in ("turn_on_led", "turn_off_led"):
            return self._press()
        if task in ("turn_on_lightbulb", "turn_off_lightbulb"):
            return self._switch(-1.0 if task.startswith("turn_off") else 1.0)
        if task.startswith("lift_") and task.endswith("_table"):
            return self._lift("block_" + task.split("_")[1])
        raise ValueError(
            f"expert: got the task {task}, expected one of slider, drawer, button or switch, or to lift a "
            "block from the table"
        )

    def _slide(self, way: float) -> Iterator[np.ndarray]:
        bar = self._link("base__slide") + SLIDER_HANDLE
        beside = bar - np.array([way * BESIDE_M, 0.0, 0.0])
        yield from self._over(beside)
        yield from self._to(beside)
        yield from self._to(beside + np.array([way * (PUSH_M + BESIDE_M), 0.0, 0.0]))

    def _draw(self, way: float) -> Iterator[np.ndarray]:
        bar = self._link("base__drawer") + DRAWER_HANDLE
        at = bar + np.array([0.0, HOOK_M if way < 0 else -BESIDE_M, -0.01])
        yield from self._over(at)
        yield from self._to(at)
        yield from self._to(at + np.array([0.0, way * PUSH_M, 0.0]))

    def _press(self) -> Iterator[np.ndarray]:
        at = self._link("base__button") + BUTTON_TOP
        yield from self._over(at)
        yield from self._to(at - 0.06 * UP)
        yield from self._to(at + 0.08 * UP)

    def _switch(self, way: float) -> Iterator[np.ndarray]:
        """Push the bar down from above, or up from below: along the way on which it slides."""
        bar = self._link("base__switch") + SWITCH_BAR
        slides = np.array([0.0, 0.5, 0.866]) * way
        self._lean(bar)
        at = bar - slides * BESIDE_M
        before = at - np.array([0.0, 0.08, 0.0])
        yield from self._to(np.array([before[0], before[1], SAFE_M]))
        yield from self._to(before)
        yield from self._to(at)
        yield from self._to(at + slides * (BESIDE_M + 0.1))

    def _lean(self, towards: np.ndarray) -> None:
        """Turn the hand so that it points outwards and down."""
        across = np.cross(UP, towards - self._robot.base_position)
        axis = across / np.linalg.norm(across)
        turn = rotation.exp(-LEAN_RAD * axis) @ Rotation.from_euler("xyz", self._turn).as_matrix()
        euler = Rotation.from_matrix(turn).as_euler("xyz")
        self._turn = self._turn + (euler - self._turn + np.pi) % (2 * np.pi) - np.pi

    def _lift(self, block: str) -> Iterator[np.ndarray]:
        (thing,) = (thing for thing in self._scene.movable_objects if thing.name == block)
        place, turn = pybullet.getBasePositionAndOrientation(thing.uid)
        yaw = pybullet.getEulerFromQuaternion(turn)[2]
        quarter = np.pi / 2  # a block is held across, whichever way that is nearer
        self._turn[2] += (yaw - self._turn[2] + quarter / 2) % quarter - quarter / 2
        at = np.array(place)
        self._fingers = OPEN
        yield from self._over(at)
        yield from self._to(at)
        self._fingers = CLOSED
        yield from self._wait(GRIP_TICKS)
        yield from self._to(at + LIFT_M * UP)

    def _link(self, joint: str) -> np.ndarray:
        count = pybullet.getNumJoints(self._table)
        numbers = {pybullet.getJointInfo(self._table, i)[1].decode(): i for i in range(count)}
        state = pybullet.getLinkState(self._table, numbers[joint], computeForwardKinematics=True)
        return np.array(state[4])

    def _over(self, at: np.ndarray) -> Iterator[np.ndarray]:
        """Up, across, and down to a little above."""
        hand = self._robot.target_pos
        yield from self._to(np.array([hand[0], hand[1], SAFE_M]))
        yield from self._to(np.array([at[0], at[1], SAFE_M]))

    def _to(self, at: np.ndarray) -> Iterator[np.ndarray]:
        """Straight there, until the hand has come or does not come nearer."""
        waited = 0
        while waited < PATIENCE_TICKS:
            told = np.concatenate([at - self._robot.target_pos, self._turn - self._robot.target_orn])
            scale = np.array([self._robot.max_rel_pos] * 3 + [self._robot.max_rel_orn] * 3)
            motion = told / scale
            yield np.append(motion * min(1.0, STEP / max(np.abs(motion).max(), 1e-9)), self._fingers)
            sensed = self._robot.get_observation()[0]
            away = np.linalg.norm(at - sensed[:3]) > NEAR_M
            away = away or np.abs(self._turn - sensed[3:6])[2] > NEAR_RAD
            if np.abs(told[:3]).max() < NEAR_M:
                if not away:
                    return
                waited += 1

    def _wait(self, ticks: int) -> Iterator[np.ndarray]:
        for _ in range(ticks):
            yield np.array([0.0] * 6 + [self._fingers])
