"""What a user names where a checkpoint leaves it open."""

from __future__ import annotations

from dataclasses import dataclass

from xr0_robot.types import Embodiment


@dataclass(frozen=True)
class LoadOptions:
    """robot_type: which of several, alone of them; contract: by its name; views: titles, for robot types
    without documented ones; embodiment: the user's own robot, for a robot type that is not known here."""

    robot_type: str | None = None
    contract: str | None = None
    views: tuple[str, ...] = ()
    embodiment: Embodiment | None = None
