"""What RT-Seam's worlds share: a clock of ticks, one surprise per episode, success that counts behind it."""

# MuJoCo is compiled and brings no type stubs.
# pyright: reportAttributeAccessIssue=false
from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import mujoco
import numpy as np

from xr0_robot.limits import Limits
from xr0_robot.sims.seam.pursuit import Agility, Told
from xr0_robot.types import Embodiment, Observation, Segment, finite_vector

RATE_HZ = 50.0
"""Of control: a tick is 20 ms."""

PHYSICS_S = 0.002
"""Of a step of the physics."""

SUBSTEPS = round(1 / (RATE_HZ * PHYSICS_S))

MODEL_DIM = 4
"""Slots for commands; no robot here needs more."""


class SeamWorld(ABC):
    """One robot and one thing to do: an `xr0_robot.env.Env` without cameras, and its expert.

    The same seed gives the same episode, surprise included. With `surprised` False the surprise stays away,
    and all else is the same: the twin against which a reaction is measured. Success counts only behind the
    surprise's tick, in either.
    """

    name: ClassVar[str]
    instruction: ClassVar[str]
    embodiment: ClassVar[Embodiment]
    limits: ClassVar[Limits]
    agility: ClassVar[Agility]
    """Of the expert's commands."""
    mjcf: ClassVar[str]
    surprise_ticks: ClassVar[range]
    """When the surprise may come. Its length is a multiple of 20, so each phase of a chunk is as likely."""
    time_limit_s: ClassVar[float]
    settle_s: ClassVar[float]
    """Success counts once it has lasted this long."""

    def __init__(self, surprised: bool = True) -> None:
        self.model = mujoco.MjModel.from_xml_string(_whole(self.name, self.mjcf))
        self.data = mujoco.MjData(self.model)
        self._surprised = surprised
        self.reset(0)

    def reset(self, seed: int, instruction: str | None = None) -> str:
        """Start the seed's episode."""
        rng = np.random.default_rng([seed, *self.name.encode()])
        mujoco.mj_resetData(self.model, self.data)
        self.tick, self.failed = 0, False
        self.surprise_tick = int(rng.choice(np.asarray(self.surprise_ticks)))
        start = self.begin(rng)
        self.told = Told(start, np.zeros_like(start))
        self.data.ctrl[:] = start
        mujoco.mj_forward(self.model, self.data)
        return self.instruction if instruction is None else instruction

    def observe(self, instruction: str, time_s: float) -> Observation:
        """The state now; there is nothing to see."""
        return Observation({}, self.state(), instruction, time_s)

    def apply(self, action: np.ndarray) -> None:
        """One tick."""
        action = finite_vector("action", action, self.embodiment.native_dim)
        if self.tick == self.surprise_tick and self._surprised:
            self.surprise()
        self.told = Told(action, (action - self.told.place) * RATE_HZ)
        self.data.ctrl[:] = action
        mujoco.mj_step(self.model, self.data, SUBSTEPS)
        self.tick += 1
        self.failed = self.failed or self.lost()

    def success(self) -> bool:
        """Whether it is done now."""
        return not self.failed and self.tick > self.surprise_tick and self.done()

    def stop(self) -> None:
        """Nothing moves but by `apply`, which now tells it to stay."""
        self.data.ctrl[:] = self.told.place

    def close(self) -> None:
        """Free the physics."""
        del self.data, self.model

    @abstractmethod
    def begin(self, rng: np.random.Generator) -> np.ndarray:
        """Place everything, draw the surprise; where the robot stands, as a command [native_dim]."""

    @abstractmethod
    def surprise(self) -> None:
        """What was drawn happens."""

    @abstractmethod
    def state(self) -> np.ndarray:
        """float64 [state_dim], measured, exact."""

    @abstractmethod
    def expert(self) -> np.ndarray:
        """The command [native_dim] that a scripted expert, who knows all but the future, gives now."""

    @abstractmethod
    def done(self) -> bool:
        """Whether the goal is met now."""

    @abstractmethod
    def lost(self) -> bool:
        """Whether it can never be met any more."""

    @property
    def ticks(self) -> int:
        """Of an episode: success that has not begun to last by then comes too late."""
        return self.embodiment.ticks(self.time_limit_s)

    @property
    def settle(self) -> int:
        """Ticks that success must last."""
        return self.embodiment.ticks(self.settle_s)

    def draw(self) -> dict[str, tuple[float, ...]]:
        """What a film shows: names to x, y and the radius [m]."""
        return {}


def robot(name: str, commanded: str, size: int, sensed: dict[str, int]) -> Embodiment:
    """An embodiment told `size` absolute numbers, which it measures as well; `sensed`: further readings.

    Those are no part of the model's state: a policy gets to know them as others get to know pictures.
    """
    command = Segment(commanded, "plain", "chunk_start", native=0, model=0, size=size)
    twin = Segment(commanded, "plain", "absolute", native=0, model=0, size=size)
    readings, place = [twin], size
    for reading, length in sensed.items():
        readings.append(Segment(reading, "plain", "absolute", native=place, model=None, size=length))
        place += length
    return Embodiment(
        name=f"seam_{name}",
        rate_hz=RATE_HZ,
        cameras=(),
        segments=(command,),
        model_dim=MODEL_DIM,
        frame="x to the right, y up [m], seen from above",
        gripper="none",
        sensed=tuple(readings),
    )


def _whole(name: str, inside: str) -> str:
    """MJCF of a world: what is particular to it, in the common frame."""
    return f"""
<mujoco model="{name}">
  <compiler angle="radian" autolimits="true"/>
  <option timestep="{PHYSICS_S}" integrator="implicitfast"/>
  <default>
    <geom contype="0" conaffinity="0"/>
    <default class="slide"><joint type="slide" armature="0.02" damping="1"/></default>
    <default class="solid"><geom contype="1" conaffinity="1" condim="3" solref="0.01 1"/></default>
  </default>
  {inside}
</mujoco>"""
