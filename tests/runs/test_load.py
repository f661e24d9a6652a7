"""What the load benchmark says is what happened."""

import asyncio
import itertools
import sys
import time
from pathlib import Path

import pytest
from served import HOST, running

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "runs"))
from load import cluster_figures, cluster_robots, figures
from load.cluster_robots import Fleet, History, Told, longest_idle
from load.plan import DT, Kind, Robot
from load.policy import Timed
from load.robots import Exchange, Seen, fleet

from xr0.serve.keys import Group
from xr0.serve.server import Settings
from xr0_robot.client import Client, ConnectionLost

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


def history(*answered: tuple[float, int], ended_s: float = 20.0, error: str | None = None) -> History:
    return History(0.0, ended_s, list(answered), error=error)


def test_a_robot_is_lost_where_it_gave_up_or_is_not_served_any_more() -> None:
    served = history(*((at_s, 7) for at_s in (1.0, 2.0, 19.0)))
    silent = history((1.0, 7), (16.9, 7))
    gave_up = history((19.0, 7), error="no usable answer")
    never = history()
    assert [cluster_figures.lost(each) for each in (served, silent, gave_up, never)] == [
        False,
        True,
        True,
        True,
    ]


def test_what_a_kill_cost_is_told_apart_from_what_is_usual() -> None:
    """Process 7 dies at 10 s; its robot is served by 8 from 12 s on."""
    its = history(*((at_s / 2, 7) for at_s in range(20)), *((12 + at_s / 2, 8) for at_s in range(16)))
    other = history(*((at_s / 2, 8) for at_s in range(40)))
    wanders = history(*((at_s / 2, 8 if at_s < 30 else 9) for at_s in range(40)))
    its.failed.append(10.1)
    row = cluster_figures.killed([its, other, wanders], dead=7, at_s=10.0)
    assert (row["its_robots"], row["lost"], row["failed_requests"], row["moved"]) == (1, 0, 1, 1)
    assert (row["longest_gap_s"], row["usual_gap_s"]) == (2.5, 0.5)


def test_a_phase_counts_who_is_there_at_its_end() -> None:
    stays, left, waits = history((1.0, 7), (19.0, 7)), history((1.0, 7), ended_s=5.0), history()
    waits.refused += [3.0, 9.0, 12.0]
    comes = history((14.0, 7), (18.5, 7))
    comes.began_s = 12.5
    row = cluster_figures.phase([stays, left, waits], 0.0, 10.0)
    assert (row["robots"], row["served"], row["all_served_s"], row["refused_requests"]) == (2, 0, None, 2)
    row = cluster_figures.phase([stays, left, comes], 10.0, 20.0)
    assert (row["robots"], row["served"], row["all_served_s"], row["refused_requests"]) == (2, 2, 4.0, 0)


def test_standing_is_counted_from_the_first_command_on() -> None:
    freshness = ["idle", "idle", "idle", "fresh", "idle", "fresh", "idle", "idle", "fresh"]
    assert longest_idle(freshness) == 2
    assert longest_idle(["idle", "idle"]) == 0


def test_a_robot_of_the_cluster_bench_is_a_real_one() -> None:
    known = (Group("robots", "secret"),)
    with running(Told(0.02, 0.0, 4711), settings=Settings(port=0, groups=known)) as port:
        fleet = Fleet(f"ws://{HOST}:{port}", "secret", first_seed=0, patience_s=10.0)
        fleet.send(time.monotonic() + 2.5)
        fleet.wait()
    (robot,) = fleet.robots
    assert {process for _, process in robot.answered} == {4711}
    assert robot.failed == [] and robot.ended_s > robot.answered[-1][0]


def test_a_robot_that_cannot_connect_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(url: str, api_key: str) -> Client:
        raise ConnectionLost(f"policy server {url}: gave up")

    monkeypatch.setattr(cluster_robots, "Client", nobody)
    fleet = Fleet("ws://nowhere", "secret", first_seed=0, patience_s=10.0)
    fleet.send(time.monotonic() + 2.5)
    fleet.wait()
    (robot,) = fleet.robots
    assert cluster_figures.lost(robot) and robot.error == "policy server ws://nowhere: gave up"
