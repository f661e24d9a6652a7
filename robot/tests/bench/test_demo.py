import json

import av
import pytest

pytest.importorskip("rich")
pytest.importorskip("matplotlib")

from xr0_robot.bench import demo, evaluate, view
from xr0_robot.bench.evaluate import Settings
from xr0_robot.cli import main
from xr0_robot.robots.mock import MockEnv, MockPolicy
from xr0_robot.sims.bricks.embodiment import BRICKS
from xr0_robot.sims.bricks.limits import LIMITS as BRICKS_LIMITS
from xr0_robot.sims.world import World, open_world


@pytest.fixture
def policy(monkeypatch):
    """A policy, and the mock robot as the world that it acts in."""
    env = MockEnv()
    world = World(
        env,
        BRICKS_LIMITS,
        time_limit_s=10.0,
        settle_s=0.5,
        mislead=lambda seed: "no",
        fulfilled=lambda sentence: sentence == "no",
    )
    monkeypatch.setattr(evaluate, "open_world", lambda name, variant: world)
    return MockPolicy(env)


def test_the_demo_leaves_playable_videos_a_plot_and_the_numbers(policy, tmp_path, capsys):
    settings = Settings(latency_ms=100.0, episodes=2, task="reach the mark")
    assert demo.demo(policy, settings, tmp_path, live_view=False)
    printed = capsys.readouterr().out
    assert "2 of 2" in printed and "100/100 ms" in printed and str(tmp_path) in printed
    rows = json.loads((tmp_path / "results.json").read_text())["rows"]
    for number, row in enumerate(rows, start=1):
        with av.open(str(tmp_path / f"episode-{number:02d}.mp4")) as video:
            stream = video.streams.video[0]
            assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
            assert stream.width == 2 * 3 * 128 and stream.average_rate == 30
            assert sum(1 for _ in video.decode(video=0)) == row["ticks"]
    assert (tmp_path / "commands.png").read_bytes().startswith(b"\x89PNG")


def test_an_evaluation_on_the_virtual_clock_is_reproducible_and_slices_agree(policy, tmp_path):
    how = {"latency_ms": 100.0, "wrong_instruction": True}
    whole = evaluate.evaluate(policy, Settings(first_seed=4, episodes=3, **how), tmp_path / "a.json")
    again = evaluate.evaluate(policy, Settings(first_seed=4, episodes=3, **how), tmp_path / "b.json")
    last = evaluate.evaluate(policy, Settings(first_seed=6, **how), tmp_path / "c.json")
    assert whole["rows"] == again["rows"]
    assert whole["rows"][2:] == last["rows"]
    assert {row["spoken"] for row in whole["rows"]} == {"no"}
    assert whole["spoken_success_rate"] == 1.0
    assert json.loads((tmp_path / "a.json").read_text()) == whole


def test_an_evaluation_whose_server_vanishes_keeps_what_it_has(policy, tmp_path):
    answer = policy.infer
    calls = iter(range(10**6))

    def infer(*request):
        if next(calls) >= 4:
            raise ConnectionResetError("connection lost")
        return answer(*request)

    policy.infer = infer
    summary = evaluate.evaluate(policy, Settings(latency_ms=500.0, episodes=10), tmp_path / "out.json")
    assert len(summary["errors"]) == evaluate.GIVE_UP and "connection lost" in summary["errors"][0]
    assert len(summary["rows"]) > evaluate.GIVE_UP
    assert len(summary["rows"]) + len(summary["missing_seeds"]) == summary["episodes"] == 10
    assert json.loads((tmp_path / "out.json").read_text())["errors"] == summary["errors"]


def test_one_episode_that_fails_to_run_does_not_cost_the_others(policy, tmp_path):
    answer = policy.infer
    calls = iter(range(10**6))

    def infer(*request):
        if next(calls) == 0:
            raise ValueError("not this one")
        return answer(*request)

    policy.infer = infer
    summary = evaluate.evaluate(policy, Settings(episodes=3), tmp_path / "out.json")
    assert summary["errors"] == ["seed 0: not this one"]
    assert (summary["episodes"], summary["successes"], summary["missing_seeds"]) == (3, 2, [])


def test_without_a_screen_the_view_says_so(monkeypatch):
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    with pytest.raises(RuntimeError, match="view: no display"):
        view.open_view(BRICKS)


def test_an_unknown_world_or_variant_is_refused_with_those_that_exist():
    with pytest.raises(ValueError, match="world: got 'moon', expected one of bricks"):
        open_world("moon", "trained")
    with pytest.raises(
        ValueError, match=r"variant: got 'snow', expected one of trained, moved, .* world bricks"
    ):
        open_world("bricks", "snow")


def test_the_caption_says_what_is_changed():
    assert demo.caption(Settings(latency_ms=100.0)) == "async, thinking while it moves, 100 ms of latency"
    assert demo.caption(Settings(variant="six")).endswith(
        ", two more bricks, of colours that no sentence names"
    )


def test_merge_on_the_command_line(policy, tmp_path, capsys):
    for seed in (0, 2):
        evaluate.evaluate(policy, Settings(first_seed=seed, episodes=2), tmp_path / f"{seed}.json")
    parts, out = [str(tmp_path / "0.json"), str(tmp_path / "2.json")], ["--json", str(tmp_path / "all.json")]
    assert main(["merge", *parts, *out, "--first-seed", "0", "--episodes", "4"]) == 0
    assert json.loads((tmp_path / "all.json").read_text())["episodes"] == 4
    assert main(["merge", *parts, *out, "--first-seed", "0", "--episodes", "5"]) == 1
    assert json.loads((tmp_path / "all.json").read_text())["missing_seeds"] == [4]
    capsys.readouterr()
    assert main(["merge", parts[0], parts[0], *out, "--first-seed", "0", "--episodes", "2"]) == 1
    assert capsys.readouterr().err == "xr0-robot: merge: got seeds [0, 1] more than once\n"


@pytest.mark.parametrize(
    "arguments", [["--episodes", "0"], ["--mode", "fast"], ["--execute-horizon", "0"], []]
)
def test_the_command_line_refuses_what_makes_no_sense(arguments, capsys):
    with pytest.raises(SystemExit):
        main(["rollout", *arguments])
    assert "usage: xr0-robot rollout" in capsys.readouterr().err
