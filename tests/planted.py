"""A small LeRobot v2.1 set in which everything is right, to plant one problem in."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from xr0_robot.record.video import VideoFile

FPS, LENGTHS = 30, (90, 70, 80)
CAMERA = "observation.images.front"
JOINTS = ("shoulder_pan.pos", "shoulder_lift.pos", "elbow_flex.pos", "wrist_roll.pos")
NAMES = (*JOINTS, "gripper.pos")
DELAY = 2
"""Ticks from a command to its state."""


def columns(length: int, seed: int, names=NAMES) -> dict[str, np.ndarray]:
    """Smooth commands, a state that follows them; the last number is a gripper's stroke from 0 to 1."""
    rng = np.random.default_rng(seed)
    t = np.arange(-DELAY, length)[:, None] / FPS
    waves = [
        np.sin(2 * np.pi * rng.uniform(0.2, 0.8, len(names)) * t + rng.uniform(0, 6, len(names)))
        for _ in "ab"
    ]
    told = 0.4 * (waves[0] + waves[1])
    told[:, -1] = 0.5 + 0.5 * waves[0][:, -1]
    return {
        "observation.state": told[:length] + 1e-3 * rng.normal(size=(length, len(names))),
        "action": told[DELAY:],
        "timestamp": np.arange(length) / FPS,
        "task_index": np.zeros(length, dtype=np.int64),
    }


def write(root: Path, episodes: list[dict[str, np.ndarray]], names=NAMES, task="Tidy up.", fps=FPS) -> Path:
    """The set of these episodes, each with a video of its length."""
    vector = {"dtype": "float32", "shape": [len(names)], "names": list(names)}
    scalar = {"shape": [1], "names": None}
    features = {
        "observation.state": vector,
        "action": vector,
        CAMERA: {"dtype": "video", "shape": [32, 48, 3], "names": ["height", "width", "channels"]},
        "timestamp": scalar | {"dtype": "float32"},
        "task_index": scalar | {"dtype": "int64"},
        "episode_index": scalar | {"dtype": "int64"},
    }
    info = {"codebase_version": "v2.1", "robot_type": "toy", "fps": fps, "features": features}
    info |= {
        "total_episodes": len(episodes),
        "chunks_size": 1000,
        "data_path": "data/{episode_index:06d}.parquet",
    }
    info |= {"video_path": "videos/{video_key}/{episode_index:06d}.mp4"}
    (root / "meta").mkdir(parents=True)
    (root / "data").mkdir()
    (root / "videos" / CAMERA).mkdir(parents=True)
    (root / "meta/info.json").write_text(json.dumps(info))
    (root / "meta/tasks.jsonl").write_text(json.dumps({"task_index": 0, "task": task}))
    rows = []
    for index, episode in enumerate(episodes):
        length = len(episode["timestamp"])
        table = {name: list(values) for name, values in episode.items() if values.ndim == 2}
        table |= {name: values for name, values in episode.items() if values.ndim == 1}
        pq.write_table(
            pa.table(table | {"episode_index": [index] * length}), root / f"data/{index:06d}.parquet"
        )
        _write_video(root / f"videos/{CAMERA}/{index:06d}.mp4", length)
        rows.append(json.dumps({"episode_index": index, "tasks": [task], "length": length}))
    (root / "meta/episodes.jsonl").write_text("\n".join(rows))
    return root


def _write_video(path: Path, length: int) -> None:
    video = VideoFile(path, 32, 48, FPS)
    for tick in range(length):
        video.add(np.full((32, 48, 3), tick % 200, dtype=np.uint8))
    video.commit()
    video.close()


def make(root: Path, plant=lambda episodes: None, **how) -> Path:
    """The clean set, after `plant(episodes)` has changed it."""
    names = how.get("names", NAMES)
    episodes = [columns(length, seed, names) for seed, length in enumerate(LENGTHS)]
    plant(episodes)
    return write(root, episodes, **how)
