"""Runs a module for as long as its parent lives: python -m xr0_robot.leash MODULE ARGUMENTS...

The parent holds the other end of this process's stdin, and writes nothing. However it ends, even by SIGKILL,
the system closes that end, the read below returns, and the module is asked to stop by SIGTERM. So no command
needs an option for it, nothing polls, and a parent that has ended before this starts is noticed too.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading
from multiprocessing import parent_process
from multiprocessing.connection import wait

STDIN = 0
"""Its descriptor: a thread that waits in sys.stdin would hold its lock while the interpreter ends."""


def main() -> None:
    """Run the module named first, with the arguments behind it."""
    threading.Thread(target=_follow, daemon=True).start()
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


def follow_parent() -> None:
    """In a worker process of multiprocessing, at its beginning: end with its parent, however that ends."""
    parent = parent_process()
    if parent is None:
        raise RuntimeError("leash: this is no worker process of multiprocessing")

    def follow() -> None:
        wait([parent.sentinel])
        os.kill(os.getpid(), signal.SIGKILL)  # a worker blocked in its queue hears nothing else

    threading.Thread(target=follow, daemon=True).start()


def _follow() -> None:
    while os.read(STDIN, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
