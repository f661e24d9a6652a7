"""The codec: openpi's bytes exactly, and nothing a peer sends can do more than raise ValueError."""

import math

import msgpack
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from xr0_robot import wire

UNHURRIED = settings(deadline=None)  # a shared machine pauses; that is no failure
DTYPES = st.one_of(
    hnp.boolean_dtypes(),
    hnp.integer_dtypes(endianness="?"),
    hnp.floating_dtypes(endianness="?"),
    hnp.datetime64_dtypes(endianness="?"),
    hnp.timedelta64_dtypes(endianness="?"),
    hnp.byte_string_dtypes(max_len=8),
    hnp.unicode_string_dtypes(endianness="?", max_len=8),
)
ARRAYS = DTYPES.flatmap(
    lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, max_dims=5, min_side=0, max_side=4))
)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)

# msgpack of {"x": array([[1.5, -2.0]], "<f4")}, by hand from openpi's codec and the msgpack specification.
KNOWN = (
    b"\x81"  # map of 1
    b"\xa1x"  # str "x"
    b"\x84"  # map of 4
    b"\xc4\x0b__ndarray__\xc3"  # bin of 11: true
    b"\xc4\x04data\xc4\x08\x00\x00\xc0\x3f\x00\x00\x00\xc0"  # bin of 8: 1.5, -2.0, little-endian
    b"\xc4\x05dtype\xa3<f4"  # str "<f4"
    b"\xc4\x05shape\x92\x01\x02"  # array of 2: 1, 2
)
KNOWN_SCALAR = b"\x81\xa1x\x83\xc4\x0d__npgeneric__\xc3\xc4\x04data\x07\xc4\x05dtype\xa3<i4"


def test_an_array_is_packed_byte_for_byte_as_openpi_does():
    assert wire.pack({"x": np.array([[1.5, -2.0]], "<f4")}) == KNOWN
    assert wire.pack({"x": np.int32(7)}) == KNOWN_SCALAR


def test_openpi_bytes_are_unpacked():
    array = wire.unpack(KNOWN)["x"]
    assert array.dtype == np.dtype("<f4")
    assert array.tolist() == [[1.5, -2.0]]
    scalar = wire.unpack(KNOWN_SCALAR)["x"]
    assert type(scalar) is np.int32
    assert scalar == 7


@UNHURRIED
@given(ARRAYS)
def test_arrays_come_back_the_same(array):
    back = wire.unpack(wire.pack({"array": array}))["array"]
    assert back.dtype == array.dtype
    assert back.shape == array.shape
    assert back.tobytes() == array.tobytes()


def test_a_transposed_view_keeps_its_order():
    view = np.arange(6, dtype=np.int16).reshape(2, 3).T
    np.testing.assert_array_equal(wire.unpack(wire.pack({"v": view}))["v"], view)


@settings(max_examples=50)
@given(st.dictionaries(st.text(max_size=wire.MAX_KEY), JSON, max_size=4))
def test_plain_maps_come_back_the_same(message):
    assert wire.unpack(wire.pack(message)) == message


@UNHURRIED
@given(st.sampled_from([np.bool_(True), np.int8(-3), np.uint64(2**64 - 1), np.float32(0.1), np.float16(2.0)]))
def test_scalars_keep_their_type(scalar):
    back = wire.unpack(wire.pack({"s": scalar}))["s"]
    assert type(back) is type(scalar)
    assert back == scalar


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (np.array([None]), "object"),
        (np.array([1j]), "complex"),
        (np.zeros(1, [("a", "f4")]), "'a'"),
        (np.complex64(1), "complex"),
        (np.datetime64("2020-01-01"), "only travels as an array"),
        ({1, 2}, "set"),
        (2**70, "64 bits"),
    ],
)
def test_what_has_no_place_on_the_wire_is_not_packed(value, words):
    with pytest.raises(ValueError, match=words):
        wire.pack({"value": value})


def _msgpack(value: object) -> bytes:
    return bytes(msgpack.packb(value) or b"")


def _array_frame(data: object, dtype: object, shape: object) -> bytes:
    return _msgpack({"a": {b"__ndarray__": True, b"data": data, b"dtype": dtype, b"shape": shape}})


@pytest.mark.parametrize(
    ("data", "dtype", "shape", "words"),
    [
        (b"1234", "<f4", [2], "got 4 bytes, expected 8"),
        (b"12345678", "<f4", [1], "got 8 bytes, expected 4"),
        (b"1234", "<f4", [2**26] * 4, "got 4 bytes, expected"),
        (b"1234", "<f4", [-1], "sizes from 0"),
        (b"", "<f4", [0, 2**63], "sizes from 0"),
        (b"", "<f4", [0, 2**26, 2**26, 2**26], "array is too big"),
        (b"1234", "<f4", [True], "sizes from 0"),
        (b"1234", "<f4", [1] * 33, "at most 32"),
        (b"1234", "<f4", 1, "at most 32"),
        ("1234", "<f4", [1], "got str, expected bytes"),
        (None, "<f4", [1], "got NoneType"),
        (b"12345678", "|O", [1], "kinds b i u f"),
        (b"12345678", "|V8", [1], "kinds b i u f"),
        (b"12345678", "<c8", [1], "kinds b i u f"),
        (b"12345678", "<f4,<f4", [1], "kinds b i u f"),
        (b"12345678", "(2,)<f4", [1], "kinds b i u f"),
        (b"123", "<i3", [1], "numpy does not know"),
        (b"", "<U0", [2**26, 2**26], "at least one byte"),
        (b"1234", b"<f4", [1], "kinds b i u f"),
    ],
)
def test_a_lying_array_is_refused(data, dtype, shape, words):
    with pytest.raises(ValueError, match=words):
        wire.unpack(_array_frame(data, dtype, shape))


@pytest.mark.parametrize(
    ("data", "dtype"), [(300, "|u1"), (-1, "<u4"), ("7", "<i4"), (True, "<f4"), (1, "<M8[s]")]
)
def test_a_lying_scalar_is_refused(data, dtype):
    with pytest.raises(ValueError, match="scalar"):
        wire.unpack(_msgpack({"s": {b"__npgeneric__": True, b"data": data, b"dtype": dtype}}))


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (b"", "incomplete"),
        (KNOWN[:-1], "incomplete"),
        (KNOWN + b"\x00", "extra data"),
        (b"\x93\x01\x02\x03", "got list, expected a map"),
        (b"\x81\xc4\x01x\x01", "string keys"),
        (b"\x81\x01\x02", "not allowed"),
        (b"\xdd\xff\xff\xff\xff", "exceeds"),
        (b"\x91" * 5000, "frame: nested too deep"),
        (b"\xc1", "frame: not msgpack"),
        (_msgpack({"k" * 201: 1}), "got a key of 201 characters, expected at most 200"),
        (_msgpack({"t": msgpack.ExtType(5, b"abc")}), "extension type 5"),
        (b"\xa2\xff\xff", "codec can't decode"),
    ],
)
def test_a_broken_frame_is_refused(frame, words):
    with pytest.raises(ValueError, match=words):
        wire.unpack(frame)


def test_nested_headers_cannot_claim_memory():
    """1000 nested lists that each claim 16 million items: the header alone must not reserve them."""
    bomb = b"\xdd\x00\xff\xff\xff" * 1000 + b"\x00" * (17 * 2**20)
    with pytest.raises(ValueError, match="exceeds"):
        wire.unpack(bomb)


def test_a_frame_of_very_many_items_is_refused_before_they_are_decoded(monkeypatch):
    """Each of 40 bytes costs an object and a check: a million of them, and every other client waits."""
    decoded = []
    decode = wire._decode
    monkeypatch.setattr(wire, "_decode", lambda value: decoded.append(value) or decode(value))
    empty = {b"__ndarray__": True, b"data": b"", b"dtype": "<f4", b"shape": [0]}
    with pytest.raises(ValueError, match=f"frame: more than {wire.MAX_ITEMS} items"):
        wire.unpack(_msgpack({"x": [[empty] * 1000] * 20}))
    assert len(decoded) < wire.MAX_ITEMS
    with pytest.raises(ValueError, match=f"frame: more than {wire.MAX_ITEMS} items"):
        wire.unpack(_msgpack({"x": [[[]] * 1000] * 20}))


@pytest.mark.parametrize(
    "frame", [_array_frame(b"", "<f4", b"x" * 10**6), _array_frame(b"", "x" * 10**6, [])]
)
def test_a_refusal_does_not_repeat_what_it_refuses(frame):
    with pytest.raises(ValueError, match="frame: array") as caught:
        wire.unpack(frame)
    assert len(str(caught.value)) < 200


def test_frames_over_the_cap_are_refused_on_both_sides(monkeypatch):
    monkeypatch.setattr(wire, "MAX_FRAME_BYTES", 100)
    with pytest.raises(ValueError, match="expected at most 100"):
        wire.pack({"a": b"0" * 100})
    with pytest.raises(ValueError, match="got 101 bytes, expected at most 100"):
        wire.unpack(b"0" * 101)


@UNHURRIED
@given(st.binary(max_size=400))
@example(b"\x80")
def test_arbitrary_bytes_give_a_map_or_a_value_error(frame):
    _only_value_error(frame)


@settings(max_examples=300)
@given(st.data())
def test_a_damaged_frame_gives_a_map_or_a_value_error(data):
    frame = bytearray(
        wire.pack({"x": np.arange(6.0).reshape(2, 3), "s": np.int16(4), "n": {"list": [1, "two"]}})
    )
    for _ in range(data.draw(st.integers(1, 4))):
        frame[data.draw(st.integers(0, len(frame) - 1))] = data.draw(st.integers(0, 255))
    _only_value_error(bytes(frame))


@UNHURRIED
@given(
    st.binary(max_size=64) | JSON,
    st.sampled_from(["<f4", "|u1", "<U2", "<M8[D]", "<f16", "<U99999999", "<m8[7x]"]) | st.text(max_size=8),
    st.lists(st.integers(-1, 2**64 - 1), max_size=5) | JSON,
)
def test_arbitrary_array_maps_give_an_array_or_a_value_error(data, dtype, shape):
    _only_value_error(_array_frame(data, dtype, shape))


def _only_value_error(frame: bytes) -> None:
    try:
        message = wire.unpack(frame)
    except ValueError:
        return
    for value in message.values():
        if isinstance(value, np.ndarray):
            assert value.nbytes == math.prod(value.shape) * value.itemsize
            assert value.nbytes <= len(frame)
