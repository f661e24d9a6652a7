"""What the load benchmark says is what happened."""

import asyncio
import itertools
import sys
from pathlib import Path

import pytest
from served import HOST, running

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "runs"))
from load import figures
from load.plan import DT, Kind, Robot
from load.policy import Timed
from load.robots import Exchange, Seen, fleet

KIND = Kind(rows=30, execute=10)


def test_waiting_for_others_is_told_apart_from_what_the_server_adds() -> None:
    """A batch from 10.0 to 10.5; a robot asks at 10.2, is begun at 10.51 and back at 10.73 s."""
    seen = [
        Seen(Robot(KIND), [Exchange(9.9, 10.0, 0.5, 10.6)]),
        Seen(Robot(KIND), [Exchange(10.2, 10.51, 0.2, 10.73)]),
    ]
    row = figures.row(seen, first_s=10.1)
    assert row["answers"] == 1
    assert row["round_trip_ms"]["p50"] == pytest.approx(530)
    assert row["others_ms"]["p50"] == pytest.approx(300)
    assert row["overhead_ms"]["p50"] == pytest.approx(530 - 200 - 300)


def test_a_robot_that_is_never_answered_again_has_run_dry() -> None:
    robot = Robot(KIND)
    robot.asked_s = 5.0
    assert robot.answered(5.1) == pytest.approx(5.1 + 10 * DT)  # it stood until then: the plan begins now
    assert robot.ends_s == pytest.approx(5.1 + 30 * DT)
    robot.ran_dry(6.0)
    assert robot.dry == []
    robot.ran_dry(9.0)
    row = figures.row([Seen(robot, [Exchange(5.0, 5.01, 0.05, 5.1)])], first_s=0.0)
    assert (row["served"], row["ran_dry"]) == (1, 1)


def test_light_robots_ask_when_their_plans_say_so() -> None:
    with running(Timed(0.02, 0.0)) as port:
        seen = asyncio.run(fleet(f"ws://{HOST}:{port}", 4, KIND, pixels=8, seconds=1.5))
    for robot in seen:
        asked = [each.sent_s for each in robot.exchanges]
        assert asked
        assert all(later - sooner >= 10 * DT - 0.02 for sooner, later in itertools.pairwise(asked))
        assert all(
            each.sent_s < each.began_s and each.began_s + 0.02 <= each.back_s for each in robot.exchanges
        )
    row = figures.row(seen, first_s=0.0)
    assert row["served"] == 4 and row["refused"] == 0
    assert row["compute_ms"]["p50"] >= 20
