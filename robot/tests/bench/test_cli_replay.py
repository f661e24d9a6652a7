"""`replay`: what was flown is computed anew, drawn, and told apart from what was not."""

import sys
import zlib

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from PIL import Image, ImageColor

from xr0_robot import wire
from xr0_robot.bench import evaluate, plot, timeline
from xr0_robot.bench.evaluate import Settings
from xr0_robot.cli import main
from xr0_robot.flight import segments
from xr0_robot.robots.mock import LIMITS, MockEnv, MockPolicy
from xr0_robot.sims.world import World


@pytest.fixture
def log(monkeypatch, tmp_path):
    """Of an evaluation of two episodes, with a prefix and, at first, nothing to obey."""
    env = MockEnv()
    world = World(env, LIMITS, 10.0, 0.2, mislead=lambda seed: "no", fulfilled=lambda sentence: False)
    monkeypatch.setattr(evaluate, "open_world", lambda name, variant: world)
    settings = Settings(latency_ms=100.0, episodes=2)
    evaluate.evaluate(MockPolicy(env), settings, tmp_path / "out.json", tmp_path / "log")
    return tmp_path / "log"


def shows(picture, colour):
    return (picture == ImageColor.getrgb(colour)).all(axis=-1).sum() > 50


def test_an_evaluation_is_replayed_and_drawn(log, tmp_path, capsys):
    assert main(["replay", str(log), "--episode", "1", "--out", str(tmp_path / "replay")]) == 0
    said = capsys.readouterr().out
    assert said.count("come out bit for bit") == 1 and said.count("; success") == 1
    assert "episode-000000" not in said
    picture = np.asarray(Image.open(tmp_path / "replay/episode-000001.png").convert("RGB"))
    for colour in (plot.SEAM, plot.SHADES["prefix"], plot.SHADES["idle"], timeline.FRESH):
        assert shows(picture, colour)
    assert not shows(picture, timeline.FATES["failed"])


def test_seconds_that_an_episode_has_not_are_refused(log, tmp_path, capsys):
    assert main(["replay", str(log), "--window", "50", "60", "--out", str(tmp_path)]) == 1
    assert "timeline: got 50 to 60 s, expected times in 0." in capsys.readouterr().err


def test_a_file_that_is_no_log_is_refused(tmp_path, capsys):
    (tmp_path / "000000.flight").write_bytes(b"not a log")
    assert main(["replay", str(tmp_path), "--out", str(tmp_path)]) == 1
    assert "has no whole header" in capsys.readouterr().err


def test_an_episode_that_is_not_there_is_refused(log, tmp_path, capsys):
    out = ["--out", str(tmp_path / "replay")]
    assert main(["replay", str(log), "--episode", "7", *out]) == 1
    assert "has no episode 7" in capsys.readouterr().err


def test_a_command_that_comes_out_differently_is_said_and_fails(log, tmp_path, capsys):
    path = segments.segments(log)[0]
    payloads = list(segments.read(path).payloads)
    at = next(k for k, p in enumerate(payloads) if wire.unpack(p).get("done", {}).get("tick") == 9)
    record = wire.unpack(payloads[at])
    record["done"]["command"] = record["done"]["command"] + 1e-12
    payloads[at] = wire.pack(record)
    path.write_bytes(b"".join(segments.HEAD.pack(len(p), zlib.crc32(p)) + p for p in payloads))
    assert main(["replay", str(log), "--out", str(tmp_path)]) == 1
    said = capsys.readouterr().out
    assert "episode-000000: NOT reproduced: tick 9: done done command differs by at most 1e-12" in said
    assert said.count("come out bit for bit") == 1


def test_without_rerun_one_line_says_how_to_install_it(log, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "rerun", None)
    assert main(["replay", str(log), "--rerun", "--out", str(tmp_path)]) == 1
    assert "pip install 'xr0-robot[rerun]'" in capsys.readouterr().err


def test_the_rerun_export_has_every_tick_and_every_picture(log, tmp_path, monkeypatch):
    logged = []

    class Stream:
        def __init__(self, name):
            pass

        def save(self, path):
            path.write_bytes(b"")

        def set_time(self, timeline, duration):
            self.now = duration

        def log(self, place, value):
            logged.append((place, self.now, value))

        def flush(self):
            pass

    class Rerun:
        RecordingStream = Stream
        Scalars = Image = TextLog = staticmethod(lambda value: value)

    monkeypatch.setitem(sys.modules, "rerun", Rerun)
    assert main(["replay", str(log), "--rerun", "--episode", "0", "--out", str(tmp_path)]) == 0
    commands = [(now, value) for place, now, value in logged if place == "command/arm.pose"]
    assert [round(now * 30) for now, _ in commands] == list(range(len(commands)))
    assert sum(place == "pictures/wrist" for place, _, _ in logged) == sum(
        place == "state/arm.pose" for place, _, _ in logged
    )
    assert {value for place, _, value in logged if place == "latency_ms" for value in value} == {100.0}
