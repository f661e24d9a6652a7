"""The server's log as a file of JSON, one object a line; it is kept small."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

MAX_BYTES, FILES = 50 * 2**20, 4
"""A file that has grown so large is renamed to `.1`, the one before to `.2`, and so on: no client fills a
disk."""


def told(**values: Any) -> dict[str, Any]:
    """What a line has besides its message: `logger.info("connected", extra=told(robot=7))`."""
    return {"told": values}


class JsonLines(logging.Formatter):
    """time (UTC), level, message, what is told with it, and a traceback where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        time = datetime.fromtimestamp(record.created, timezone.utc).isoformat(timespec="milliseconds")
        line = {"time": time, "level": record.levelname, "message": record.getMessage()}
        line |= getattr(record, "told", {})
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line)


@contextmanager
def to_file(path: Path | None) -> Iterator[None]:
    """What happens meanwhile in `xr0.serve` goes to a file as well; None: nothing does."""
    if path is None:
        yield
        return
    logger = logging.getLogger("xr0.serve")
    path.parent.mkdir(parents=True, exist_ok=True)
    handler = RotatingFileHandler(path, maxBytes=MAX_BYTES, backupCount=FILES - 1, encoding="utf-8")
    handler.setFormatter(JsonLines())
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.setLevel(level)
        logger.removeHandler(handler)
        handler.close()
