"""A process on a leash ends with its parent, however that ends."""

import subprocess
import sys

PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-m", "xr0_robot.leash", *sys.argv[1:]], stdin=subprocess.PIPE)
sys.exit(child.wait())
"""

SLEEPER = """
import sys, time
print("up", sys.argv[1:], flush=True)
time.sleep(600)
"""


def parent(folder, program, *arguments):
    (folder / "program.py").write_text(program)
    command = [sys.executable, "-c", PARENT, "program", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, cwd=folder, text=True)


def test_it_ends_when_its_parent_is_killed(tmp_path):
    with parent(tmp_path, SLEEPER, "--port", "0") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up ['--port', '0']\n"
        process.kill()
        assert process.stdout.read() == ""  # nobody holds the other end any more: both are gone


def test_otherwise_it_is_as_if_it_were_run_alone(tmp_path):
    with parent(tmp_path, "import sys\nprint(__name__)\nsys.exit(7)\n") as process:
        assert process.communicate(timeout=60)[0] == "__main__\n"
    assert process.returncode == 7


POOL = """
import os, sys, time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from xr0_robot.leash import follow_parent

def work(seconds):
    print("up", flush=True)
    time.sleep(seconds)

if __name__ == "__main__":
    with ProcessPoolExecutor(1, get_context("spawn"), follow_parent) as pool:
        pool.submit(work, 600).result()
"""


def test_a_pool_s_workers_end_when_its_owner_is_killed(tmp_path):
    (tmp_path / "pool.py").write_text(POOL)
    with subprocess.Popen(
        [sys.executable, "pool.py"], stdout=subprocess.PIPE, cwd=tmp_path, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        process.kill()
        assert process.stdout.read() == ""  # the worker, who held it too, is gone
