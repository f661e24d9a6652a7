"""An emergency stop in software: it wins over everything, latches, and is released on purpose only.

The robot is brought to rest within its limits and kept there, under power: no substitute for the switch that
cuts it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

log = logging.getLogger(__name__)


def _never() -> bool:
    return False


class EStop:
    """Pressed by its input or by `press`, from any thread; the control loop asks it first in every tick.

    pressed: the input, a button or a light curtain; it is asked every tick and must answer at once. One that
    raises counts as pressed.
    """

    def __init__(self, pressed: Callable[[], bool] = _never) -> None:
        self._pressed = pressed
        self._lock = threading.Lock()
        self._why: str | None = None

    def poll(self) -> str | None:
        """Why the robot must stand, in one line; None while it may move."""
        why = self._input()
        with self._lock:
            if why is not None and self._why is None:
                self._latch(why)
            return self._why

    def press(self, why: str) -> None:
        """Stop from the next tick on."""
        with self._lock:
            if self._why is None:
                self._latch(why)

    def release(self) -> None:
        """Let the robot move again, by what it sees from now on. RuntimeError while the input is pressed."""
        why = self._input()
        if why is not None:
            raise RuntimeError(f"e-stop: {why}; it is released once the input is")
        with self._lock:
            if self._why is not None:
                log.warning("e-stop: released (%s)", self._why)
            self._why = None

    def _latch(self, why: str) -> None:
        self._why = why
        log.warning("e-stop: %s; the robot stands until it is released", why)

    def _input(self) -> str | None:
        try:
            return "its input is pressed" if self._pressed() else None
        except Exception as error:  # noqa: BLE001 (a driver is foreign code, and a broken wire is a stop)
            return f"its input fails: {type(error).__name__}: {error}"
