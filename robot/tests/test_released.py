"""The released benchmarks' robots in the episode loop: told motions, sensing what they are not told."""

import numpy as np
import pytest

from xr0_robot.bench.rollout import Episode, rollout
from xr0_robot.executor.clock import VirtualClock
from xr0_robot.executor.inference import VirtualInference
from xr0_robot.executor.methods import Prefix, Synchronous
from xr0_robot.executor.safety import Safety
from xr0_robot.released import LIBERO, LIMITS, RELEASED
from xr0_robot.types import Chunk, Observation

GOAL = np.array([0.3, -0.2, 0.1])
STEP_M = 0.05
"""What a motion of 1 moves robosuite's hand by in one tick."""


class Hand:
    """LIBERO without its simulator: the hand moves by what it is told, the fingers follow the gripper."""

    embodiment = LIBERO

    def reset(self, seed, instruction=None):
        self.place, self.told = np.zeros(3), []
        return instruction or "reach the goal"

    def observe(self, instruction, time_s):
        images = {camera.key: np.zeros((64, 64, 3), np.uint8) for camera in LIBERO.cameras}
        return Observation(images, self.state(), instruction, time_s)

    def state(self):
        return np.concatenate([self.place, np.zeros(3), [0.04, -0.04]])

    def apply(self, action):
        self.told.append(action.copy())
        self.place = self.place + action[:3] * STEP_M

    def success(self):
        return bool(np.linalg.norm(self.place - GOAL) < 0.01)

    def stop(self):
        pass

    def close(self):
        pass


class Motions:
    """Twice too fast to the goal, from where the prefix leads, with the gripper closed a little too far."""

    embodiment = LIBERO
    action_horizon = 10
    max_prefix = 6

    def __init__(self):
        self.prefixes = []

    def infer(self, observation, prefix, seed):
        rows = [] if prefix is None else list(prefix)
        self.prefixes.append((round(observation.time_s * LIBERO.rate_hz), prefix))
        place = observation.state[:3] + STEP_M * sum((row[:3] for row in rows), np.zeros(3))
        while len(rows) < self.action_horizon:
            rows.append(np.array([*np.clip((GOAL - place) / STEP_M, -2.0, 2.0), 0, 0, 0, 1.03]))
            place = place + STEP_M * np.clip(rows[-1][:3], -1.0, 1.0)
        return Chunk(np.stack(rows), observation.time_s, LIBERO.dt)


def run(policy, strategy):
    return rollout(
        Hand(),
        Episode(seed=0),
        inference=VirtualInference(policy, 0.1),
        strategy=strategy,
        clock=VirtualClock(),
        limits=LIMITS["libero"],
        time_limit_s=5.0,
        settle_s=0.5,
    )


@pytest.mark.parametrize("strategy", [Prefix(5), Synchronous(5)])
def test_a_robot_that_is_told_motions_gets_where_its_policy_wants(strategy):
    result = run(Motions(), strategy)
    assert result.success and result.error is None
    commands = np.stack([tick.command for tick in result.ticks])
    assert np.abs(commands).max() == 1.0
    assert set(result.clamped_ticks) == {"arm.motion range"}
    row = result.row()
    assert row["seam_ratio"] is None and row["rms_jerk"] is None


def test_while_it_waits_nothing_moves_and_the_gripper_stays():
    ticks = run(Motions(), Synchronous(5)).ticks
    first = [tick.command for tick in ticks[:2]]
    assert all(command.tolist() == [0, 0, 0, 0, 0, 0, -1] for command in first)
    later = [tick.command for tick in ticks[2:] if tick.freshness == "idle"]
    assert len(later) >= 4
    assert all(command.tolist() == [0, 0, 0, 0, 0, 0, 1] for command in later)


def test_the_promised_motions_are_those_that_are_then_sent():
    policy = Motions()
    ticks = run(policy, Prefix(5)).ticks
    promised = [(tick, prefix) for tick, prefix in policy.prefixes if prefix is not None]
    assert len(promised) >= 2
    for tick, prefix in promised:
        sent = [each.command.tolist() for each in ticks[tick : tick + len(prefix)]]
        assert prefix[: len(sent)].tolist() == sent


@pytest.mark.parametrize("name", sorted(RELEASED))
def test_every_released_robot_has_limits_that_fit_it_and_hold_means_stay(name):
    robot = RELEASED[name]
    safety = Safety(robot, LIMITS[robot.name])
    safety.reset(np.zeros(robot.state_dim))
    assert safety.hold()[:6].tolist() == [0.0] * 6
    verdict = safety.check(np.full(7, 9.0))
    assert verdict.clamped == ("arm.motion range", "arm.gripper range")
    assert verdict.command[6] == 1.0


def test_pictures_are_turned_and_cropped_as_the_released_clients_do():
    """eval_libero/main.py turns both by half a turn; eval_calvin and eval_simplerenv keep the middle 95 %."""
    seen = {name: {(c.rotate, c.flip, c.crop) for c in robot.cameras} for name, robot in RELEASED.items()}
    assert seen.pop("libero_all") == {(180, "none", 1.0)}
    assert all(how == {(0, "none", 0.95)} for how in seen.values())
