"""Windows of episodes: at any frame, the state and the chunk of actions that starts there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xr0.data.lerobot import LeRobotDataset
from xr0_robot.features import ACTION, STATE


@dataclass(frozen=True)
class Windows:
    """n windows of T ticks in the robot's own units. pad marks ticks behind the episode's end, where the last
    action is repeated."""

    episode: np.ndarray
    frame: np.ndarray
    state: np.ndarray
    actions: np.ndarray
    pad: np.ndarray
    tasks: tuple[str, ...]


@dataclass(frozen=True)
class Episodes:
    """All numbers of a dataset, float32; episode e is rows start[e] to start[e + 1].

    state [f, state_dim], action [f, native_dim], task_index [f].
    """

    start: np.ndarray
    state: np.ndarray
    action: np.ndarray
    task_index: np.ndarray
    tasks: tuple[str, ...]

    @staticmethod
    def load(dataset: LeRobotDataset) -> Episodes:
        """Read them; ValueError if a number is missing, NaN or infinite."""
        names = [STATE, ACTION, "task_index"]
        columns = dataset.columns(names)
        for episode, part in zip(dataset.episodes, columns, strict=True):
            for name, values in part.items():
                if not np.isfinite(values).all():
                    row = int(np.argwhere(~np.isfinite(values))[0, 0])
                    raise ValueError(
                        f"{episode.data_path}, episode {episode.index}, frame {row}: {name} is not finite"
                    )
        whole = {name: np.concatenate([part[name] for part in columns]) for name in names}
        task_index = whole["task_index"][:, 0]
        if task_index.min() < 0 or task_index.max() >= len(dataset.tasks):
            raise ValueError(
                f"dataset {dataset.root}: got task indices from {task_index.min()} to {task_index.max()}, "
                f"there are {len(dataset.tasks)} tasks"
            )
        start = np.cumsum([0, *(episode.length for episode in dataset.episodes)])
        return Episodes(start, whole[STATE], whole[ACTION], task_index, dataset.tasks)

    def __len__(self) -> int:
        return len(self.start) - 1

    def windows(self, episode: np.ndarray, frame: np.ndarray, horizon: int) -> Windows:
        """The windows of `horizon` ticks at (episode[k], frame[k]); they never cross an episode's end."""
        episode, frame = np.asarray(episode), np.asarray(frame)
        if ((episode < 0) | (episode >= len(self))).any():
            raise ValueError(
                f"windows: got episodes {episode.min()} to {episode.max()}, there are {len(self)}"
            )
        first, end = self.start[episode] + frame, self.start[episode + 1]
        if ((frame < 0) | (first >= end)).any():
            raise ValueError("windows: got a frame outside of its episode")
        ticks = first[:, None] + np.arange(horizon)
        rows = np.minimum(ticks, end[:, None] - 1)
        return Windows(
            episode=episode,
            frame=frame,
            state=self.state[first],
            actions=self.action[rows],
            pad=ticks >= end[:, None],
            tasks=tuple(self.tasks[k] for k in self.task_index[first]),
        )
