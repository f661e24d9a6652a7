"""The stock client of vla-eval against docs/vla_eval_server.py, in front of a served checkpoint."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import anyio
import numpy as np
import pytest
import released_folder
from served import HOST, running
from vla_eval.connection import Connection
from vla_eval.model_servers.serve import serve_async

from xr0.policy import Policy
from xr0.serve.adapter import ServedPolicy
from xr0_robot.client import Client
from xr0_robot.types import Observation

ROWS = 10
"""Of the released LIBERO checkpoint's chunks."""

RNG = np.random.default_rng(0)
DRAWN = {key: RNG.integers(0, 255, (256, 256, 3)).astype(np.uint8) for key in ("base", "wrist_left")}
STATE = np.array([0.1, 0.0, 0.2, 3.1, 0.0, 0.1, 0.04, -0.04])
SENTENCE = "pick up the butter"


@pytest.fixture(scope="module")
def example() -> ModuleType:
    path = Path(__file__).parents[2] / "docs/vla_eval_server.py"
    spec = importlib.util.spec_from_file_location("vla_eval_server", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["vla_eval_server"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    folder = tmp_path_factory.mktemp("vla_eval") / "libero"
    return Policy.from_pretrained(released_folder.released(folder, {"libero_all": ROWS}))


def asked(example: ModuleType, url: str, observations: list[dict[str, Any]], **arguments: Any) -> list[Any]:
    """Each observation's action, by the stock client."""

    async def run() -> list[Any]:
        async with anyio.create_task_group() as group:
            port = await group.start(serve_async, example.XR0ModelServer(url, **arguments), HOST, 0)
            async with Connection(f"ws://{HOST}:{port}") as connection:
                await connection.start_episode({"task": {"name": "butter"}})
                actions = [(await connection.act(seen))["actions"] for seen in observations]
            group.cancel_scope.cancel()
        return actions

    return anyio.run(run)


def test_a_chunk_is_executed_row_by_row_and_then_asked_for_anew(example: ModuleType, policy: Policy) -> None:
    upright = {"agentview": DRAWN["base"][::-1, ::-1], "wrist": DRAWN["wrist_left"][::-1, ::-1]}
    seen = {"images": upright, "states": STATE, "task_description": SENTENCE}
    with running(ServedPolicy(policy)) as port:
        url = f"ws://{HOST}:{port}"
        with Client(url) as client:
            told = Observation(DRAWN, STATE, SENTENCE, 0.0)
            chunks = [client.infer(told, seed=step).actions for step in (0, 4)]
        actions = asked(example, url, [seen] * 5, chunk_size=4)
    np.testing.assert_allclose(actions[:4], chunks[0][:4], rtol=1e-6)
    np.testing.assert_allclose(actions[4], chunks[1][0], rtol=1e-6)


def test_a_view_or_a_state_that_is_missing_is_said(example: ModuleType, policy: Policy) -> None:
    with running(ServedPolicy(policy)) as port:
        server = example.XR0ModelServer(f"ws://{HOST}:{port}")
        with pytest.raises(ValueError, match="got 1 pictures and no state, expected 2 and a state"):
            server.predict({"images": {"agentview": DRAWN["base"]}}, None)
        assert server.chunk_size == ROWS
        assert server.get_observation_params() == {"send_state": True, "send_wrist_image": True}
