"""The e-stop in the control loop: while it is pressed the robot stands, whatever was planned."""

from __future__ import annotations

from collections.abc import Callable

from xr0_robot.executor.estop import EStop


class Stopping:
    """Asks the e-stop in every tick, and remembers when it was released."""

    def __init__(self, estop: EStop, note: Callable[..., None]) -> None:
        self._estop = estop
        self._note = note
        self.why: str | None = None
        """Why the robot stands, None while it may move."""
        self.released_s = -float("inf")
        """What was seen before this time moves nothing."""

    def begin(self, now_s: float) -> bool:
        """Whether the robot must stand in the tick that begins now."""
        was, self.why = self.why, self._poll()
        if self.why is None and was is not None:
            self.released_s = now_s
        return self.why is not None

    def interrupt(self) -> bool:
        """Whether it must stand in a tick that another author commands; a release waits for `begin`."""
        why = self._poll()
        self.why = why or self.why
        return why is not None

    def press(self, why: str) -> None:
        """Stop from the next tick on."""
        self._estop.press(why)

    def _poll(self) -> str | None:
        why = self._estop.poll()
        if why is not None:
            self._note("stop", why=why)
        return why
