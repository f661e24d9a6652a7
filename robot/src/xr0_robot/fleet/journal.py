"""What people did and what was wrong, with who and when: a JSON object a line."""

from __future__ import annotations

import json
import logging
from collections import deque
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)

SHOWN = 200
"""Entries that a page gets when it opens."""


class Journal:
    """Appends to a file, each entry at once; the newest are kept for pages. path: None keeps only those.

    OSError where the file cannot be written at the start. Later a disk that takes no more is logged and ends
    nothing: robots are looked after meanwhile.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.open("a").close()
        self._newest: deque[dict[str, Any]] = deque(maxlen=SHOWN)
        self.count = 0
        """Entries so far."""

    def write(self, who: str, what: str, robot: str, words: str = "") -> None:
        """An entry."""
        when = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
        entry = {"when": when, "who": who, "what": what, "robot": robot, "words": words}
        self._newest.append(entry)
        self.count += 1
        if self._path is None:
            return
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(entry) + "\n")
        except OSError as error:
            log.error("fleet journal: %s: %s", error, json.dumps(entry))

    def since(self, count: int) -> Sequence[dict[str, Any]]:
        """Entries behind the first `count`, of those that are kept."""
        fresh = self.count - count
        return list(self._newest)[-fresh:] if fresh > 0 else []
