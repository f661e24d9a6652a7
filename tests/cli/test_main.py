"""Every subcommand parses, and a failure is one line and a status."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from xr0.cli import launch
from xr0.cli.main import main, run
from xr0.cli.model import LoadFlags
from xr0_robot.sims.bricks.embodiment import BRICKS

COMMANDS = ["demo", "eval", "serve", "data", "pretrain-choice", "pretrain-flow", "post-train"]
COMMANDS += ["inspect", "convert", "parity", "bench", "open-loop", "train"]


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_every_subcommand(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run([command, "--help"])
    assert ended.value.code == 0
    assert command in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["convert", "one"], "got 1 paths, expected SOURCE OUT"),
        (["parity", "nowhere"], "no file cases.json in nowhere"),
        (["bench", "latency", "--checkpoint", "nowhere"], "no folder nowhere"),
        (["serve", "nowhere"], "no folder nowhere"),
    ],
)
def test_a_failure_is_one_line(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["xr0", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    (line,) = capfd.readouterr().err.splitlines()
    assert line.startswith("xr0: ")
    assert message in line


def test_a_failure_of_the_program_itself_is_one_line_too(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "xr0.cli", "demo", "--episodes", "0"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert (ran.returncode, ran.stdout) == (1, "")
    (line,) = ran.stderr.splitlines()
    assert line == "xr0: --episodes: got 0, expected at least 1"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["demo", "--episodes", "0"], "--episodes: got 0, expected at least 1"),
        (["demo", "--latency-ms", "-5"], "--latency-ms: got -5.0, expected at least 0"),
        (["demo", "--latency-ms", "nan"], "--latency-ms: got nan, expected at least 0"),
        (["demo", "--seed", "-1"], "--seed: got -1, expected at least 0"),
        (["demo", "--task", " "], "--task: got no words, expected a sentence"),
        (["eval", "bricks", "--json", "x", "--episodes", "0"], "--episodes: got 0, expected at least 1"),
        (["eval", "bricks", "--json", "x", "--workers", "0"], "--workers: got 0, expected at least 1"),
        (["eval", "bricks", "--json", "x", "--latency-ms", "inf"], "--latency-ms: got inf, expected"),
        (["eval", "bricks", "--json", "x", "--execute-horizon", "0"], "--execute-horizon: got 0, expected"),
        (
            ["eval", "bricks", "--json", "x", "--variant", "snow"],
            "variant: got 'snow', expected one of trained,",
        ),
        (
            ["eval", "bricks", "--json", "x", "--protocol", "published"],
            "eval bricks --protocol published: expected one of towels, lego, without",
        ),
        (
            ["eval", "towels", "--json", "x", "--protocol", "published", "--variant", "moved"],
            "eval towels --protocol published: expected one of towels, lego, without --variant",
        ),
        (["demo", "snow"], "world: got 'snow', expected one of bricks, "),
        (["demo", "towels", "--variant", "six"], "variant: got 'six', expected one of trained, moved, light"),
        (["demo", "--variant", "snow"], "variant: got 'snow', expected one of trained, moved, sentences, "),
        (["data", "demos", "x", "--episodes", "-2"], "--episodes: got -2, expected at least 1"),
        (
            ["data", "demos", "x", "--tasks", "mt10"],
            r"--pixels, --look: are of a benchmark \(aloha, calvin, libero, metaworld, simpler\), got bricks",
        ),
        (["serve", "nowhere", "--port", "99999"], r"port: got 99999, expected 0 \(any\) to 65535"),
        (["serve", "nowhere", "--port", "-1"], r"port: got -1, expected 0 \(any\) to 65535"),
        (["serve", "nowhere", "--threads", "0"], "--threads: got 0, expected at least 1"),
        (["serve", "nowhere", "--flow-steps", "0"], "--flow-steps: got 0, expected at least 1"),
    ],
)
def test_what_an_option_cannot_be_is_known_before_anything_starts(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    monkeypatch.setattr(launch.subprocess, "Popen", lambda *_, **__: pytest.fail("started a process"))
    with pytest.raises(ValueError, match=message):
        run(arguments)


def test_a_robot_file_that_is_wrong_is_named_with_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "robot.json"
    path.write_text(json.dumps(BRICKS.to_dict() | {"cameras": "wrong"}))
    with pytest.raises(ValueError, match=r"robot\.json: cameras: got str, expected a list of Camera maps"):
        LoadFlags(embodiment=path).options()
