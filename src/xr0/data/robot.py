"""Robot data ready for training: frames, sentence, state and action chunk of every sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from xr0.data import stats as data_stats
from xr0.data.collate import pad_rows
from xr0.data.episodes import Episodes, Windows
from xr0.data.frames import FrameStore
from xr0.data.lerobot import LeRobotDataset
from xr0.data.mixture import draw
from xr0.data.source import read_embodiment
from xr0.data.split import SPLIT_SEED, VALIDATION_SHARE, split_episodes
from xr0.transform.actions import encode_actions, encode_state
from xr0.transform.normalize import Stats
from xr0.transform.processor import Processor
from xr0.transform.prompt import action_prompt
from xr0.transform.tokenizer import padding_id
from xr0.types import Batch
from xr0_robot.features import IMAGES
from xr0_robot.types import Embodiment

RATE_TOLERANCE_HZ = 0.01
"""Between a dataset's frames and a robot's ticks."""


@dataclass(frozen=True)
class RobotData:
    """n samples: frames and windows in step, plus the normalised state [n, 1, s] and actions [n, t, d]."""

    dataset: LeRobotDataset
    embodiment: Embodiment
    frames: FrameStore
    windows: Windows
    stats: Stats
    state: np.ndarray
    actions: np.ndarray
    training: np.ndarray
    validation: np.ndarray

    @staticmethod
    def load(root: Path, cache: Path, stride: int, horizon: int, workers: int) -> RobotData:
        """Open a LeRobot dataset that carries meta/embodiment.json; frames are decoded once into `cache`."""
        dataset = LeRobotDataset.open(root)
        embodiment = read_embodiment(root)
        frames = FrameStore.build(dataset, cache, stride, workers)
        windows = Episodes.load(dataset).windows(frames.episode, frames.frame, horizon)
        _check_fit(dataset, windows, embodiment)
        windows = staying(windows, embodiment)
        state = encode_state(windows.state.astype(np.float64), embodiment)
        actions = encode_actions(
            windows.actions.astype(np.float64), windows.state.astype(np.float64), embodiment
        )
        stats = data_stats.statistics(actions, windows.pad, state, dataset.fingerprint())
        if len(dataset.episodes) < 2:
            raise ValueError(f"dataset {root}: got 1 episode, expected at least 2: one is held out")
        share = max(VALIDATION_SHARE, 1.0 / len(dataset.episodes))
        train, held = split_episodes(len(dataset.episodes), share, SPLIT_SEED)
        return RobotData(
            dataset,
            embodiment,
            frames,
            windows,
            stats,
            stats.normalize_state(state)[:, None],
            stats.normalize_actions(actions),
            np.flatnonzero(np.isin(windows.episode, train)),
            np.flatnonzero(np.isin(windows.episode, held)),
        )

    def training_only(self, weight: np.ndarray) -> np.ndarray:
        """`weight` [n], how often each sample is drawn, with 0 for validation samples."""
        return np.where(np.isin(np.arange(len(weight)), self.validation), 0.0, weight)

    def held_out(self, weight: np.ndarray, count: int) -> np.ndarray:
        """`count` validation samples, drawn by `weight` [n] as training samples are, the same each time."""
        weight = np.where(np.isin(np.arange(len(weight)), self.training), 0.0, weight)
        return draw(weight, count, seed=0, step=0, rank=0)

    def instructions(self, indices: np.ndarray) -> list[str]:
        """Sentences of samples."""
        return [self.windows.tasks[i] for i in indices]

    def prompts(self, titles: Sequence[str]) -> list[str]:
        """The action prompt of every task, without its views' tokens."""
        return [action_prompt(titles, [0] * len(titles), task) for task in self.dataset.tasks]

    def batch(
        self,
        indices: np.ndarray,
        instructions: Sequence[str],
        processor: Processor,
        seed: int = 0,
        step: int = 0,
        rank: int = 0,
    ) -> Batch:
        """Samples as one batch, told `instructions`. Behind an episode's end the demonstration is to stay.

        Its seeds are a pure function of (seed, step, rank).
        """
        rows = [
            processor.action(self._images(i), instruction, self.embodiment)
            for i, instruction in zip(indices.tolist(), instructions, strict=True)
        ]
        actions = torch.from_numpy(self.actions[indices])
        own, shared = np.random.default_rng([seed, step, rank]), np.random.default_rng([seed, step])
        return Batch(
            vlm=pad_rows(rows, padding_id(processor.tokenizer)),
            state=torch.from_numpy(self.state[indices]),
            actions=actions,
            action_mask=torch.from_numpy(self.stats.mask).expand(len(indices), -1, -1).clone(),
            seeds=torch.from_numpy(own.integers(2**63, size=len(indices))),
            shared_seed=torch.tensor(shared.integers(2**63)),
            origin=tuple(self._origin(i) for i in indices.tolist()),
        )

    def column(self, name: str) -> np.ndarray:
        """A recorded number per sample, float32 [n, size]; ValueError if it was not recorded."""
        if name not in self.dataset.features:
            raise ValueError(f"dataset {self.dataset.root}: no {name}, got {sorted(self.dataset.features)}")
        columns = self.dataset.columns([name])
        parts = {e.index: c[name] for e, c in zip(self.dataset.episodes, columns, strict=True)}
        pairs = zip(self.windows.episode.tolist(), self.windows.frame.tolist(), strict=True)
        return np.stack([parts[episode][frame] for episode, frame in pairs])

    def last_commands(self) -> np.ndarray:
        """The last command of each sample's episode, float32 [n, native]: where the work ends."""
        last = np.stack([part["action"][-1] for part in self.dataset.columns(["action"])])
        place = {episode.index: k for k, episode in enumerate(self.dataset.episodes)}
        return last[[place[index] for index in self.windows.episode.tolist()]]

    def _origin(self, index: int) -> str:
        episode, frame = self.windows.episode[index], self.windows.frame[index]
        return f"{self.dataset.root.name}, episode {episode}, frame {frame}"

    def _images(self, index: int) -> dict[str, np.ndarray]:
        return {
            camera.key: self.frames.images(IMAGES + camera.key, index) for camera in self.embodiment.cameras
        }


def staying(windows: Windows, embodiment: Embodiment) -> Windows:
    """The same windows, with the command to stay behind an episode's end."""
    held = embodiment.hold(windows.actions)
    return replace(windows, actions=np.where(windows.pad[..., None], held, windows.actions))


def _check_fit(dataset: LeRobotDataset, windows: Windows, embodiment: Embodiment) -> None:
    """ValueError where the numbers or the rate of a dataset are not those of the robot."""
    pairs = (
        ("state", windows.state, embodiment.state_dim),
        ("action", windows.actions, embodiment.native_dim),
    )
    for name, array, expected in pairs:
        if array.shape[-1] != expected:
            raise ValueError(
                f"dataset {dataset.root}: {name} has {array.shape[-1]} numbers, embodiment "
                f"{embodiment.name} has {expected}"
            )
    if abs(dataset.fps - embodiment.rate_hz) > RATE_TOLERANCE_HZ:
        raise ValueError(
            f"dataset {dataset.root}: recorded at {dataset.fps:g} Hz, embodiment {embodiment.name} runs at "
            f"{embodiment.rate_hz:g} Hz"
        )
