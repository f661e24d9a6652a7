"""Every subcommand parses, and a failure is one line and a status."""

import subprocess
import sys
from pathlib import Path

import pytest

from xr0.cli.main import app

COMMANDS = ["demo", "eval", "serve", "data", "pretrain-choice", "pretrain-flow", "post-train"]
COMMANDS += ["inspect", "convert", "parity", "bench"]


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_every_subcommand(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        app.cli(prog="xr0", args=[command, "--help"])
    assert ended.value.code == 0
    assert command in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["inspect", "nowhere"], "no folder nowhere"),
        (["convert", "one"], "got 1 paths, expected SOURCE OUT"),
        (["parity", "nowhere"], "no file cases.json in nowhere"),
        (["bench", "latency", "--checkpoint", "nowhere"], "no folder nowhere"),
        (["serve", "nowhere"], "no folder nowhere"),
    ],
)
def test_a_failure_is_one_line(tmp_path: Path, arguments: list[str], message: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "xr0.cli", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert ran.returncode == 1
    (line,) = ran.stderr.splitlines()
    assert line.startswith("xr0: ")
    assert message in line
