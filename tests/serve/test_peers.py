"""The log of what clients cause stays small and readable."""

import logging

from xr0.serve.peers import OneLineASecond


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def logged(log: OneLineASecond, message: str, error: Exception | None = None) -> str | None:
    exc_info = None if error is None else (type(error), error, None)
    record = logging.LogRecord("peers", logging.WARNING, "", 0, message, (), exc_info)
    return logging.Formatter().format(record) if log.filter(record) else None


def test_what_comes_within_a_second_is_counted_not_logged() -> None:
    clock = Clock()
    log = OneLineASecond(clock)
    assert logged(log, "first") == "first"
    clock.now_s = 0.9
    assert [logged(log, "again") for _ in range(20_000)] == [None] * 20_000
    clock.now_s = 1.0
    assert logged(log, "next") == "next [20000 more since the last such line]"
    clock.now_s = 2.5
    assert logged(log, "later") == "later"


def test_a_traceback_becomes_its_last_line() -> None:
    error = ValueError("line feed\n expected")
    assert (
        logged(OneLineASecond(), "handler failed", error) == "handler failed (ValueError: line feed expected)"
    )


def test_news_are_neither_dropped_nor_counted() -> None:
    log = OneLineASecond(Clock())
    record = logging.LogRecord("peers", logging.INFO, "", 0, "connection open", (), None)
    assert all(log.filter(record) for _ in range(3))
    assert logged(log, "first") == "first"
