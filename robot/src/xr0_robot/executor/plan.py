"""The plan in hand: which commands come, which chunk they are of, and when they were to be sent."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from xr0_robot.deadlines import Deadlines
from xr0_robot.executor.chunks import ChunkQueue
from xr0_robot.executor.inference import Reply
from xr0_robot.executor.outlet import Outlet
from xr0_robot.executor.strategy import Handover, Planned, Strategy
from xr0_robot.executor.tick import InferenceFailed
from xr0_robot.types import Chunk, Embodiment


class Plan:
    """The commands from now on, in the policy's coordinates; a chunk takes over as the strategy says."""

    def __init__(
        self, embodiment: Embodiment, strategy: Strategy, deadlines: Deadlines, note: Callable[..., None]
    ) -> None:
        self._embodiment = embodiment
        self._strategy = strategy
        self._deadlines = deadlines
        self._note = note
        self.queue = ChunkQueue()
        self.chunk: Chunk | None = None
        """The newest that took over, as the policy gave it."""
        self._start_s = 0.0  # when tick 0 would have been due, had the plan never waited

    def planned(self, tick: int, checked: int, outlet: Outlet) -> Planned:
        """The plan as it is now; its next `checked` commands as they will be sent."""
        plan = self.queue.prefix(tick, self.queue.remaining(tick))
        plan = plan.reshape(-1, self._embodiment.native_dim)

        def planned(count: int) -> np.ndarray:
            soon, later = plan[: min(count, checked)], plan[min(count, checked) : count]
            return np.concatenate([outlet.preview(soon), later])

        return planned

    def late(self, now_s: float, tick: int) -> str | None:
        """Why its command for this tick comes too late, in one line; None where it does not."""
        return self._late(now_s, tick, self._start_s)

    def merge(self, now_s: float, tick: int, reply: Reply, held: int, outlet: Outlet) -> str | None:
        """Hand over to a reply's chunk; returns why nothing of it may be executed where it comes too late.

        held: ticks since the request in which the robot stood still, and with it the plan's time.
        InferenceFailed for a chunk that is not for this robot.
        """
        _check(reply.chunk, self._embodiment)
        observed = reply.request.tick + held
        start_s = reply.request.observation.time_s - observed * self._embodiment.dt
        late = self._late(now_s, tick, start_s)
        if late is None and self._join(reply, observed + reply.request.ahead, tick, outlet):
            self.chunk, self._start_s = reply.chunk, start_s
        return late

    def _late(self, now_s: float, tick: int, start_s: float) -> str | None:
        lag_s, limit_s = now_s - (start_s + tick * self._embodiment.dt), self._deadlines.max_lag_s
        return f"the plan is {lag_s:.2f} s late, at most {limit_s:g} s" if lag_s > limit_s else None

    def _join(self, reply: Reply, first_tick: int, tick: int, outlet: Outlet) -> bool:
        """Row 0 of its chunk is for `first_tick`; False where all its rows have gone by."""
        planned, untold = self.planned(tick, 2, outlet), max(0, tick - first_tick - reply.request.told)
        actions = reply.chunk.actions[: self._strategy.rows(len(reply.chunk.actions))]
        bridge = self.queue.prefix(tick, max(0, first_tick - tick))
        if len(bridge) > 0:  # the plan in hand goes on until the chunk begins
            actions = np.concatenate([bridge, actions])
        row = self.queue.merge(actions, min(first_tick, tick), tick)
        if row is None:
            self._note("dropped", why="its last row has gone by, or a later observation's plan is here")
            return False
        self._note("joined", chunk=self.queue.chunk, row=row)
        fresh = self.queue.prefix(tick, self.queue.remaining(tick))
        older, still = self.queue.older(tick), outlet.still()
        handover = Handover(fresh, planned, older, still, self._embodiment, untold)
        self.queue.revise(tick, self._strategy.join(handover))
        return True


def _check(chunk: Chunk, robot: Embodiment) -> None:
    """InferenceFailed for one that is not for this robot."""
    if chunk.actions.shape[1] != robot.native_dim:
        raise InferenceFailed(
            f"chunk: got {chunk.actions.shape[1]} numbers per row, {robot.name} takes {robot.native_dim}"
        )
    if abs(chunk.dt - robot.dt) > 1e-6:
        raise InferenceFailed(
            f"chunk: got a row per {chunk.dt} s, {robot.name} takes one per {robot.dt:.6f} s"
        )
