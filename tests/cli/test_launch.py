"""What a command starts ends with it."""

import subprocess
import sys

from xr0.touch.cli import TACTILE

PROGRAM = f"""
import time
from pathlib import Path
from xr0.cli import launch
with launch.server(Path({str(TACTILE)!r}), launch.TACTILE) as url:
    print(url, flush=True)
    time.sleep(600)
"""


def test_a_server_ends_with_a_command_that_is_killed() -> None:
    """Both have the same stderr, which ends when the last of them has."""
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("ws://127.0.0.1:")
        process.kill()
        assert process.communicate(timeout=60) == ("", "")
