"""STL files, binary and ASCII, to triangles."""

from __future__ import annotations

import numpy as np

HEADER, RECORD = 84, 50
"""Bytes before the first triangle of a binary file, and of each: normal, three corners, a spare word."""

MAX_TRIANGLES = 20_000
"""More is no part for a fingertip, and every ray meets every triangle: simplify it first."""

FLAT_MM2 = 1e-9
"""Twice the area below which a triangle is a line, and left out."""


def read(content: bytes) -> np.ndarray:
    """Triangles [t, 3, 3] in the file's unit; ValueError for what is not STL, holds none, or is not
    finite."""
    triangles = _ascii(content) if _is_ascii(content) else _binary(content)
    if not np.isfinite(triangles).all():
        raise ValueError("stl: got NaN or infinity in the corners")
    across = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
    triangles = triangles[np.linalg.norm(across, axis=1) > FLAT_MM2]
    if not 0 < len(triangles) <= MAX_TRIANGLES:
        raise ValueError(f"stl: got {len(triangles)} triangles, expected 1 to {MAX_TRIANGLES}")
    return triangles


def _is_ascii(content: bytes) -> bool:
    """A binary file may begin with "solid" too, but its length tells."""
    if len(content) >= HEADER and len(content) == HEADER + RECORD * _count(content):
        return False
    return content.lstrip().startswith(b"solid") and b"facet" in content


def _count(content: bytes) -> int:
    return int(np.frombuffer(content, "<u4", 1, HEADER - 4)[0])


def _binary(content: bytes) -> np.ndarray:
    if len(content) < HEADER or len(content) != HEADER + RECORD * _count(content):
        raise ValueError(f"stl: {len(content)} bytes do not fit the header's number of triangles: truncated?")
    record = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("spare", "<u2")])
    return np.frombuffer(content, record, offset=HEADER)["corners"].astype(np.float64)


def _ascii(content: bytes) -> np.ndarray:
    words = [line.split() for line in content.decode("ascii", errors="replace").splitlines()]
    corners = [line[1:4] for line in words if line and line[0] == "vertex"]
    if len(corners) % 3 or any(len(corner) != 3 for corner in corners):
        raise ValueError(f"stl: got {len(corners)} vertices, expected three for each facet")
    return np.array(corners, dtype=np.float64).reshape(-1, 3, 3)
