"""A correction head beside the robot reads what a served policy leaves for it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from served import HOST, running
from websockets.sync.client import connect

from xr0.serve.dispatch import Question
from xr0_robot import wire
from xr0_robot.client import Client, ServerError
from xr0_robot.executor.corrected import Corrected
from xr0_robot.executor.inference import VirtualInference
from xr0_robot.executor.loop import Executor
from xr0_robot.executor.methods import A2C2
from xr0_robot.executor.safety import Safety
from xr0_robot.robots.mock import LIMITS, MOCK, MockEnv
from xr0_robot.types import Chunk, Observation

HORIZON = 12


class Featured:
    """Answers with where the robot is; the features are 0.001 for each row."""

    def __init__(self, features: np.ndarray) -> None:
        self.features = features

    def metadata(self) -> dict[str, Any]:
        about = {wire.EMBODIMENT: MOCK.to_dict(), wire.ACTION_HORIZON: HORIZON, wire.MAX_PREFIX: 3}
        return {**about, wire.CONTRACT: {}, wire.CHECKPOINT: {}, wire.FEATURES: True}

    def warm_up(self, largest_batch: int) -> None:
        pass

    def read(self, request: dict[str, Any]) -> Question:
        return Question(None, request[wire.STATE])

    def infer(self, questions: Sequence[np.ndarray]) -> list[dict[str, Any]]:
        chunks = [np.repeat(state[None], HORIZON, axis=0).astype(np.float32) for state in questions]
        return [{wire.ACTIONS: chunk, wire.FEATURES: self.features} for chunk in chunks]


def lifted(observation: Observation, chunk: Chunk, row: int, command: np.ndarray) -> np.ndarray:
    assert chunk.features is not None
    return command + chunk.features[row] * np.eye(7)[2]


def test_every_command_is_corrected_by_the_features_of_a_served_policy() -> None:
    features, env = np.arange(HORIZON, dtype=np.float32) / 1000, MockEnv()
    with running(Featured(features)) as port, Client(f"ws://{HOST}:{port}") as client:
        policy = Corrected(client, lifted)
        executor = Executor(VirtualInference(policy, 0.0), A2C2(), Safety(MOCK, LIMITS), env.state(), 0)
        ticks = [executor.tick(k / 30, lambda k=k: env.observe("go", k / 30)) for k in range(10)]
    height = [tick.command[2] - env.state()[2] for tick in ticks]
    assert height == pytest.approx(np.arange(10) / 1000, abs=1e-6)


def test_who_does_not_ask_gets_the_answer_that_it_always_got() -> None:
    with running(Featured(np.ones(3, np.float32))) as port, connect(f"ws://{HOST}:{port}") as robot:
        wire.unpack(robot.recv(timeout=10, decode=False))
        answers = []
        for asked in ({}, {wire.FEATURES: True}):
            robot.send(wire.pack({wire.STATE: np.zeros(7), wire.PROMPT: "go", **asked}))
            answers.append(wire.unpack(robot.recv(timeout=10, decode=False)))
    assert wire.FEATURES not in answers[0] and answers[1][wire.FEATURES].tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    "features, message",
    [
        (np.zeros(wire.MAX_FEATURES + 1, np.float32), "got 65537 features, expected at most 65536"),
        (np.zeros(3, np.int64), "got features ndarray, expected an array of floats"),
    ],
)
def test_features_that_are_none_are_refused_in_one_line(features: np.ndarray, message: str) -> None:
    with (
        running(Featured(features)) as port,
        Client(f"ws://{HOST}:{port}") as client,
        pytest.raises(ServerError, match=message),
    ):
        client.infer(MockEnv().observe("go", 0.0))
