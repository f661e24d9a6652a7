"""Shapes: half-spaces that fit their corners, files that are read strictly."""

import json
import struct
from pathlib import Path

import numpy as np
import pytest

from xr0_robot.touch.sensor.families import HELD_OUT, RESERVED, SEEN, sample_shape
from xr0_robot.touch.sensor.prisms import facing, rectangle, regular
from xr0_robot.touch.sensor.shapes import Prism, Shape, load_shapes

BOX = Shape("box", "box", (facing(rectangle(4.0, 6.0), 5.0),))
TETRAHEDRON = 3.0 * np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]])
FACES = TETRAHEDRON[np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]])]


@pytest.mark.parametrize("family", [*SEEN, *HELD_OUT, *RESERVED])
def test_a_family_draws_solid_pieces_and_survives_json(family: str) -> None:
    for seed in range(5):
        shape = sample_shape(np.random.default_rng(seed), family)
        for prism in shape.prisms:
            planes, corners = prism.planes(), prism.vertices()
            beyond = corners @ planes[:, :3].T - planes[:, 3]
            assert beyond.max() < 1e-9
            assert (np.isclose(beyond, 0.0, atol=1e-9).sum(axis=0) >= 3).all()  # every face has corners
        assert Shape.from_dict(json.loads(json.dumps(shape.to_dict()))).to_dict() == shape.to_dict()


def test_no_family_is_both_for_training_and_for_evaluation() -> None:
    assert not set(SEEN) & set(HELD_OUT | RESERVED)
    for seed in range(40):
        for family in SEEN:
            assert all(len(p.polygon) > 3 for p in sample_shape(np.random.default_rng(seed), family).prisms)


@pytest.mark.parametrize(
    ("polygon", "changes", "text"),
    [
        (regular(5, 2.0)[::-1], {}, "not convex"),
        (regular(5, 2.0)[[0, 2, 4, 1, 3]], {}, "not convex"),
        (np.array([[0, 0], [2, 0], [0.5, 0.5], [0, 2.0]]), {}, "not convex"),
        (regular(5, 2.0)[:2], {}, r"expected \[3 or more, 2\]"),
        (regular(5, 2.0), {"height": -1.0}, "height > 0"),
        (regular(5, 2.0), {"taper": 1.5}, "taper <= 1"),
        (regular(5, np.nan), {}, "finite"),
    ],
)
def test_what_is_no_prism_is_refused(polygon: np.ndarray, changes: dict, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        Prism(polygon, **{"height": 1.0, **changes})


def binary_stl(triangles: np.ndarray) -> bytes:
    body = b"".join(struct.pack("<12fH", *np.zeros(3), *t.ravel(), 0) for t in triangles)
    return b"solid of a binary kind".ljust(80) + struct.pack("<I", len(triangles)) + body


def ascii_stl(triangles: np.ndarray) -> bytes:
    lines = ["solid part"]
    for t in triangles:
        lines += ["facet normal 0 0 0", "outer loop", *(f"vertex {x} {y} {z}" for x, y, z in t), "endloop"]
    return "\n".join([*lines, "endsolid"]).encode()


def test_a_folder_of_shapes_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(BOX.to_dict()))
    (tmp_path / "b.stl").write_bytes(binary_stl(FACES))
    (tmp_path / "c.stl").write_bytes(ascii_stl(FACES))
    box, binary, text = load_shapes(tmp_path)
    assert box.to_dict() == BOX.to_dict()
    np.testing.assert_allclose(binary.triangles, text.triangles, atol=1e-6)
    np.testing.assert_allclose(binary.triangles, FACES - 1.5, atol=1e-6)  # its box is about the origin
    assert [shape.name for shape in (binary, text)] == ["b", "c"]


@pytest.mark.parametrize(
    ("name", "content", "text"),
    [
        ("a.json", b"{", "a.json: Expecting"),
        ("a.json", b"[]", "a.json: got list"),
        ("a.json", b'{"name": "a", "family": "b", "prisms": []}', "neither prisms nor triangles"),
        ("a.json", b'{"name": "a", "family": "b", "prisms": [{"polygon": []}]}', "got fields"),
        ("a.json", b'{"name": "a", "family": "b", "prisms": [], "color": 1}', "got fields"),
        ("a.stl", b"solid but no more", "do not fit the header"),
        ("a.stl", b"solid a facet normal", "got 0 triangles"),
        ("a.stl", binary_stl(FACES)[:-7], "truncated"),
        ("a.stl", binary_stl(FACES * np.nan), "NaN"),
    ],
)
def test_a_file_that_is_no_shape_is_named(tmp_path: Path, name: str, content: bytes, text: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=text) as caught:
        load_shapes(tmp_path)
    assert name in str(caught.value)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no \*\.json"):
        load_shapes(tmp_path)
