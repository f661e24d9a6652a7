"""A served checkpoint under vla-eval, a harness of many benchmarks: its model server, which asks ours.

    xr0 serve XiaomiRobotics/Xiaomi-Robotics-0-LIBERO --port 8001
    pip install vla-eval ./robot
    python docs/vla_eval_server.py --args.url ws://127.0.0.1:8001 --port 8000
    vla-eval run ...

Written for vla-eval 0.8 (protocol version 1).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from vla_eval.model_servers.base import SessionContext
from vla_eval.model_servers.predict import PredictModelServer
from vla_eval.model_servers.serve import run_server
from vla_eval.specs import IMAGE_RGB, LANGUAGE, RAW, DimSpec

from xr0_robot.client import Client
from xr0_robot.types import Camera, Observation


class XR0ModelServer(PredictModelServer):
    """One policy server behind any number of simulators, which take turns."""

    def __init__(self, url: str, chunk_size: int | None = None, **kwargs: Any) -> None:
        """url: of `xr0 serve`; chunk_size: actions of a chunk that are executed, all of them where None."""
        self._client = Client(url)
        super().__init__(chunk_size=chunk_size or self._client.action_horizon, **kwargs)

    def get_observation_params(self) -> dict[str, Any]:
        """What the simulator has to send."""
        return {"send_state": True, "send_wrist_image": len(self._client.embodiment.cameras) > 1}

    def get_observation_spec(self) -> dict[str, DimSpec]:
        """Pictures, state and sentence, as the benchmark has them."""
        return {"image": IMAGE_RGB, "state": RAW, "language": LANGUAGE}

    def get_action_spec(self) -> dict[str, DimSpec]:
        """The robot's own numbers."""
        return {"actions": RAW}

    def predict(self, obs: dict[str, Any], ctx: SessionContext) -> dict[str, Any]:
        """A chunk [action_horizon, native_dim]. ValueError where a view or the state is missing."""
        cameras, pictures = self._client.embodiment.cameras, list(obs.get("images", {}).values())
        state = obs.get("states", obs.get("state"))
        if len(pictures) < len(cameras) or state is None:
            raise ValueError(
                f"vla-eval: got {len(pictures)} pictures and {'no' if state is None else 'a'} state, "
                f"expected {len(cameras)} and a state"
            )
        images = {camera.key: as_drawn(p, camera) for camera, p in zip(cameras, pictures, strict=False)}
        told = Observation(images, np.asarray(state, np.float64), obs["task_description"], time_s=0.0)
        return {"actions": self._client.infer(told, seed=ctx.step).actions}


def as_drawn(picture: np.ndarray, camera: Camera) -> np.ndarray:
    """vla-eval turns pictures upright; our server does so itself, and is sent what the simulator drew."""
    return np.ascontiguousarray(np.rot90(picture, -camera.rotate // 90))


if __name__ == "__main__":
    run_server(XR0ModelServer)
