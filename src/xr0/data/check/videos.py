"""Whether every video is there, is as long as its episodes, and opens at both of their ends."""

from __future__ import annotations

from pathlib import Path

import av
from av.error import FFmpegError

from xr0.data.check.findings import Findings
from xr0.data.check.survey import Survey, spread
from xr0.data.episode_table import Episode
from xr0.data.lerobot import LeRobotDataset

OPENED_EPISODES = 32
"""Evenly spaced episodes whose first and last pictures are decoded."""


def check_videos(seen: Survey, findings: Findings) -> None:
    """Errors for what is missing, unreadable or short: all files by their headers, some by their pictures."""
    dataset = seen.dataset
    broken: set[Path] = set()
    for path, (episode, needed) in _needed(seen.dataset).items():
        problem = _header_problem(path, needed)
        if problem:
            broken.add(path)
            findings.errors.append(f"{path}, episode {episode}: {problem}")
    for index in sorted(spread(len(dataset.episodes), OPENED_EPISODES)):
        episode = dataset.episodes[index]
        for camera in dataset.cameras if episode.length else ():
            if camera not in episode.videos or episode.videos[camera].path not in broken:
                problem = _open(dataset, episode, camera)
                if problem and problem not in findings.errors:
                    findings.errors.append(problem)


def _needed(dataset: LeRobotDataset) -> dict[Path, tuple[int, int]]:
    """Of each video file the last episode in it, and how many frames it must have."""
    needed: dict[Path, tuple[int, int]] = {}
    for episode in dataset.episodes:
        for span in episode.videos.values():
            frames = round(span.start_s * dataset.fps) + episode.length
            if frames > needed.get(span.path, (0, 0))[1]:
                needed[span.path] = episode.index, frames
    return needed


def _header_problem(path: Path, needed: int) -> str:
    """Why a file cannot hold so many frames; empty if it can."""
    if not path.is_file():
        return "the video file is missing"
    try:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            count = stream.frames or sum(packet.size > 0 for packet in container.demux(stream))
    except (FFmpegError, IndexError) as error:  # IndexError: a file without a video stream
        return f"not a readable video ({error})"
    return f"the video is short: it has {count} frames, its episodes need {needed}" if count < needed else ""


def _open(dataset: LeRobotDataset, episode: Episode, camera: str) -> str:
    """Why the first and the last picture of an episode cannot be had; empty if they can."""
    try:
        for frame in {0, episode.length - 1}:
            next(dataset.frames(episode, camera, [frame]))
    except (ValueError, OSError) as error:
        return str(error)
    return ""
