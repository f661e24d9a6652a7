"""The experts' measure: known answers, and what a stopped run goes on from."""

import json
import sys

import pytest

from xr0_robot import report
from xr0_robot.sims import measure
from xr0_robot.sims.world import begin, open_world
from xr0_robot.worlds import WORLDS

SETTINGS = {"world": "bricks", "variant": "trained", "first_seed": 5}


def rows(*times):
    return [{"seed": 5 + k, "success": t is not None, "time_s": t} for k, t in enumerate(times)]


def test_what_failed_counts_for_the_rate_and_not_for_the_time():
    found = measure.summarize(SETTINGS, rows(2.0, None, 4.0, 3.0))
    assert (found["successes"], found["success_rate"], found["failed_seeds"]) == (3, 0.75, [6])
    assert found["ci95"] == list(report.wilson(3, 4))
    assert (found["median_time_s"], found["max_time_s"]) == (3.0, 4.0)
    assert measure.summarize(SETTINGS, rows(None))["median_time_s"] is None


def test_a_run_goes_on_where_it_was_stopped_and_not_from_another_s_file(tmp_path, monkeypatch, capsys):
    out = tmp_path / "results" / "expert.json"

    def command(*options):
        given = ["measure", "--first-seed", "5", "--json", str(out), *options]
        monkeypatch.setattr(sys, "argv", given)
        measure.main()
        return json.loads(out.read_text())

    first = command("--episodes", "1")
    assert first["settings"] == SETTINGS and first["success_rate"] == 1.0
    first["rows"][0]["time_s"] = 2.5
    report.write(out, first)
    capsys.readouterr()
    second = command("--episodes", "2")
    assert [row["seed"] for row in second["rows"]] == [5, 6] and second["rows"][0]["time_s"] == 2.5
    assert capsys.readouterr().out.startswith("2 of 2: 2 done")
    with pytest.raises(SystemExit):
        command("--episodes", "2", "--variant", "moved")
    assert "holds results of {'world': 'bricks', 'variant': 'trained'" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        command("--variant", "snow")
    assert "got 'snow', expected one of trained" in capsys.readouterr().err


@pytest.mark.parametrize("name", WORLDS)
def test_every_world_has_an_expert_whose_first_command_is_one(name):
    world = open_world(name, "trained")
    world.env.reset(500_000)
    command = begin(name, world.env)()
    assert command.shape == (world.env.embodiment.native_dim,)
    world.env.close()
