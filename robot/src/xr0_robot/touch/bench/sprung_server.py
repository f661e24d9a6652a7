"""Grasps of the second simulator for another process: requests on stdin, answers on stdout, until stdin ends.

    python -m xr0_robot.touch.bench.sprung_server

A frame is its length, four bytes little-endian, and a map of xr0_robot.wire. Request: `seeds` int [n], one
for each physical sensor; `shapes`, n JSON texts; `poses` float [n, 4, 4] in mm; `forces` float [n] in N.
Answer: `forces` float [n, fingers, 11, 9] in N, before any read-out, and `joints` float [n, joints] in mm.
"""

from __future__ import annotations

import functools
import json
import struct
import sys
from typing import Any, BinaryIO

import numpy as np

from xr0_robot import wire
from xr0_robot.touch.sensor.shapes import Shape
from xr0_robot.touch.sims.sprung_pads import SprungPads

HELD = 64
"""Sensors kept ready, each with its object: a compiled model takes some megabytes."""


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer every request, in order."""
    sensor_of = functools.lru_cache(HELD)(lambda seed: SprungPads(np.random.default_rng(seed)))
    shape_of = functools.lru_cache(HELD)(lambda text: Shape.from_dict(json.loads(text)))
    while (request := read(requests)) is not None:
        felt = [
            sensor_of(int(seed)).grasp(shape_of(text), pose, float(force_n))
            for seed, text, pose, force_n in zip(
                request["seeds"], request["shapes"], request["poses"], request["forces"], strict=True
            )
        ]
        forces, joints = (np.stack(parts) for parts in zip(*felt, strict=True))
        write(answers, {"forces": forces, "joints": joints})


def read(stream: BinaryIO) -> dict[str, Any] | None:
    """The next frame, None where the stream ended."""
    head = stream.read(4)
    return None if len(head) < 4 else wire.unpack(stream.read(struct.unpack("<I", head)[0]))


def write(stream: BinaryIO, message: dict[str, Any]) -> None:
    """One frame, at once."""
    frame = wire.pack(message)
    stream.write(struct.pack("<I", len(frame)) + frame)
    stream.flush()


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
