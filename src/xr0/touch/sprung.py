"""The second simulator, sprung spheres in MuJoCo, in a process of the body: the brain imports no simulator.

Nothing is trained on it. xr0_robot.touch.bench.sprung_server, which that process runs, defines the messages.
"""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from xr0.touch.foundation import Grasps
from xr0_robot import wire
from xr0_robot.touch.sensor.shapes import Shape

BODY = (sys.executable, "-m", "xr0_robot.touch.bench.sprung_server")
"""The body's process, in this environment."""


class SprungPhysics:
    """A `physics.Physics`: episode k is felt by the sprung pads of seeds[k]."""

    def __init__(self, process: subprocess.Popen[bytes], seeds: Sequence[int]) -> None:
        self._process = process
        self._seeds = np.array(seeds)

    def grasp(
        self, episodes: np.ndarray, shapes: Sequence[Shape], poses: np.ndarray, force_n: np.ndarray
    ) -> Grasps:
        """Physics.grasp; RuntimeError if the body's process ended."""
        request = wire.pack(
            {
                "seeds": self._seeds[episodes],
                "shapes": [json.dumps(shape.to_dict()) for shape in shapes],
                "poses": poses,
                "forces": force_n,
            }
        )
        requests, answers = self._process.stdin, self._process.stdout
        assert requests is not None and answers is not None  # Popen was told to make them
        try:
            requests.write(struct.pack("<I", len(request)) + request)
            requests.flush()
        except BrokenPipeError as error:
            raise RuntimeError("the second simulator's process ended, see its message above") from error
        head = answers.read(4)
        if len(head) < 4:
            raise RuntimeError("the second simulator's process ended, see its message above")
        answer = wire.unpack(answers.read(struct.unpack("<I", head)[0]))
        return Grasps(answer["forces"].astype(np.float32), answer["joints"])


@contextmanager
def sprung_physics(seeds: Sequence[int]) -> Iterator[SprungPhysics]:
    """A process with the sprung pads of these seeds; it ends on leaving."""
    with subprocess.Popen(BODY, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            yield SprungPhysics(process, seeds)
        finally:
            if process.stdin is not None:
                process.stdin.close()
            process.kill()
