"""Scripted experts of both tasks: keyframes of the two hands, followed by their joints."""

# pyright: reportMissingImports=false
from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from xr0_robot import rotation
from xr0_robot.sims.aloha.env import AlohaTask
from xr0_robot.sims.aloha.reach import Arm
from xr0_robot.sims.benchmark import Act

OPEN, CLOSED = 1.0, 0.0

ABOVE = np.array([0.0, 0.0, 0.08])
"""Where a hand waits before it goes down [m]."""

CUBE_GRASP_M = 0.03
PEG_M, SOCKET_M = 0.01, 0.022
"""Heights above the table: of the fingertips on the cube, of the middle of the others as they lie. Things
begin above it and fall."""

ELSEWHERE_M, AGAIN_TICKS = 0.03, 25
"""A cube that is so far from where it was has been moved; until the hand is above it again."""

APART_M, TOGETHER_M = 0.11, 0.045
"""From the meeting point to the middles of peg and socket, before and behind the insertion."""

MEETING = np.array([0.0, 0.5, 0.25])
"""Where the two hands meet, in the middle between them [m]."""

DOWN_RAD = np.deg2rad(60.0)
"""How far a hand looks down when it picks something up."""

LEFTWARDS, RIGHTWARDS, UP = np.array([-1.0, 0.0, 0.0]), np.array([1.0, 0.0, 0.0]), np.array([0.0, 0.0, 1.0])


@dataclass(frozen=True)
class Key:
    """From the one before to this in so many ticks: the fingertips' place, the hand's turn, the gripper."""

    ticks: int
    place: np.ndarray
    turn: np.ndarray
    gripper: float


def facing(forward: np.ndarray, down_rad: float = 0.0, roll_rad: float = 0.0) -> np.ndarray:
    """A hand [3, 3] that looks along a horizontal direction, then down, then rolls about where it looks."""
    level = np.stack([forward, np.cross([0.0, 0.0, 1.0], forward), [0.0, 0.0, 1.0]], axis=1)
    pitched = level @ rotation.exp(np.array([0.0, down_rad, 0.0]))
    return pitched @ rotation.exp(np.array([roll_rad, 0.0, 0.0]))


def begin(env: AlohaTask) -> Act:
    """The script of the episode that was just reset."""
    scripts = {"transfer_cube": _transfer, "insertion": _insert}[env.name](env)
    arms = [Arm(env.physics.model.ptr, f"vx300s_{side}") for side in ("left", "right")]
    state = env.state().reshape(2, 7)
    hands = [_joints(arm, keys, now) for arm, keys, now in zip(arms, scripts, state, strict=True)]
    last = [state]

    def act() -> np.ndarray:
        last[0] = np.stack([next(hand, held) for hand, held in zip(hands, last[0], strict=True)])
        return last[0].ravel()

    return act


def _transfer(env: AlohaTask) -> tuple[Iterable[Key], Iterable[Key]]:
    return _take(env), _pick(env)


def _pick(env: AlohaTask) -> Iterator[Key]:
    """The right hand's part. It looks once more before it goes down: the cube may be elsewhere."""
    turn, cube = facing(LEFTWARDS, DOWN_RAD), env.things()[0]
    yield Key(50, cube + ABOVE, turn, OPEN)
    now = env.things()[0]
    if _elsewhere(cube, now):
        yield Key(AGAIN_TICKS, now + ABOVE, turn, OPEN)
    grasp = np.array([*now[:2], CUBE_GRASP_M])
    yield Key(25, grasp, turn, OPEN)
    yield Key(20, grasp, turn, CLOSED)
    yield Key(50, MEETING, turn, CLOSED)
    yield Key(200, MEETING, turn, CLOSED)


def _take(env: AlohaTask) -> Iterator[Key]:
    """The left hand's part, as much later as the right hand is."""
    turn, cube = facing(RIGHTWARDS, roll_rad=np.pi / 2), env.things()[0]
    before, at = MEETING + 0.12 * LEFTWARDS, MEETING - 0.01 * UP
    yield Key(60, before, turn, OPEN)
    later = AGAIN_TICKS if _elsewhere(cube, env.things()[0]) else 0
    yield Key(85 + later, before, turn, OPEN)
    yield Key(40, at, turn, OPEN)
    yield Key(30, at, turn, CLOSED)


def _elsewhere(cube: np.ndarray, now: np.ndarray) -> bool:
    return bool(np.linalg.norm((now - cube)[:2]) > ELSEWHERE_M)


def _insert(env: AlohaTask) -> tuple[Iterable[Key], Iterable[Key]]:
    return _bring(env, 1, SOCKET_M, RIGHTWARDS), _bring(env, 0, PEG_M, LEFTWARDS)


def _bring(env: AlohaTask, thing: int, height: float, forward: np.ndarray) -> Iterator[Key]:
    """Peg or socket to the meeting point, then half of the way into the other. How it hangs is seen in
    between, for it slips a little when it is lifted."""
    turn, low = facing(forward, DOWN_RAD), np.array([*env.things()[thing][:2], height])
    yield Key(60, low + ABOVE, turn, OPEN)
    yield Key(30, low, turn, OPEN)
    yield Key(25, low, turn, CLOSED)
    apart = MEETING - APART_M * forward
    yield Key(70, apart, turn, CLOSED)
    yield Key(20, apart, turn, CLOSED)
    hangs = env.things()[thing] - apart
    yield Key(20, apart - hangs, turn, CLOSED)
    yield Key(100, MEETING - TOGETHER_M * forward - hangs, turn, CLOSED)


def _joints(arm: Arm, keys: Iterable[Key], start: np.ndarray) -> Iterator[np.ndarray]:
    """An arm's seven numbers for each tick."""
    joints, gripper = start[:6], float(start[6])
    place, turn = arm.pose(joints)
    for key in keys:
        way = rotation.log(key.turn @ turn.T)
        for tick in range(1, key.ticks + 1):
            share = _eased(tick / key.ticks)
            at = place + share * (key.place - place)
            joints = arm.reach(at, rotation.exp(share * way) @ turn, joints)
            yield np.append(joints, gripper + tick / key.ticks * (key.gripper - gripper))
        place, turn, gripper = key.place, key.turn, key.gripper


def _eased(share: float) -> float:
    """From 0 to 1 without a jerk at either end."""
    return share * share * (3.0 - 2.0 * share)
