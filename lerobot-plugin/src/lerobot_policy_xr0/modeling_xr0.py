"""The policy: post-training's loss, and chunks that go on from what is committed.

A folder that LeRobot saves holds its own config.json and, as xr0/, a whole checkpoint: `xr0 serve
.../pretrained_model/xr0` serves it.
"""

from __future__ import annotations

import shutil
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from huggingface_hub import snapshot_download
from lerobot.configs import PreTrainedConfig
from lerobot.policies.pretrained import PreTrainedPolicy
from torch import Tensor, nn

from lerobot_policy_xr0.batches import inputs, pictures_of, size_of, state_of, task_of, training_batch
from lerobot_policy_xr0.configuration_xr0 import XR0Config
from lerobot_policy_xr0.start import for_acting, for_dataset
from xr0.checkpoints import folder as checkpoints
from xr0.checkpoints import start as starts
from xr0.checkpoints.folder import Checkpoint
from xr0.model.vla import VLA
from xr0.policy import Policy, Request
from xr0.recipes.expert import RULES
from xr0.train.distributed import to_device
from xr0.train.post_train import PostTrainStage
from xr0.transform.augment import Augmentation
from xr0_robot.types import Guide

FOLDER = "xr0"
"""Of the checkpoint, in a folder of LeRobot's."""

MODEL = "stage.vla."
"""What this module puts before the names of the model's tensors."""


class XR0Policy(PreTrainedPolicy):
    """dataset_meta: of the dataset that is trained on; without one the policy only acts. checkpoint: in place
    of the one that `config` names. dataset_stats are LeRobot's and not read: ours are per tick."""

    config_class = XR0Config
    name = "xr0"

    def __init__(
        self,
        config: XR0Config,
        dataset_stats: Mapping[str, Any] | None = None,
        dataset_meta: Any = None,
        checkpoint: Checkpoint | None = None,
    ) -> None:
        super().__init__(config)
        if checkpoint is None:
            if not config.checkpoint:
                raise ValueError("--policy.checkpoint: got none, expected a folder or a name on the hub")
            checkpoint = starts.load(config.checkpoint)
        trains = dataset_meta is not None
        checkpoint = (
            for_dataset(config, checkpoint, Path(dataset_meta.root))
            if trains
            else for_acting(config, checkpoint)
        )
        self.checkpoint = checkpoint
        (robot,) = checkpoint.robots.values()
        config.input_features = inputs(robot.embodiment)  # whatever else a dataset holds
        self.stage = PostTrainStage(checkpoint.vla, RULES[config.prefix], config.frequency)
        self._acting: Policy | None = None
        self._queue: deque[Tensor] = deque()

    @classmethod
    def from_pretrained(  # type: ignore[override]
        cls,
        pretrained_name_or_path: str | Path,
        *,
        config: PreTrainedConfig | None = None,
        revision: str | None = None,
        dataset_stats: Mapping[str, Any] | None = None,
        dataset_meta: Any = None,
        **hub: Any,
    ) -> XR0Policy:
        """From a folder that LeRobot saved, or a name on the hub. FileNotFoundError where it holds none."""
        folder = Path(pretrained_name_or_path)
        if not folder.is_dir():
            own = {
                name: value
                for name, value in hub.items()
                if name in ("token", "cache_dir", "local_files_only")
            }
            files = ["config.json", f"{FOLDER}/*"]
            folder = Path(
                snapshot_download(
                    str(pretrained_name_or_path), revision=revision, allow_patterns=files, **own
                )
            )
        if config is None:
            config = PreTrainedConfig.from_pretrained(folder)
        checkpoint = checkpoints.load(folder / FOLDER)
        return cls(config, dataset_stats, dataset_meta, checkpoint).to(config.device).eval()

    @property
    def vla(self) -> VLA:
        """The model."""
        return self.stage.vla

    def get_optim_params(self) -> list[nn.Parameter]:
        """What learns."""
        return [parameter for parameter in self.parameters() if parameter.requires_grad]

    def forward(self, batch: dict[str, Any]) -> tuple[Tensor, dict[str, float]]:
        """Post-training's loss (`PostTrainStage`), and the plain squared error of the velocity."""
        robot = next(iter(self.checkpoint.robots.values()))
        changes = Augmentation(self.config.colour) if self.training else None
        samples = training_batch(batch, robot, self.checkpoint.processor, changes)
        losses = self.stage(to_device(samples, self._device))
        return losses["loss"], {"error": losses["error"].item()}

    def reset(self) -> None:
        """Forget the rest of the chunk."""
        self._queue.clear()

    def select_action(self, batch: dict[str, Any]) -> Tensor:
        """The next command [b, native_dim]; a new chunk is asked for after n_action_steps of the last."""
        if not self._queue:
            chunk = self.predict_action_chunk(batch)
            self._queue.extend(chunk[:, : self.config.n_action_steps].unbind(1))
        return self._queue.popleft()

    def predict_action_chunk(
        self,
        batch: dict[str, Any],
        inference_delay: int = 0,
        prev_chunk_left_over: Tensor | None = None,
    ) -> Tensor:
        """Commands float32 [b, t, native_dim] in the robot's own numbers, from the observation's tick on.

        prev_chunk_left_over [n, native_dim]: what the robot will do of the last chunk, the first
        `inference_delay` of it for certain. A policy that was trained with a prefix continues those; another
        is led along all of it, as in real-time chunking (arXiv 2506.07339).
        """
        policy = self._policy()
        plan = _plan(prev_chunk_left_over)
        seeds = torch.randint(2**31 - 1, (size_of(batch),)).tolist()
        requests = [
            self._request(batch, i, seed, policy, inference_delay, plan) for i, seed in enumerate(seeds)
        ]
        chunks, _ = policy.infer_batch(requests)
        return torch.from_numpy(np.stack(chunks)).float().to(self._device)

    def supports_rtc(self) -> bool:
        """`predict_action_chunk` takes what is committed."""
        return True

    def train(self, mode: bool = True) -> XR0Policy:
        """What is kept for acting depends on weights that are going to change."""
        if mode:
            self._acting = None
        return super().train(mode)

    @property
    def _device(self) -> torch.device:
        return next(self.parameters()).device

    def _policy(self) -> Policy:
        if self._acting is None or self._acting.device != self._device:
            self._acting = Policy(self.checkpoint, device=self._device, steps=self.config.flow_steps)
        return self._acting

    def _request(
        self, batch: dict[str, Any], i: int, seed: int, policy: Policy, delay: int, plan: np.ndarray | None
    ) -> Request:
        images, state = pictures_of(batch, policy.embodiment, i), state_of(batch, i)
        prefix, guide = None, None
        if plan is not None and policy.max_prefix > 0:
            prefix = plan[: min(delay, policy.max_prefix)]
        elif plan is not None:
            rows = plan[: policy.action_horizon]
            guide = Guide(rows, min(delay, len(rows)), "gradient")
        return Request(images, state, task_of(batch, i), prefix, seed, guide)

    def _save_pretrained(self, save_directory: Path, state_dict: dict[str, Tensor] | None = None) -> None:
        """config.json and xr0/. state_dict: values that take the place of the module's, gathered by LeRobot
        from the processes that share it."""
        self.config._save_pretrained(save_directory)
        trained = {name.removeprefix(MODEL): value for name, value in (state_dict or {}).items()}
        shutil.rmtree(save_directory / FOLDER, ignore_errors=True)
        checkpoints.save(save_directory / FOLDER, self.checkpoint, trained or None)

    def _validate_peft_config(self, peft_config: Any) -> None:
        """Refused: what LeRobot saves then are the adapters, without statistics, contract or robot."""
        raise ValueError(
            "--peft: got adapters, expected none; `xr0 post-train --trainable lora` saves them merged"
        )


def _plan(left_over: Tensor | None) -> np.ndarray | None:
    """Commands float64 [n, native_dim], or None for none. LeRobot fills up with rows of zeros: those are no
    plan, and where a robot was told so much, to leave them out only makes the plan shorter."""
    if left_over is None:
        return None
    rows = left_over.cpu().double().numpy()
    told = np.flatnonzero(rows.any(axis=1))
    return rows[: told[-1] + 1] if len(told) else None
