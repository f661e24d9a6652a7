"""What crosses the wire: msgpack maps with numpy arrays, framed and named as openpi does.

The array codec is openpi's (openpi_client.msgpack_numpy 0.1.2): an array is a map of four bytes keys, a
scalar of three. Every frame is one map with the flat string keys below. The server speaks first, with the
metadata, then answers one request at a time; an error is a text frame of one line. A client that knows
only openpi sends images, state and prompt, and reads `actions`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, cast

import msgpack
import numpy as np

PROTOCOL_VERSION = 1
"""Raised when a peer of the previous version would misread a message."""

# Request. Arrays are native: commands and measurements as types.Embodiment lays them out.
IMAGE_PREFIX = "observation/images/"
"""+ camera key: uint8 [height, width, 3], RGB."""
STATE = "observation/state"
"""float [state_dim]."""
PROMPT = "prompt"
"""str, the instruction."""
PREFIX = "prefix"
"""Optional float [p <= max_prefix, native_dim]: the commands that will be executed for the p ticks from the
observation on; row k belongs to the same tick as row k of the answer. Its length is the delay that the policy
plans for: there is no key of its own for that, and one that an older client sends is ignored."""
GUIDE = "guide"
"""Optional float [n <= action_horizon, native_dim], instead of a prefix: the commands that are planned for
the n ticks from the observation on. Only for a server whose metadata names its way in `guidance`."""
GUIDE_DELAY = "guide_delay"
"""int, with a guide: the first so many of its rows will be executed, whatever the answer says."""
GUIDED_BY = "guided_by"
"""str, with a guide: how it leads, one of the metadata's `guidance`."""
SEED = "seed"
"""Optional int: the same request with the same seed has the same answer."""
REQUEST_ID = "request_id"
"""Optional int; the answer repeats it."""
DEADLINE_MS = "deadline_ms"
"""Optional number >= 0: from sending on, when the robot's plan runs out; 0: it stands. Who comes too late is
decided by it, and who waits: a robot that sends none is answered when those that do are not kept waiting."""
EXPIRES_MS = "expires_ms"
"""Optional number >= 0: from sending on, when an answer is of no use any more; then none is computed."""

FEATURES = "features"
"""Optional. Metadata: true, where this policy has features for a correction head beside the robot. Request:
true, to get them. Answer, where they were asked for: floats of any shape, at most MAX_FEATURES of them."""

# Answer. `actions` is the only array of one that was not asked for `features`: openpi's ActionChunkBroker
# slices axis 0 of every array it finds.
ACTIONS = "actions"
"""float32 [action_horizon, native_dim], commands; row k is for k ticks after the observation."""
POLICY_TIMING = "policy_timing"
"""Map with at least `infer_ms`, measured by the policy; `execution`, where it has several ways to compute."""
SERVER_TIMING = "server_timing"
"""Map with `queue_ms`, `infer_ms` and, after the connection's first answer, `prev_total_ms`; `first_row`
where the server knows the robot's rate."""
FIRST_ROW = "first_row"
"""int: row of `actions` for the first tick that had not begun when the answer left, counted from when the
request was there; what the observation's age, the ways there and back take comes on top."""
INFER_MS = "infer_ms"
EXECUTION = "execution"
QUEUE_MS = "queue_ms"
PREV_TOTAL_MS = "prev_total_ms"

NOT_NOW = "not now: "
"""How a text frame begins that refuses a request for its moment, not for what is in it: the server is full,
the answer would come too late, a newer request is here. Ask again, with a newer observation."""

# Metadata, the first frame of a connection.
PROTOCOL = "protocol"
"""int, PROTOCOL_VERSION."""
EMBODIMENT = "embodiment"
"""Embodiment.to_dict()."""
ACTION_HORIZON = "action_horizon"
"""int, rows of `actions`."""
MAX_PREFIX = "max_prefix"
"""int, rows of `prefix` the policy was trained for."""
GUIDANCE = "guidance"
"""List of str, the ways in which a guide leads this policy, as types.GUIDANCE names them; a server without
this key takes no guides."""
CONTRACT = "contract"
"""Map, the inference contract stored with the checkpoint."""
CHECKPOINT = "checkpoint"
"""Map with `name` and `fingerprint`."""

MAX_FRAME_BYTES = 64 * 2**20
"""Both sides refuse more: ten times three full-HD images, and a bound on what a peer can make us hold."""

MAX_FEATURES = 2**16
"""Numbers: 32 rows of 2048, as wide as the action expert of a large model. A recorder keeps them all."""

MAX_ITEMS = 2048
"""Of all lists and maps of a frame together, themselves included; a request with three cameras has some 60,
the metadata of a robot with two arms some 300. So a frame costs what copying its bytes costs."""

MAX_KEY = 200
"""Characters of a key of ours; refusals repeat them."""

_MAX_DIMS = 32
"""What numpy 1 can hold."""

_DTYPE = re.compile(r"[<>|=]?[biufmMSU]\d{1,8}(\[\w{1,16}\])?")
"""numpy's dtype.str for the kinds that openpi lets through: V, O and c are refused."""

_SCALAR_TYPES: dict[str, tuple[type, ...]] = {
    "b": (bool,),
    "i": (int,),
    "u": (int,),
    "f": (float, int),
    "S": (bytes,),
    "U": (str,),
}
"""dtype kind to what msgpack carries for it."""


def image_key(camera: str) -> str:
    """The request key of a camera's image."""
    return IMAGE_PREFIX + camera


def pack(message: Mapping[str, Any]) -> bytes:
    """One frame. ValueError for a value that has no place on the wire or a frame over MAX_FRAME_BYTES."""
    frame = cast("bytes", msgpack.packb(dict(message), default=_encode))
    if len(frame) > MAX_FRAME_BYTES:
        raise ValueError(f"message: got {len(frame)} bytes, expected at most {MAX_FRAME_BYTES}")
    return frame


def unpack(frame: bytes) -> dict[str, Any]:
    """The map in a frame; arrays are read-only views of it. ValueError for anything but exactly one map."""
    if len(frame) > MAX_FRAME_BYTES:
        raise ValueError(f"frame: got {len(frame)} bytes, expected at most {MAX_FRAME_BYTES}")
    budget = _Budget()
    try:
        message = msgpack.unpackb(
            frame,
            object_hook=budget.map,
            list_hook=budget.list,
            ext_hook=_refuse_extension,
            max_array_len=MAX_ITEMS,  # msgpack allocates what a header claims, before it sees the items
            max_map_len=MAX_ITEMS,
        )
    except (msgpack.StackError, RecursionError) as error:
        raise ValueError("frame: nested too deep") from error
    except msgpack.FormatError as error:
        raise ValueError("frame: not msgpack") from error
    except (ValueError, msgpack.UnpackException) as error:
        raise ValueError(f"frame: {error}") from error
    if not isinstance(message, dict) or not all(isinstance(key, str) for key in message):
        raise ValueError(f"frame: got {type(message).__name__}, expected a map with string keys")
    longest = max(map(len, message), default=0)
    if longest > MAX_KEY:
        raise ValueError(f"frame: got a key of {longest} characters, expected at most {MAX_KEY}")
    return message


def brief(value: Any) -> str:
    """What a peer sent where something else belongs, in a few characters: it may be 60 MB."""
    if isinstance(value, str):
        return repr(value[:40])
    return repr(value) if value is None or isinstance(value, int | float) else type(value).__name__


class _Budget:
    """Decodes lists and maps while they are unpacked, and stops when there are too many items."""

    def __init__(self) -> None:
        self._left = MAX_ITEMS

    def map(self, value: dict[Any, Any]) -> Any:
        self._spend(1 + len(value))
        return _decode(value)

    def list(self, value: list[Any]) -> Any:
        self._spend(1 + len(value))
        return value

    def _spend(self, items: int) -> None:
        self._left -= items
        if self._left < 0:
            raise ValueError(f"more than {MAX_ITEMS} items in lists and maps")


def _encode(value: Any) -> dict[bytes, Any]:
    if not isinstance(value, np.ndarray | np.generic):
        got = type(value).__name__
        raise ValueError(f"message: got {got}, expected a number (64 bits), text, bytes, list, map or array")
    dtype = value.dtype
    if dtype.kind in "VOc":
        raise ValueError(f"message: got an array of {dtype}, expected real numbers, booleans, times or text")
    if isinstance(value, np.ndarray):
        return {b"__ndarray__": True, b"data": value.tobytes(), b"dtype": dtype.str, b"shape": value.shape}
    item = value.item()
    if not isinstance(item, _SCALAR_TYPES.get(dtype.kind, ())):
        raise ValueError(f"message: got a scalar of {dtype}, which only travels as an array")
    return {b"__npgeneric__": True, b"data": item, b"dtype": dtype.str}


def _decode(value: dict[Any, Any]) -> Any:
    if b"__ndarray__" in value:
        return _decode_array(value.get(b"data"), _decode_dtype(value.get(b"dtype")), value.get(b"shape"))
    if b"__npgeneric__" in value:
        return _decode_scalar(value.get(b"data"), _decode_dtype(value.get(b"dtype")))
    return value


def _decode_dtype(text: Any) -> np.dtype[Any]:
    if not isinstance(text, str) or not _DTYPE.fullmatch(text):
        raise ValueError(
            f"array dtype: got {brief(text)}, expected one of kinds b i u f m M S U, as in '<f4'"
        )
    try:
        dtype = np.dtype(text)
    except TypeError as error:
        raise ValueError(f"array dtype: got {text!r}, which numpy does not know") from error
    if dtype.itemsize == 0:
        raise ValueError(f"array dtype: got {text!r}, expected items of at least one byte")
    return dtype


def _decode_array(data: Any, dtype: np.dtype[Any], shape: Any) -> np.ndarray:
    """A view of `data`: nothing is allocated, whatever `shape` claims."""
    if not isinstance(data, bytes):
        raise ValueError(f"array data: got {type(data).__name__}, expected bytes")
    if not isinstance(shape, list) or len(shape) > _MAX_DIMS:
        raise ValueError(f"array shape: got {brief(shape)}, expected a list of at most {_MAX_DIMS} sizes")
    if not all(type(size) is int and 0 <= size <= MAX_FRAME_BYTES for size in shape):
        sizes = ", ".join(map(brief, shape))
        raise ValueError(f"array shape: got [{sizes}], expected sizes from 0 to {MAX_FRAME_BYTES}")
    expected = math.prod(shape) * dtype.itemsize
    if len(data) != expected:
        raise ValueError(
            f"array data: got {len(data)} bytes, expected {expected} for {dtype} of shape {shape}"
        )
    return np.ndarray(shape, dtype, buffer=data)


def _decode_scalar(data: Any, dtype: np.dtype[Any]) -> np.generic:
    if type(data) not in _SCALAR_TYPES.get(dtype.kind, ()):
        raise ValueError(f"scalar: got {type(data).__name__} for {dtype}")
    if dtype.kind in "iu" and not np.iinfo(dtype).min <= data <= np.iinfo(dtype).max:
        raise ValueError(f"scalar: got {data}, which does not fit {dtype}")
    with np.errstate(over="ignore"):
        return dtype.type(data)


def _refuse_extension(code: int, data: bytes) -> Any:
    raise ValueError(f"got msgpack extension type {code}, expected none")
