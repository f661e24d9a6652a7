"""Episodes: who knows the answer arrives, who does nothing stays, and the observable part is what counts."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from xr0.touch import baselines, closed_loop, evaluate, scene, scores, task
from xr0.touch.closed_loop import Reading
from xr0.touch.jobs import Networks
from xr0.touch.physics import FoundationPhysics
from xr0.touch.scene import Scene
from xr0_robot.touch.sensor.decide import Limits
from xr0_robot.touch.sensor.increment import VECTOR, increment, to_vector
from xr0_robot.touch.sensor.shapes import Shape

SEEDS = tuple(range(task.TUNING_SEEDS[0], task.TUNING_SEEDS[0] + 6))
LIMITS = Limits()


@pytest.fixture(scope="module")
def world() -> Scene:
    return scene.draw(SEEDS, [task.seen_shape(seed) for seed in SEEDS], task.GOALS, task.NEAR)


class Oracle:
    """Knows the poses, by watching the episodes' state."""

    def __init__(self, episodes: closed_loop._Episodes, world: Scene) -> None:
        self._episodes, self._world = episodes, world

    def __call__(
        self, current: Reading, goal: Reading, shapes: Sequence[Shape]
    ) -> tuple[np.ndarray, np.ndarray]:
        active = [[own is shape for own in self._world.shapes].index(True) for shape in shapes]
        w = to_vector(increment(self._episodes._poses[active], self._world.goals[active]))
        return w, np.full((len(active), VECTOR), 0.01)


def test_who_knows_the_answer_arrives(world: Scene) -> None:
    episodes = closed_loop._Episodes(world, FoundationPhysics(world.seeds), LIMITS, np.random.default_rng(0))
    trace = episodes.run(Oracle(episodes, world))
    left = np.abs(trace.errors[:, -1]) / [1, 1, 1, 0.1, 0.1, 0.1]
    assert left.max() < 0.4  # a move's own error is 0.05 mm and 0.15 degrees
    assert set(trace.verdicts) <= {"done", "no steps left"}
    np.testing.assert_allclose(trace.true, trace.predicted)


def test_who_does_nothing_stays(world: Scene) -> None:
    trace = closed_loop.run(world, FoundationPhysics(world.seeds), baselines.nothing, LIMITS, 0)
    np.testing.assert_array_equal(trace.errors[:, 0], trace.errors[:, -1])
    assert set(trace.verdicts) == {"done"}
    assert not trace.moves.any()


def test_the_same_seeds_give_the_same_episodes(world: Scene) -> None:
    one, two = (
        closed_loop.run(world, FoundationPhysics(world.seeds), baselines.centroid, LIMITS, 0)
        for _ in range(2)
    )
    np.testing.assert_array_equal(one.errors, two.errors)
    again = scene.draw(SEEDS, [task.seen_shape(seed) for seed in SEEDS], task.GOALS, task.NEAR)
    np.testing.assert_array_equal(world.starts, again.starts)


def test_an_object_that_is_lost_ends_the_episode(world: Scene) -> None:
    def throws(current: Reading, goal: Reading, shapes: Sequence[Shape]) -> tuple[np.ndarray, np.ndarray]:
        w = np.zeros((len(shapes), VECTOR))
        w[:, 1] = 90.0
        return w, np.full_like(w, 0.01)

    far = Limits(step_mm=90.0, step_deg=90.0, total_mm=200.0, total_deg=90.0)
    trace = closed_loop.run(world, FoundationPhysics(world.seeds), throws, far, 0)
    assert set(trace.verdicts) == {"no contact"}
    assert (trace.moves == 1).all()


def test_wide_starts_need_refinement() -> None:
    seeds = range(task.TUNING_SEEDS[0], task.TUNING_SEEDS[0] + 400)
    rng = np.random.default_rng(0)
    goals = np.tile(np.eye(4), (len(seeds), 1, 1))
    w = to_vector(increment(task.starts(rng, goals, task.WIDE, np.ones(VECTOR)), goals))
    mm, deg = np.linalg.norm(w[:, 1:3], axis=1), np.rad2deg(np.linalg.norm(w[:, 3:], axis=1))
    assert ((mm < 5) & (deg < 5)).mean() < 0.2


def outcome(errors: np.ndarray) -> scores.Outcome:
    n = len(errors)
    zeros = np.zeros((1, VECTOR))
    return scores.Outcome(
        errors, ("done",) * n, ("a",) * n, tuple(range(n)), np.ones(n, int), zeros, zeros + 1.0, zeros + 1.5
    )


def test_scores_of_known_errors() -> None:
    errors = np.zeros((4, 6, VECTOR))
    errors[:, 0, 1], errors[:, 0, 3] = 6.0, np.deg2rad(4.0)
    errors[:, -1, 2] = [0.4, 0.6, 4.0, 7.0]
    errors[:, -1, 4] = np.deg2rad([2.0, 4.0, 4.0, 4.0])
    found = scores.summary(outcome(errors))
    assert found["success_3deg_0_5mm"] == 0.25
    assert found["success_5deg_1mm"] == 0.5
    assert found["success_5deg_5mm"] == 0.75
    assert found["success_5deg_10mm"] == 1.0
    assert found["unrefined_5deg_5mm"] == 0.0
    assert found["unrefined_5deg_10mm"] == 1.0
    assert found["errors"]["after_5"]["mm"]["median"] == pytest.approx(2.3)
    by_dof = found["errors"]["after_5"]["by_dof"]
    assert set(by_dof) == {"y", "rx"}  # what was not off at the start, touch cannot tell
    assert found["errors"]["after_0"]["by_dof"]["rx"]["median"] == pytest.approx(4.0)
    assert by_dof["y"] == {"n": 4, "median": 0.0, "mean": 0.0, "p90": 0.0}
    assert found["diverged"] == 0.25
    low, high = found["success_5deg_1mm_ci95"]
    assert low < 0.5 < high
    found = scores.details(outcome(errors), np.full(VECTOR, 0.5))
    assert found["calibration"]["within_1_sigma"]["y"] == 0.0
    assert found["calibration"]["within_2_sigma"]["y"] == 1.0
    assert found["calibration"]["factor_needed"]["y"] == pytest.approx(1.5)
    assert found["calibration_unscaled"]["factor_needed"]["y"] == pytest.approx(0.75)


def test_seeds_of_training_are_not_evaluated() -> None:
    with pytest.raises(ValueError, match="from seed 1000000 on"):
        evaluate.evaluate(Networks(Path("none")), (), 10, 999_999, [], 1)
