"""The commands of the guides work: each `sh` block in docs/ is run, shortened where it would take long."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import xr0_robot.sims  # noqa: F401 - chooses the GL library before anything imports MuJoCo
from xr0.cli import launch
from xr0.cli.main import run as xr0

pytestmark = [pytest.mark.guides, pytest.mark.sim, pytest.mark.timeout(600)]

ROOT = Path(__file__).resolve().parents[1]
GUIDES = sorted((ROOT / "docs").glob("*.md"))
BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)

SHORTER = (
    ("torchrun --nproc-per-node 2 -m", "python -m"),
    ("--episodes 1000", "--episodes 2"),
    ("--episodes 20\n", "--episodes 2\n"),
    ("--steps 20 --batch 8 --warmup 2", "--steps 2 --batch 2 --warmup 1 --validate-on 2"),
    ("--episodes 200", "--episodes 1"),
    ("--out data/choice", "--out data/choice --steps 2 --batch 6 --warmup 1 --validate-on 2"),
    ("--out data/flow", "--out data/flow --steps 2 --batch 2 --warmup 1 --validate-on 2"),
    ("--out data/post", "--out data/post --steps 2 --batch 2 --warmup 1 --validate-on 2"),
)
"""What a person would type, and what is enough to see that it works."""


def commands(guide: Path) -> Iterator[list[str]]:
    """All of them in order, in their short form."""
    for block in BLOCK.findall(guide.read_text()):
        for long, short in SHORTER:
            block = block.replace(long, short)  # noqa: PLW2901
        for line in filter(None, block.replace("\\\n", " ").splitlines()):
            yield shlex.split(line, comments=True)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with what a clone has, and stages of two steps."""
    for name in ("checkpoints", "tests", "docs", "results", "runs"):
        (tmp_path / name).symlink_to(ROOT / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.stem)
def test_every_command_of_a_guide_works(guide: Path, folder: Path) -> None:
    found = list(commands(guide))
    assert found
    for command in found:
        run(command)


def run(command: list[str]) -> None:
    """Run it to its end; of a server, until it serves."""
    program, *arguments = command
    if program == "xr0" and "serve" in arguments[:2]:
        at = arguments.index("serve")
        checkpoint = "tiny" if at == 0 else "tactile"
        with launch.server(ROOT / "checkpoints" / checkpoint, tuple(arguments[: at + 1])) as url:
            assert url.startswith("ws://127.0.0.1:")
    elif program == "xr0" and arguments[0] == "fleet":
        hub = [*launch.ROBOT, *arguments, "--port", "0"]
        with subprocess.Popen(hub, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert any(line.startswith("fleet page on http://") for line in process.stdout or ())
            process.terminate()
    elif program == "xr0":
        assert xr0(arguments) == 0, command
    else:
        program = sys.executable if program == "python" else program
        subprocess.run([program, *arguments], check=True, env={**os.environ, "OMP_NUM_THREADS": "1"})


def test_the_robot_to_copy_runs_against_a_server() -> None:
    with launch.server(ROOT / "checkpoints/tiny") as url:
        done = subprocess.run(
            [sys.executable, ROOT / "docs/my_arm.py", url], capture_output=True, text=True, check=False
        )
    assert done.returncode == 0, done.stderr
    assert "'error': None" in done.stdout
