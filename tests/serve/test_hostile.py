"""Three hundred frames that no robot sends: each gets a line or a finite answer; a robot goes on."""

import logging
import random
import threading
from pathlib import Path
from typing import Any

import msgpack
import numpy as np
import pytest
from served import HOST, running
from websockets.sync.client import connect

from xr0.policy import Policy
from xr0.serve.adapter import ServedPolicy
from xr0.serve.conversation import MAX_LINE
from xr0_robot import wire
from xr0_robot.client import Client
from xr0_robot.types import Embodiment, Observation

TINY = Path(__file__).resolve().parents[2] / "checkpoints" / "tiny"
FRAMES = 300
SEED = 0

VALUES: list[Any] = [
    *(None, True, -1, 2**63, 1.5, float("nan"), "", "x" * 10_000, b"", b"x" * 10_000, [], {}, {"a": {}}),
    *([1.0, "a"], [[1.0], [1.0, 2.0]], [[[[]]]], np.float32("nan"), np.int64(-(2**63)), np.bool_(True)),
    *(np.zeros(shape) for shape in ((), (0,), (7, 0), (0, 7), (7,), (1, 7), (6, 7), (7, 7), (10**5,))),
    *(np.full(7, value) for value in (np.nan, np.inf, -np.inf, 1e308, -1e308, 1e38, 1e5, 5e-324)),
    *(np.full((6, 7), value) for value in (np.nan, np.inf, 1e308, 1e30, 1e5)),
    *(np.zeros(7, kind) for kind in ("f2", "g", "i1", "u8", "?", "M8[s]", "m8[s]", "S3", "U3")),
    *(
        np.zeros(shape, np.uint8)
        for shape in ((128, 128, 3), (1, 1, 3), (128, 128), (3, 128, 128), (1, 9**6, 3))
    ),
]

ARRAYS: list[dict[bytes, Any]] = [
    {b"__ndarray__": True, b"data": data, b"dtype": dtype, b"shape": shape}
    for data in (b"", b"1234", b"12345678", "text", 7)
    for dtype in ("<f4", "|O", "<c8", "<U0", "", "<i3", ">f8", "<M8[s]", 4)
    for shape in ([], [1], [2], [-1], [2**62, 2**62], [0] * 40, "shape", [[1]])
]


def request(robot: Embodiment) -> dict[str, Any]:
    images = {wire.image_key(c.key): np.zeros((*c.size, 3), np.uint8) for c in robot.cameras}
    return {**images, wire.STATE: np.zeros(robot.state_dim), wire.PROMPT: "go", wire.SEED: 1}


def frames(rng: random.Random, robot: Embodiment) -> list[bytes | str]:
    """One of each kind in turn."""
    whole = request(robot)
    keys = [*whole, wire.PREFIX, wire.REQUEST_ID, "unknown"]
    packed = wire.pack(whole)

    def replaced() -> bytes:
        changes = {rng.choice(keys): rng.choice(VALUES) for _ in range(rng.randint(1, 2))}
        return bytes(msgpack.packb({**whole, **changes}, default=wire._encode))

    def lacking() -> bytes:
        return wire.pack({key: value for key, value in whole.items() if rng.random() < 0.7})

    def lying() -> bytes:
        return bytes(msgpack.packb({**whole, rng.choice(keys): rng.choice(ARRAYS)}, default=wire._encode))

    def damaged() -> bytes:
        frame = bytearray(packed)
        for _ in range(rng.randint(1, 6)):
            near = rng.choice((0, len(frame) - 300))
            frame[near + rng.randrange(300)] = rng.randrange(256)
        return bytes(frame)

    def crowded() -> bytes:
        return bytes(msgpack.packb({"x": [[{b"__ndarray__": True}] * 1000] * rng.randint(1, 30)}))

    kinds = [
        replaced,
        lacking,
        lying,
        damaged,
        crowded,
        lambda: rng.randbytes(rng.randrange(200)),
        lambda: packed[: rng.randrange(len(packed))],
        lambda: rng.choice((b"\x91", b"\x81\xa1x", b"\xdd\x00\x00\x00\xff")) * rng.randint(1, 3000),
        lambda: "text" * rng.randint(0, 1000),
    ]
    return [kinds[k % len(kinds)]() for k in range(FRAMES)]


class Robot(threading.Thread):
    """Asks as a robot does until it is told to stop."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self.answers, self.failure = 0, None
        self.done = threading.Event()
        self._client = Client(f"ws://{HOST}:{port}")

    def run(self) -> None:
        robot = self._client.embodiment
        images = {camera.key: np.zeros((*camera.size, 3), np.uint8) for camera in robot.cameras}
        with self._client as client:
            while not self.done.wait(0.1):
                try:
                    client.infer(Observation(images, np.zeros(robot.state_dim), "go", 0.0))
                except (RuntimeError, OSError, ValueError) as error:
                    self.failure = error
                    return
                self.answers += 1


def check(reply: bytes | str) -> None:
    """A finite answer, or one line."""
    if isinstance(reply, bytes):
        assert np.isfinite(wire.unpack(reply)[wire.ACTIONS]).all()
        return
    assert "internal error" not in reply
    assert 0 < len(reply) <= MAX_LINE
    assert reply.isprintable()


def test_strangers_get_one_line_and_a_robot_its_answers(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    policy = Policy.from_pretrained(TINY)
    with running(ServedPolicy(policy)) as port:
        robot = Robot(port)
        robot.start()
        for frame in frames(random.Random(SEED), policy.embodiment):
            with connect(f"ws://{HOST}:{port}", compression=None, max_size=None) as stranger:
                stranger.recv(timeout=30)
                stranger.send(frame)
                check(stranger.recv(timeout=30))
        robot.done.set()
        robot.join(30)
    assert robot.failure is None
    assert robot.answers > 3
    assert "Traceback" not in caplog.text
