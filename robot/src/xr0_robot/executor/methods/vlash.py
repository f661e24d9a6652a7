"""Ask about the state in which the answer will be executed."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from xr0_robot.canonical import convert
from xr0_robot.executor.inference import Policy
from xr0_robot.executor.methods.naive import Naive
from xr0_robot.executor.strategy import Moment, Question
from xr0_robot.types import Embodiment


@dataclass(frozen=True)
class Vlash(Naive):
    """VLASH (arXiv 2512.01031, section 3): the state is rolled forward by the d commands that run meanwhile,
    the pictures are those of now, and the chunk begins d ticks from now.

    Commands are absolute here, so the state after them is the last of them, in the state's own coordinates.
    Needs a model trained with states and actions that are up to d ticks ahead of their pictures.
    """

    name = "vlash"

    def check(self, policy: Policy) -> None:
        """ValueError where commands do not say what the state will be."""
        robot = policy.embodiment
        motions = [s.name for s in robot.segments if s.anchor == "previous"]
        if motions:
            raise ValueError(
                f"{self.name}: needs absolute commands, which alone say what the state will be, got motions "
                f"of {robot.name}: {', '.join(motions)}"
            )
        twins = {s.name for s in robot.segments if robot.twin(s) is not None}
        left = [s.name for s in robot.state_segments if s.model is not None and s.name not in twins]
        if left:
            raise ValueError(
                f"{self.name}: needs a command for every part of the state that the model sees, got none of "
                f"{robot.name} for {', '.join(left)}"
            )

    def ask(self, moment: Moment) -> Question:
        """With the state that will be."""
        planned = moment.planned(moment.delay)
        if len(planned) == 0:
            return Question(moment.observation)
        state = rolled_forward(moment.observation.state, planned[-1], moment.embodiment)
        return Question(replace(moment.observation, state=state), ahead=len(planned))


def rolled_forward(state: np.ndarray, command: np.ndarray, embodiment: Embodiment) -> np.ndarray:
    """The state [state_dim] where a command [native_dim] has been followed; what no command sets stays."""
    ahead = np.array(state, dtype=np.float64)
    for segment in embodiment.segments:
        twin = embodiment.twin(segment)
        if twin is not None:
            ahead[twin.native_slice] = convert(command[segment.native_slice], segment, twin)
    return ahead
