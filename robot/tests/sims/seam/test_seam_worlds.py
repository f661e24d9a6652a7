"""The benchmark's worlds: the same seed is the same episode, the expert succeeds, and nobody does blindly."""

import numpy as np
import pytest

from xr0_robot.executor.safety import Safety
from xr0_robot.sims.seam import demonstrations
from xr0_robot.sims.seam.base import RATE_HZ, SeamWorld
from xr0_robot.sims.seam.demonstrations import LONGEST, PUSH_TICKS, UNAWARE, record
from xr0_robot.sims.seam.pursuit import LEAD_S, Agility, Told, pursue
from xr0_robot.sims.seam.tasks import TASKS

pytestmark = pytest.mark.sim
WORLDS = pytest.mark.parametrize("task", TASKS.values(), ids=TASKS.keys())


def run(world: SeamWorld, seed: int, blind_after: int | None = None) -> tuple[bool, np.ndarray]:
    """Whether the expert succeeds, and its commands. blind_after: then its last speed is kept."""
    world.reset(seed)
    held, commands, speed = 0, [], None
    while len(commands) < world.ticks and held <= world.settle and not world.failed:
        if blind_after is not None and len(commands) >= blind_after:
            speed = world.told.speed if speed is None else speed * 0.9
            commands.append(world.told.place + speed / RATE_HZ)
        else:
            commands.append(world.expert())
        world.apply(commands[-1])
        held = held + 1 if world.success() else 0
    return held > world.settle, np.stack(commands)


@WORLDS
def test_the_expert_succeeds_and_whoever_ignores_the_surprise_does_not(task: type[SeamWorld]) -> None:
    world = task()
    seeds = range(500_000, 500_005)
    assert sum(run(world, seed)[0] for seed in seeds) >= 4
    blind = 0
    for seed in seeds:
        world.reset(seed)
        blind += run(world, seed, world.surprise_tick)[0]
    assert blind <= 2


@pytest.mark.slow
@WORLDS
def test_the_expert_succeeds_in_95_of_100_episodes(task: type[SeamWorld]) -> None:
    world = task()
    assert sum(run(world, seed)[0] for seed in range(510_000, 510_200)) >= 190


@WORLDS
def test_a_twin_differs_from_the_surprise_on_and_not_before(task: type[SeamWorld]) -> None:
    surprised, twin = task(), task(surprised=False)
    _, mine = run(surprised, 500_001)
    _, other = run(twin, 500_001)
    visible = surprised.surprise_tick + 1
    assert surprised.surprise_tick == twin.surprise_tick
    assert np.array_equal(mine[:visible], other[:visible])
    assert not np.array_equal(mine[visible : visible + 3], other[visible : visible + 3])


@WORLDS
def test_the_same_seed_gives_the_same_episode_after_any_other(task: type[SeamWorld]) -> None:
    world = task()
    _, first = run(world, 500_003)
    run(world, 500_004)
    assert np.array_equal(run(world, 500_003)[1], first)


@WORLDS
def test_the_surprise_comes_at_every_phase_of_a_chunk_alike(task: type[SeamWorld]) -> None:
    phases = np.array([tick % 10 for tick in task.surprise_ticks])
    assert set(np.bincount(phases)) == {len(phases) // 10}


@WORLDS
def test_the_limits_let_the_expert_through(task: type[SeamWorld]) -> None:
    world = task()
    world.reset(500_005)
    safety = Safety(world.embodiment, world.limits)
    safety.reset(world.state())
    for _ in range(120):
        command = world.expert()
        verdict = safety.check(command)
        assert verdict.clamped == () and np.allclose(verdict.command, command, atol=1e-3)
        world.apply(command)


def test_success_before_the_surprise_does_not_count() -> None:
    world = TASKS["balance"]()
    world.reset(500_006)
    world.data.qpos[2:4] = world.data.qvel[2:4] = 0.0
    assert world.done() and not world.success()


def test_no_chunk_that_is_learnt_contains_a_push() -> None:
    """A push bends the commands more than the expert ever does: its acceleration is limited."""
    task = TASKS["intercept"]
    shown = record(task(), range(6), 30)
    most = task.agility.acceleration / RATE_HZ**2
    chunks = shown.chunks(shown.starts)
    assert len(chunks) > 100
    assert np.linalg.norm(np.diff(chunks, n=2, axis=1), axis=2).max() < most * 1.001
    everything = np.linalg.norm(np.diff(shown.commands, n=2, axis=0), axis=1)
    assert (everything > most * 1.001).sum() >= PUSH_TICKS  # there are pushes between them


@WORLDS
def test_corrections_begin_with_ticks_that_nobody_meant_and_are_an_expert_s_behind(
    task: type[SeamWorld],
) -> None:
    """An expert's acceleration is limited, from the speed that it finds."""
    shown, most = record(task(), range(8), 30), task.agility.acceleration / RATE_HZ**2
    starts, ticks = shown.corrections.T
    assert set(ticks.tolist()) == set(range(1, LONGEST + 1))
    assert not set(starts.tolist()) & shown.followed
    bends = np.linalg.norm(np.diff(shown.chunks(starts), n=2, axis=1), axis=2)
    behind = np.arange(2, 30) >= ticks[:, None]
    assert bends[behind].max() < most * 1.001


def test_a_surprise_is_noticed_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """Until then the commands are those of an episode without it."""
    task, late = TASKS["reach_jump"], []
    monkeypatch.setattr(demonstrations, "PUSHES", 0.0)
    for seed in range(8):
        surprised, calm = task(), task(surprised=False)
        told = record(surprised, [seed], 30).commands
        calm.reset(seed)
        for tick, command in enumerate(told):
            if not np.array_equal(calm.expert(), command):
                late.append(tick - surprised.surprise_tick - 1)
                break
            calm.apply(command)
    assert len(late) == 8 and min(late) >= 0 and max(late) <= UNAWARE and len(set(late)) > 3


def test_pursuit_keeps_its_limits_and_meets_a_moving_goal() -> None:
    agility, told, goal = Agility(1.0, 4.0), Told(np.zeros(2), np.zeros(2)), np.array([0.4, -0.3])
    moving = np.array([0.2, 0.1])
    for _ in range(120):
        place = pursue(told, goal, moving, agility, 0.02)
        speed = (place - told.place) / 0.02
        assert np.linalg.norm(speed - told.speed) <= 4.0 * 0.02 + 1e-9
        told, goal = Told(place, speed), goal + moving * 0.02
    assert np.linalg.norm(told.place - (goal + moving * LEAD_S)) < 1e-3
