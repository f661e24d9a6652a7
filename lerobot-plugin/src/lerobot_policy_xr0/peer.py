"""Any policy that LeRobot trained, behind our wire: our body, benchmarks and methods run it as they run ours.

python -m lerobot_policy_xr0.peer out/act/checkpoints/last/pretrained_model data/mine/meta/embodiment.json
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import tyro
from lerobot.configs import PreTrainedConfig
from lerobot.policies.factory import get_policy_class, make_pre_post_processors

from lerobot_policy_xr0.batches import inputs
from xr0.checkpoints import weights
from xr0.checkpoints.folder import read_json
from xr0.serve.adapter import request_of
from xr0.serve.dispatch import Question
from xr0.serve.server import HOST, PORT, Settings, serve
from xr0.transform.processor import view_of
from xr0_robot import wire
from xr0_robot.features import IMAGES, STATE
from xr0_robot.types import Embodiment, finite_vector

WEIGHTS = "model.safetensors"
"""In a folder of LeRobot's."""


class Peer:
    """What LeRobot saved in `folder`, for a robot that its dataset was recorded with.

    Each question is asked of a policy that was just reset, so that answers depend on the question alone; a
    chunk is what the policy then does without a further look: its `n_action_steps`. ValueError, one line, for
    a policy of another robot, or one that wants more than the present observation.
    """

    def __init__(self, folder: Path, embodiment: Embodiment) -> None:
        config = PreTrainedConfig.from_pretrained(folder)
        self.embodiment, self._name = embodiment, config.type
        if config.n_obs_steps != 1:
            raise ValueError(
                f"{folder}: looks back {config.n_obs_steps} observations, expected 1; train it with "
                "--policy.n_obs_steps=1"
            )
        _check(config, embodiment, folder)
        self._ticks = int(config.n_action_steps)  # type: ignore[attr-defined]
        self._policy = get_policy_class(config.type).from_pretrained(folder, config=config)
        device = {"device_processor": {"device": str(config.device)}}
        self._before, self._behind = make_pre_post_processors(
            config, str(folder), preprocessor_overrides=device, postprocessor_overrides={}
        )
        self._fingerprint = weights.fingerprint([folder / WEIGHTS])

    def metadata(self) -> Mapping[str, Any]:
        """The wire's keys."""
        return {
            wire.EMBODIMENT: self.embodiment.to_dict(),
            wire.ACTION_HORIZON: self._ticks,
            wire.MAX_PREFIX: 0,
            wire.CHECKPOINT: {"name": self._name, "fingerprint": self._fingerprint},
        }

    def warm_up(self, largest_batch: int) -> None:
        """A blank observation."""
        blank = {name: torch.zeros(feature.shape) for name, feature in inputs(self.embodiment).items()}
        self._chunk(blank, "warm up", 0)

    def read(self, request: dict[str, Any]) -> Question:
        """ValueError, one line, where it does not fit the robot."""
        asked = request_of(request)
        if asked.prefix is not None and len(asked.prefix) > 0:
            raise ValueError(f"prefix: got {len(asked.prefix)} ticks, a policy of LeRobot's continues none")
        if asked.guide is not None:
            raise ValueError("guide: got one, a policy of LeRobot's takes none")
        state = finite_vector("state", asked.state, self.embodiment.state_dim)
        seen: dict[str, torch.Tensor] = {STATE: torch.from_numpy(state).float()}
        for camera in self.embodiment.cameras:
            picture = torch.from_numpy(np.ascontiguousarray(view_of(asked.images, camera)))
            seen[IMAGES + camera.key] = picture.permute(2, 0, 1).float() / 255
        return Question(None, (seen, asked.instruction, asked.seed))

    def infer(self, questions: Sequence[Any]) -> list[dict[str, Any]]:
        """One after the other: LeRobot's generator is the process's."""
        return [self._answer(*question) for question in questions]

    def _answer(self, seen: Mapping[str, torch.Tensor], told: str, seed: int) -> dict[str, Any]:
        begun_s = time.perf_counter()
        chunk = self._chunk(seen, told, seed)
        return {
            wire.ACTIONS: chunk,
            wire.POLICY_TIMING: {wire.INFER_MS: 1e3 * (time.perf_counter() - begun_s)},
        }

    @torch.inference_mode()
    def _chunk(self, seen: Mapping[str, torch.Tensor], told: str, seed: int) -> np.ndarray:
        """Commands float32 [n_action_steps, native_dim]."""
        torch.manual_seed(seed)
        self._policy.reset()
        rows = []
        for _ in range(self._ticks):
            batch = {name: value[None] for name, value in seen.items()}
            told_action = self._policy.select_action(self._before({**batch, "task": [told]}))
            rows.append(self._behind(told_action)[0].cpu().numpy())
        return np.stack(rows).astype(np.float32)


def _check(config: PreTrainedConfig, embodiment: Embodiment, folder: Path) -> None:
    """ValueError where the policy reads or commands other numbers than the robot's."""
    wanted = {name: tuple(feature.shape) for name, feature in (config.input_features or {}).items()}
    known = {name: tuple(feature.shape) for name, feature in inputs(embodiment).items()}
    alien = {name: shape for name, shape in wanted.items() if known.get(name) != shape}
    if alien:
        raise ValueError(f"{folder}: reads {alien}, robot {embodiment.name} has {known}")
    action = config.action_feature
    if action is None or tuple(action.shape) != (embodiment.native_dim,):
        got = None if action is None else tuple(action.shape)
        raise ValueError(
            f"{folder}: commands {got}, robot {embodiment.name} takes ({embodiment.native_dim},)"
        )


def main(folder: Path, robot: Path, /, host: str = HOST, port: int = PORT, threads: int = 1) -> None:
    """Serve it.

    Args:
        folder: of a policy that LeRobot saved (pretrained_model).
        robot: the Embodiment of its dataset as JSON: meta/embodiment.json, or what `xr0 data robot` drafts.
        host: address to listen on.
        port: 0 takes a free one and prints it.
        threads: of PyTorch, on a CPU.
    """
    torch.set_num_threads(threads)
    serve(Peer(folder, Embodiment.from_dict(read_json(robot), str(robot))), Settings(host, port))


if __name__ == "__main__":
    tyro.cli(main)
