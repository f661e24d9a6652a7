"""What crosses a boundary: observations, chunks of actions, embodiments. Frozen, validated, no logic."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

import numpy as np

from xr0_robot import json_fields
from xr0_robot.segment import Segment

MODEL_DIM = 32
"""Width of the official state and action vectors (released config.json: state_dim, action_dim)."""


Guidance = Literal["gradient", "ramp"]
"""How sampling is led along a guide: by a gradient towards it, or from it at a reduced velocity."""

GUIDANCE: tuple[Guidance, ...] = get_args(Guidance)


def finite_vector(name: str, value: Any, size: int) -> np.ndarray:
    """`value` as a float64 vector of `size`; ValueError with what was got and expected otherwise."""
    array = np.asarray(value)
    if array.shape != (size,) or array.dtype.kind not in "fiu":
        raise ValueError(
            f"{name}: got {array.dtype} of shape {array.shape}, expected numbers of shape ({size},)"
        )
    if not np.isfinite(array).all():
        raise ValueError(f"{name}: got NaN or infinity at {np.flatnonzero(~np.isfinite(array)).tolist()}")
    return array.astype(np.float64)


@dataclass(frozen=True)
class Camera:
    """One view. `key` names it in data and on the wire, `title` in the prompt ("Base View").

    height, width: pixels of the camera's own picture, which is what a robot or simulator sends and a dataset
    holds; None where any size will do, since the image rule brings it into its budget.
    rotate, flip, crop: what a model sees of it, in this order: turned counter-clockwise [degrees], mirrored,
    and of each side the middle share, stretched back to the whole size. Only the brain's Processor obeys
    them, in training as in serving.
    """

    key: str
    title: str
    height: int | None
    width: int | None
    rotate: Literal[0, 90, 180, 270] = 0
    flip: Literal["none", "horizontal", "vertical"] = "none"
    crop: float = 1.0

    def __post_init__(self) -> None:
        if self.rotate not in (0, 90, 180, 270):
            raise ValueError(f"camera {self.key!r}: got rotate {self.rotate!r}, expected 0, 90, 180 or 270")
        if self.flip not in ("none", "horizontal", "vertical"):
            raise ValueError(
                f"camera {self.key!r}: got flip {self.flip!r}, expected 'none', 'horizontal' or 'vertical'"
            )
        if not 0.0 < self.crop <= 1.0:
            raise ValueError(f"camera {self.key!r}: got crop {self.crop}, expected above 0, at most 1")

    @property
    def size(self) -> tuple[int, int]:
        """Height and width [px]; ValueError where any will do."""
        if self.height is None or self.width is None:
            raise ValueError(f"camera {self.key!r}: has no fixed size, expected one here")
        return self.height, self.width

    def check(self, image: np.ndarray) -> None:
        """ValueError for what is no picture of this camera: uint8 [height, width, 3], RGB."""
        height, width = self.height or "h", self.width or "w"
        fits = image.ndim == 3 and image.shape[2] == 3 and image.size > 0
        fits = fits and self.height in (None, image.shape[0]) and self.width in (None, image.shape[1])
        if image.dtype != np.uint8 or not fits:
            raise ValueError(
                f"camera {self.key!r}: got {image.dtype} of shape {image.shape}, "
                f"expected uint8 ({height}, {width}, 3)"
            )


@dataclass(frozen=True)
class Embodiment:
    """A robot as data: what it sees, what it senses, what it is told, in which frame, at which rate.

    segments: the commands. sensed: the state, where it is laid out or written in another way than the
    commands; a command that is anchored to the chunk's start has its measured twin of the same name there.
    Native vectors are the robot's own, as its segments write them: `native_dim` numbers of a command,
    `state_dim` of a state; the model's have `model_dim`, unused slots zero. frame, gripper: for people to
    read, no code obeys them. lower_case: all but the first letter of a sentence is made small.
    """

    name: str
    rate_hz: float
    cameras: tuple[Camera, ...]
    segments: tuple[Segment, ...]
    model_dim: int
    frame: str
    gripper: str
    sensed: tuple[Segment, ...] | None = None
    lower_case: bool = False

    def __post_init__(self) -> None:
        self._check_layout("command", self.segments)
        self._check_layout("state", self.state_segments)
        for segment in self.segments:
            if segment.model is None:
                raise ValueError(f"embodiment {self.name}: command {segment.name} has no model place")
            if segment.anchor == "chunk_start" and self.twin(segment) is None:
                raise ValueError(
                    f"embodiment {self.name}: command {segment.name} is anchored to the chunk's start, the "
                    f"state has no such segment ({segment.kind}, {segment.model_size} numbers to the model)"
                )

    @property
    def state_segments(self) -> tuple[Segment, ...]:
        """What is sensed."""
        return self.segments if self.sensed is None else self.sensed

    @property
    def native_dim(self) -> int:
        """Numbers in the robot's own command."""
        return sum(segment.size for segment in self.segments)

    @property
    def state_dim(self) -> int:
        """Numbers in the robot's own state."""
        return sum(segment.size for segment in self.state_segments)

    def hold(self, commands: np.ndarray) -> np.ndarray:
        """The commands [..., native_dim] that keep the robot where `commands` led: what is absolute is
        repeated, a motion is none."""
        held = commands.copy()
        for segment in self.segments:
            if segment.anchor == "previous":
                held[..., segment.native_slice] = 0.0
        return held

    def twin(self, segment: Segment) -> Segment | None:
        """What measures the numbers that a command sets, in units of its own: the state's segment of the same
        name, kind and size to the model; None where nothing does."""
        same = [s for s in self.state_segments if s.name == segment.name]
        fits = bool(same) and (same[0].kind, same[0].model_size) == (segment.kind, segment.model_size)
        return same[0] if fits else None

    def measured(self, segment: Segment) -> Segment:
        """The measured twin of a command; ValueError if it has none."""
        twin = self.twin(segment)
        if twin is None:
            raise ValueError(f"embodiment {self.name}: the state does not measure {segment.name}")
        return twin

    def _check_layout(self, what: str, segments: tuple[Segment, ...]) -> None:
        names = [segment.name for segment in segments]
        if len(set(names)) < len(names):
            raise ValueError(f"embodiment {self.name}: two {what} segments have one name, got {names}")
        used = np.zeros(self.model_dim, dtype=int)
        native = np.zeros(sum(segment.size for segment in segments), dtype=int)
        for segment in segments:
            if segment.model_slice.stop > self.model_dim:
                raise ValueError(
                    f"embodiment {self.name}: segment {segment.name} ends at {segment.model_slice.stop}, "
                    f"model_dim is {self.model_dim}"
                )
            used[segment.model_slice] += 1
            native[segment.native_slice] += 1
        if used.max(initial=0) > 1 or (native != 1).any():
            raise ValueError(f"embodiment {self.name}: the {what} segments overlap or leave a gap")

    @property
    def dt(self) -> float:
        """Seconds per control tick."""
        return 1.0 / self.rate_hz

    def ticks(self, duration_s: float) -> int:
        """Whole control ticks that cover a duration."""
        return math.ceil(duration_s * self.rate_hz - 1e-9)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON-able data; `from_dict` is its inverse."""
        return asdict(self)

    @staticmethod
    def from_dict(data: Mapping[str, Any], source: str = "embodiment") -> Embodiment:
        """Build from `to_dict` data; ValueError names `source`, what it got and what was expected."""
        given = dict(data)
        if "cameras" in given:
            given["cameras"] = json_fields.parts(Camera, given["cameras"], f"{source}: cameras")
        if "segments" in given:
            given["segments"] = json_fields.parts(Segment, given["segments"], f"{source}: segments")
        if given.get("sensed") is not None:
            given["sensed"] = json_fields.parts(Segment, given["sensed"], f"{source}: sensed")
        return json_fields.build(Embodiment, given, source)


@dataclass(frozen=True)
class Observation:
    """What the robot saw and felt at one instant.

    images: camera key to uint8 [height, width, 3]; state: float64 [state_dim]; time_s: clock of capture, of
    the oldest picture; times_s: of each camera, where they differ. Times stay on the robot: no wire carries
    them.
    """

    images: Mapping[str, np.ndarray]
    state: np.ndarray
    instruction: str
    time_s: float
    times_s: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for key, image in self.images.items():
            if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
                raise ValueError(
                    f"image {key!r}: got {image.dtype} of shape {image.shape}, expected uint8 [h, w, 3]"
                )
        if not self.instruction.strip():
            raise ValueError("instruction: got an empty sentence")


@dataclass(frozen=True)
class Chunk:
    """Commands for consecutive ticks. actions: float64 [horizon, native_dim], native; row k is for the
    tick k * dt after `time_s`, when the observation was taken. features: what the policy's own correction
    head wants to read again, where it has one."""

    actions: np.ndarray
    time_s: float
    dt: float
    infer_s: float = 0.0
    features: np.ndarray | None = None

    def __post_init__(self) -> None:
        if self.actions.ndim != 2 or len(self.actions) == 0:
            raise ValueError(f"chunk: got shape {self.actions.shape}, expected [horizon >= 1, action_dim]")
        if not np.isfinite(self.actions).all():
            raise ValueError("chunk: got NaN or infinity in the actions")


@dataclass(frozen=True)
class Guide:
    """What a new chunk should stay close to: the plan in hand.

    rows: float64 [n, native_dim], the commands planned for the ticks from the observation on. The first
    `delay` of them will be executed before the answer is there; the others may still change.
    """

    rows: np.ndarray
    delay: int
    by: Guidance

    def __post_init__(self) -> None:
        if self.rows.ndim != 2 or not 0 <= self.delay <= len(self.rows) or len(self.rows) == 0:
            raise ValueError(
                f"guide: got rows of shape {self.rows.shape} and a delay of {self.delay}, expected "
                "[n >= 1, native_dim] and 0 to n"
            )
        if self.by not in GUIDANCE:
            raise ValueError(f"guide: got by {self.by!r}, expected one of {', '.join(GUIDANCE)}")
