"""Mutated frames against the decoder: a map or a ValueError, and no memory kept.

Usage: python -m faults.fuzz OUT.json [FRAMES]
"""

from __future__ import annotations

import os
import random
import resource
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from faults.marching import ROBOT, Marching, rows
from xr0_robot import report, wire

FRAMES = 1_000_000
CHUNK = 50_000
"""Memory is read after each."""
SEED = 0
MARKS = (0x80, 0x90, 0xC1, 0xC4, 0xC6, 0xC7, 0xC9, 0xCF, 0xD3, 0xD9, 0xDB, 0xDC, 0xDD, 0xDE, 0xDF, 0xFF)
"""Bytes by which msgpack says what comes next, and how long it is."""


def originals() -> list[bytes]:
    """What is said on the wire: metadata, a request with all extras, an answer, scalars."""
    images = {wire.image_key(c.key): np.zeros((8, 8, 3), np.uint8) for c in ROBOT.cameras}
    extras = {wire.SEED: 7, wire.REQUEST_ID: 8, wire.PREFIX: np.zeros((6, 7))}
    request = {**images, wire.STATE: np.zeros(7), wire.PROMPT: "put it in the bin", **extras}
    answer = {wire.ACTIONS: rows(np.zeros(7)), wire.REQUEST_ID: 8, wire.SERVER_TIMING: {wire.INFER_MS: 1.5}}
    scalars = {"a": np.float32(1.0), "b": np.int8(-1), "c": [None, True, {"d": b"raw"}], "e": np.str_("text")}
    hello = {**Marching().metadata(), wire.PROTOCOL: wire.PROTOCOL_VERSION}
    return [wire.pack(message) for message in (hello, request, answer, scalars)]


def mutated(rng: random.Random, frames: list[bytes]) -> bytes:
    """One to four changes of one of them."""
    frame = bytearray(rng.choice(frames))
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(frame) + 1)
        kind = rng.randrange(7)
        if kind == 0:
            frame[at : at + 1] = bytes([rng.randrange(256)])
        elif kind == 1:
            frame[at : at + 1] = bytes([rng.choice(MARKS)])
        elif kind == 2:
            frame[at:at] = rng.randbytes(rng.randint(1, 9))
        elif kind == 3:
            del frame[at : at + rng.randint(1, 40)]
        elif kind == 4:
            del frame[at:]
        elif kind == 5:
            other = rng.choice(frames)
            start = rng.randrange(len(other))
            frame[at : at + 30] = other[start : start + 30]
        else:
            frame[at:at] = bytes([rng.choice((0x81, 0x91, 0x92))]) * rng.randint(1, 300)
    return bytes(frame)


def fuzz(frames: int, seed: int = SEED) -> dict[str, Any]:
    """How frames were taken, and the memory [MB] after each chunk. What is neither a map nor a ValueError is
    raised: that is the failure."""
    rng, sources = random.Random(seed), originals()
    taken: Counter[str] = Counter()
    memory_mb: list[float] = []
    start_s = time.monotonic()
    for number in range(1, frames + 1):
        try:
            message = wire.unpack(mutated(rng, sources))
        except ValueError:
            taken["refused"] += 1
        else:
            assert isinstance(message, dict)
            taken["read"] += 1
        if number % CHUNK == 0 or number == frames:
            memory_mb.append(round(resident_mb(), 2))
    return {
        "frames": frames,
        **taken,
        "seed": seed,
        "resident_mb": memory_mb,
        "growth_mb": round(memory_mb[-1] - memory_mb[0], 2),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 2),
        "seconds": round(time.monotonic() - start_s, 1),
    }


def resident_mb(pid: int | str = "self") -> float:
    """Of a process, now."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="utf-8").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def main(out: Path, frames: int) -> int:
    """Writes what was found."""
    found = fuzz(frames)
    stamp = {"code": report.code(), "machine": report.machine(), "versions": report.versions()}
    report.write(out, {**found, **stamp, "date": report.now()})
    print(found)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else FRAMES))
