"""Groups of episodes that a report measures.

seen              new shapes of the families that training drew from
held_out          families that training never saw
second_simulator  the held-out families, felt by sprung spheres in MuJoCo: nothing was trained on it
reserved          families that were not looked at while the method was made
..._near          starts close to the goal
..._fixed_goal    goals as designed, not random
user              shapes of a folder
"""

from __future__ import annotations

from dataclasses import dataclass

from xr0.touch.task import FIXED_GOAL, GOALS, NEAR, WIDE, Spread


@dataclass(frozen=True)
class Group:
    """Which episodes.

    family: what shapes are drawn from, or "user"; goal, start: how widely; sprung: in the second simulator;
    compared: whether the baselines run, too; one_in: 3 for a third of the episodes.
    """

    name: str
    family: str
    goal: Spread = GOALS
    start: Spread = WIDE
    sprung: bool = False
    compared: bool = True
    one_in: int = 1


HEADLINE = (
    Group("seen", "seen"),
    Group("held_out", "held_out"),
    Group("second_simulator", "held_out", sprung=True, compared=False),
)
"""What `xr0 tactile eval` measures."""

FURTHER = (
    Group("reserved", "reserved", one_in=3),
    Group("seen_near", "seen", start=NEAR, one_in=3),
    Group("held_out_near", "held_out", start=NEAR, one_in=3),
    Group("seen_fixed_goal", "seen", goal=FIXED_GOAL, compared=False, one_in=3),
    Group("held_out_fixed_goal", "held_out", goal=FIXED_GOAL, compared=False, one_in=3),
    Group("second_simulator_seen", "seen", sprung=True, compared=False, one_in=3),
)
"""What `--full` adds."""

USER = (Group("user", "user"), Group("user_near", "user", start=NEAR))
"""For shapes of a folder."""
