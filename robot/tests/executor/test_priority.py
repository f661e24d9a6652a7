"""A loop that asks comes first, what it starts afterwards does not."""

import os
import threading

import pytest

from xr0_robot.executor import priority

pytestmark = pytest.mark.skipif(not hasattr(os, "sched_getscheduler"), reason="Linux has it")


def test_the_thread_that_asks_comes_first_and_what_it_starts_does_not() -> None:
    found: dict[str, object] = {}

    def note(name: str) -> None:
        found[name] = os.sched_getscheduler(0) & ~os.SCHED_RESET_ON_FORK

    def ask() -> None:
        found["permitted"] = priority.real_time()
        note("asked")
        later = threading.Thread(target=note, args=("later",))
        later.start()
        later.join()

    asking = threading.Thread(target=ask)
    asking.start()
    asking.join()
    if not found["permitted"]:
        pytest.skip("not permitted here")
    assert (found["asked"], found["later"]) == (os.SCHED_FIFO, os.SCHED_OTHER)
    assert os.sched_getscheduler(0) == os.SCHED_OTHER


def test_where_it_is_not_permitted_it_says_how_and_nothing_breaks(monkeypatch, caplog) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "sched_setscheduler", refused)
    assert not priority.real_time()
    assert "rtprio 10" in caplog.text
