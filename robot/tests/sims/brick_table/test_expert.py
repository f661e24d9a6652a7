import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xr0_robot.sims.brick_table import expert as expert_file
from xr0_robot.sims.brick_table.expert import Expert, begin, truth
from xr0_robot.sims.brick_table.world import scored
from xr0_robot.sims.glide import Glide
from xr0_robot.sims.measure import run

DT = 1 / 30


@pytest.mark.parametrize("seed", [0, 1, 100_000])
def test_it_solves_seeds_in_three_seconds(table, seed):
    row = run(scored(table), seed, lambda: begin(table))
    assert row["success"] and 2.0 < row["time_s"] < 4.0


@pytest.mark.parametrize("seed", [0, 1, 100_000])
def test_it_solves_random_starts_with_a_brick_that_moves(perturbed_env, seed):
    assert run(scored(perturbed_env), seed, lambda: begin(perturbed_env))["time_s"] < 8.0
    assert perturbed_env.perturbed_tick is not None


def test_its_commands_are_smooth_and_it_stays_done(env):
    env.reset(7)
    expert, actions = Expert(env), []
    for _ in range(150):
        actions.append(expert.act(truth(env)))
        env.apply(actions[-1])
    assert env.success()
    steps = np.diff(np.array(actions), axis=0)
    assert np.linalg.norm(steps[:, :3], axis=1).max() <= expert_file.PACE.speed * DT + 1e-9
    bends = np.linalg.norm(np.diff(steps[:, :3], axis=0), axis=1)
    assert bends.max() <= expert_file.PACE.acceleration * DT**2 + 1e-9
    assert np.abs(steps[-10:]).max() < 1e-3


@pytest.mark.parametrize("seed", range(4))
def test_a_grasp_forgives_eight_millimetres_and_twenty_degrees(env, seed):
    rng = np.random.default_rng(seed)
    angle = rng.uniform(0, 2 * np.pi)
    offset = 0.008 * np.array([np.cos(angle), np.sin(angle), 0.0])
    turn = np.deg2rad(20) * rng.choice([-1, 1])

    def mistaken():
        now = truth(env)
        return dataclasses.replace(now, brick=now.brick + offset, brick_yaw=now.brick_yaw + turn)

    env.reset(seed)
    expert = Expert(env)
    for _ in range(200):
        env.apply(expert.act(mistaken()))
    assert env.success()


def test_it_goes_back_for_a_brick_that_is_taken_away(env):
    env.reset(9)
    home = env.object_positions()[env.target.colour][:2]
    expert, taken = Expert(env), False
    for _ in range(240):
        env.apply(expert.act(truth(env)))
        if not taken and expert.phase == "carry" and env.object_positions()[env.target.colour][2] > 0.06:
            joint = env.data.joint(env.target.colour)
            joint.qpos[2] = 0.016
            env.move_brick(env.target.colour, home)
            taken = True
    assert taken
    assert env.success()


coordinates = st.tuples(*[st.floats(-1, 1)] * 3)


@settings(max_examples=60, derandomize=True)
@given(start=coordinates, goals=st.lists(coordinates, min_size=1, max_size=4), last=coordinates)
def test_a_glide_keeps_its_limits_and_arrives(start, goals, last):
    glide = Glide(np.array(start), speed=0.5, acceleration=2.0)
    track = [glide.position]
    for goal, ticks in [(goal, 10) for goal in goals] + [(last, 300)]:
        track += [glide.step(np.array(goal), DT) for _ in range(ticks)]
    velocity = np.diff(np.array(track), axis=0) / DT
    assert np.linalg.norm(velocity, axis=1).max() <= 0.5 + 1e-9
    assert np.linalg.norm(np.diff(velocity, axis=0), axis=1).max() <= 2.0 * DT + 1e-9
    np.testing.assert_allclose(track[-1], last, atol=1e-4)
