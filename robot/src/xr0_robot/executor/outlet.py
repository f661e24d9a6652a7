"""The way from the plan to the robot: another author's adjustment, then the limits."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from xr0_robot.executor.safety import Safety, Verdict


class Adjustment(Protocol):
    """A correction of the plan that the policy is not to know of: it goes on planning without it."""

    def sent(self, command: np.ndarray) -> np.ndarray:
        """What to send [native_dim] for the plan's `command`."""
        ...

    def seen(self, state: np.ndarray) -> np.ndarray:
        """Inverse to `sent`: a state or a sent command [native_dim], as if the plan were not corrected."""
        ...


class Outlet:
    """Commands go in, and what will be sent is looked up, in the plan's own coordinates."""

    def __init__(self, safety: Safety) -> None:
        self.safety = safety
        self.adjustment: Adjustment | None = None

    def check(self, command: np.ndarray) -> Verdict:
        """What may be sent for the plan's `command` [native_dim]."""
        return self.safety.check(command if self.adjustment is None else self.adjustment.sent(command))

    def preview(self, rows: np.ndarray) -> np.ndarray:
        """What will come of the next `rows` [n, native_dim] of the plan.

        The adjustment is taken to stay as it is now; where no limit interferes, that makes no difference.
        """
        adjustment = self.adjustment
        if adjustment is None or len(rows) == 0:
            return self.safety.preview(rows)
        sent = self.safety.preview(np.stack([adjustment.sent(row) for row in rows]))
        return np.stack([adjustment.seen(row) for row in sent])

    def still(self) -> np.ndarray:
        """The command [native_dim] that stands still."""
        held = self.safety.hold()
        return held if self.adjustment is None else self.adjustment.seen(held)
