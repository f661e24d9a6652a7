"""What crosses a boundary: observations, chunks of actions, embodiments. Frozen, validated, no logic."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from typing import Any, Literal, TypeVar

import numpy as np

MODEL_DIM = 32
"""Width of the official state and action vectors (released config.json: state_dim, action_dim)."""


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


ANCHORS = ("chunk_start", "previous", "absolute")
"""What a commanded number is relative to."""


@dataclass(frozen=True)
class Segment:
    """A run of numbers with one meaning, and where it sits in the native and in the model's vector.

    kind `pose`: x, y, z [m] and an axis-angle [rad] in the arm's base frame; `plain`: anything else.
    anchor `chunk_start`: the model sees the difference to the state at the chunk's start (for a pose, in
    the end-effector frame there: R_t^T (p - p_t) and log(R_t^T R)); `previous`: the command is itself a
    motion from where the one before it led, and the model sees it as it is; `absolute`: the number itself.
    model None: sensed, for others to be anchored to, but not shown to the model.
    """

    name: str
    kind: Literal["pose", "plain"]
    anchor: Literal["chunk_start", "previous", "absolute"]
    native: int
    model: int | None
    size: int

    def __post_init__(self) -> None:
        if self.kind not in ("pose", "plain"):
            raise ValueError(f"segment {self.name}: got kind {self.kind!r}, expected 'pose' or 'plain'")
        if self.anchor not in ANCHORS:
            raise ValueError(
                f"segment {self.name}: got anchor {self.anchor!r}, expected one of {', '.join(ANCHORS)}"
            )
        if self.kind == "pose" and self.size != 6:
            raise ValueError(f"segment {self.name}: a pose has 6 numbers, got size {self.size}")

    @property
    def native_slice(self) -> slice:
        """Where it sits in the robot's own vector."""
        return slice(self.native, self.native + self.size)

    @property
    def model_slice(self) -> slice:
        """Where it sits in the model's vector; empty where it is not shown to the model."""
        return slice(0, 0) if self.model is None else slice(self.model, self.model + self.size)


@dataclass(frozen=True)
class Embodiment:
    """A robot as data: what it sees, what it senses, what it is told, in which frame, at which rate.

    segments: the commands. sensed: the state, where it is laid out in another way than the commands; a
    command that is anchored to the chunk's start has its measured twin of the same name there. Native vectors
    are the robot's own, in SI units: `native_dim` numbers of a command, `state_dim` of a state; the model's
    have `model_dim`, unused slots zero. frame, gripper: for people to read, no code obeys them. lower_case:
    all but the first letter of a sentence is made small.
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
            if segment.anchor == "chunk_start" and self.twin(segment) is None:
                raise ValueError(
                    f"embodiment {self.name}: command {segment.name} is anchored to the chunk's start, the "
                    f"state has no such segment ({segment.kind}, {segment.size} numbers)"
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
        """What measures the numbers that a command sets: the state's segment of the same name, kind and
        size; None where nothing does."""
        same = [s for s in self.state_segments if s.name == segment.name]
        fits = bool(same) and (same[0].kind, same[0].size) == (segment.kind, segment.size)
        return same[0] if fits else None

    def anchor_slice(self, segment: Segment) -> slice:
        """Where the measured twin of a command sits in the native state; ValueError if it has none."""
        twin = self.twin(segment)
        if twin is None:
            raise ValueError(f"embodiment {self.name}: the state does not measure {segment.name}")
        return twin.native_slice

    def _check_layout(self, what: str, segments: tuple[Segment, ...]) -> None:
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
            given["cameras"] = _parts(Camera, given["cameras"], f"{source}: cameras")
        if "segments" in given:
            given["segments"] = _parts(Segment, given["segments"], f"{source}: segments")
        if given.get("sensed") is not None:
            given["sensed"] = _parts(Segment, given["sensed"], f"{source}: sensed")
        return _built(Embodiment, given, source)


JSON_TYPES: Mapping[str, tuple[type, ...]] = {
    "str": (str,),
    "bool": (bool,),
    "int": (int,),
    "int | None": (int, type(None)),
    "float": (int, float),
}
"""What JSON may hold for a field, by its annotation; the others are checked where they are built."""

Part = TypeVar("Part", Camera, Segment, Embodiment)


def _parts(kind: type[Part], data: Any, source: str) -> tuple[Part, ...]:
    if not isinstance(data, list | tuple):
        raise ValueError(f"{source}: got {type(data).__name__}, expected a list of {kind.__name__} maps")
    return tuple(_built(kind, part, f"{source}[{k}]") for k, part in enumerate(data))


def _built(kind: type[Part], data: Any, source: str) -> Part:
    """A dataclass from a map of its fields; ValueError for unknown and missing ones and other types."""
    known = {field.name: field for field in fields(kind)}
    if not isinstance(data, Mapping):
        raise ValueError(f"{source}: got {type(data).__name__}, expected a map with {', '.join(known)}")
    wrong = [f"unknown {key!r}" for key in data if key not in known]
    wrong += [f"missing {name!r}" for name, f in known.items() if f.default is MISSING and name not in data]
    if wrong:
        raise ValueError(f"{source}: {', '.join(wrong)}, expected {', '.join(known)}")
    for key, value in data.items():
        expected = JSON_TYPES.get(str(known[key].type), (object,))
        if not isinstance(value, expected) or (isinstance(value, bool) and int in expected):
            raise ValueError(f"{source}: {key}: got {value!r}, expected {known[key].type}")
    try:
        return kind(**data)
    except ValueError as error:
        raise ValueError(f"{source}: {error}") from error


@dataclass(frozen=True)
class Observation:
    """What the robot saw and felt at one instant.

    images: camera key to uint8 [height, width, 3]; state: float64 [state_dim]; time_s: clock of capture.
    """

    images: Mapping[str, np.ndarray]
    state: np.ndarray
    instruction: str
    time_s: float

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
    tick k * dt after `time_s`, when the observation was taken."""

    actions: np.ndarray
    time_s: float
    dt: float
    infer_s: float = 0.0

    def __post_init__(self) -> None:
        if self.actions.ndim != 2 or len(self.actions) == 0:
            raise ValueError(f"chunk: got shape {self.actions.shape}, expected [horizon >= 1, action_dim]")
        if not np.isfinite(self.actions).all():
            raise ValueError("chunk: got NaN or infinity in the actions")
