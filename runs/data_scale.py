"""What a dataset's length costs: 100 hours x 3 cameras against 1 hour, written and measured here.

    python runs/data_scale.py WORK_FOLDER [--json results/recipe/data_scale.json]

Metadata and numbers are real, 14 joints at 30 Hz in LeRobot's v3.0 layout; one video
is recorded and linked as often as cameras and episodes need it. Needs 4 GB in WORK_FOLDER.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from xr0.checkpoints import folder
from xr0.data.loader import ahead
from xr0.data.samples import Samples
from xr0.data.slices import Slices
from xr0.data.source import Source
from xr0.data.stats import summaries
from xr0.types import Batch
from xr0_robot import report
from xr0_robot.record import lerobot_format as lerobot
from xr0_robot.types import Camera, Embodiment, Segment

RATE_HZ, JOINTS, HEIGHT, WIDTH, HORIZON = 30, 14, 480, 640, 30
EPISODE_S, EPISODES_PER_VIDEO, EPISODES_PER_FILE = 10, 2, 360
HOURS = (1, 100)
BATCH, BATCHES = 8, 6
KEEP_EVERY = 60
"""Of the 1 hour's pictures, to compare reading kept ones with decoding."""

ROBOT = Embodiment(
    "synthetic",
    float(RATE_HZ),
    tuple(Camera(key, f"{key} view", HEIGHT, WIDTH) for key in ("top", "left", "right")),
    (Segment("joints", "plain", "chunk_start", native=0, model=0, size=JOINTS),),
    32,
    "base",
    "none",
)
FEATURES: dict[str, dict[str, Any]] = {
    **{
        name: lerobot.vector_feature([f"joint_{k}" for k in range(JOINTS)])
        for name in ("observation.state", "action")
    },
    **{
        f"observation.images.{c.key}": {"dtype": "video", "shape": [*c.size, 3], "names": None}
        for c in ROBOT.cameras
    },
    **lerobot.INDEX_FEATURES,
}


def write(root: Path, hours: int) -> None:
    """The dataset; `meta/info.json` comes last."""
    episodes, length = hours * 3600 // EPISODE_S, EPISODE_S * RATE_HZ
    schema = lerobot.data_schema(FEATURES)
    rng = np.random.default_rng(0)
    for number in range(-(-episodes // EPISODES_PER_FILE)):
        first = number * EPISODES_PER_FILE
        here = min(EPISODES_PER_FILE, episodes - first)
        steps = rng.normal(scale=0.01, size=(here, length + 1, JOINTS)).astype(np.float32)
        joints = np.cumsum(steps, axis=1, dtype=np.float32)
        index = np.tile(np.arange(length), here)
        columns = {
            "observation.state": vectors(joints[:, :-1]),
            "action": vectors(joints[:, 1:]),
            "timestamp": (index / RATE_HZ).astype(np.float32),
            "frame_index": index,
            "episode_index": np.repeat(np.arange(first, first + here), length),
            "index": first * length + np.arange(here * length),
            "task_index": np.zeros(here * length, np.int64),
        }
        path = root / lerobot.DATA_PATH.format(**lerobot.file_place(number))
        path.parent.mkdir(parents=True, exist_ok=True)
        table = pa.table({name: columns[name] for name in schema.names}, schema=schema)
        pq.write_table(table, path, use_dictionary=False, compression="none")
    number = np.arange(episodes)
    rows: dict[str, Any] = {"episode_index": number, "length": np.full(episodes, length)}
    rows |= {"tasks": [["move"]] * episodes}
    rows |= {f"data/{k}": v for k, v in lerobot.file_place(number // EPISODES_PER_FILE).items()}
    film = root.parent / "film.mp4"
    if not film.exists():
        record(film)
    for camera in ROBOT.cameras:
        name = f"observation.images.{camera.key}"
        link_videos(film, root, name, -(-episodes // EPISODES_PER_VIDEO))
        rows |= {f"videos/{name}/{k}": v for k, v in lerobot.file_place(number // EPISODES_PER_VIDEO).items()}
        rows[f"videos/{name}/from_timestamp"] = (number % EPISODES_PER_VIDEO) * float(EPISODE_S)
    path = root / lerobot.EPISODES_PATH
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(rows), path)
    lerobot.write_tasks(root, ["move"])
    lerobot.write_json(root / lerobot.EMBODIMENT_PATH, ROBOT.to_dict())
    info = {"codebase_version": "v3.0", "fps": RATE_HZ, "features": FEATURES, "total_episodes": episodes}
    info |= {"data_path": lerobot.DATA_PATH, "video_path": lerobot.VIDEO_PATH, "robot_type": ROBOT.name}
    lerobot.write_json(root / lerobot.INFO_PATH, info)


def vectors(values: np.ndarray) -> pa.Array:
    """[..., JOINTS] as a column of vectors."""
    return pa.FixedSizeListArray.from_arrays(values.reshape(-1), JOINTS)


def link_videos(film: Path, root: Path, name: str, count: int) -> None:
    """`film` under the names of a camera's first `count` videos."""
    for number in range(count):
        path = root / lerobot.VIDEO_PATH.format(video_key=name, **lerobot.file_place(number))
        path.parent.mkdir(parents=True, exist_ok=True)
        os.link(film, path)


def record(path: Path) -> None:
    """A moving pattern, h264 with a keyframe each second."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE_HZ, options={"preset": "ultrafast", "g": "30"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for tick in range(EPISODES_PER_VIDEO * EPISODE_S * RATE_HZ):
            grey = ((x + 3 * tick) ^ (y + tick)).astype(np.uint8)
            frame = av.VideoFrame.from_ndarray(np.stack([grey, grey, 255 - grey], axis=-1), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def memory_mb(pid: int | str) -> dict[str, float]:
    """Peak of all resident pages, and what is not a file's pages now."""
    lines = dict(line.split(":") for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return {
        "peak": round(int(lines["VmHWM"].split()[0]) / 1024, 1),
        "anonymous": round(int(lines["RssAnon"].split()[0]) / 1024, 1),
    }


def measure(root: Path, keep: bool) -> dict[str, Any]:
    """Start-up, drawing and memory of this process, and of a worker."""
    processor = folder.load(Path(__file__).parents[1] / "checkpoints/tiny").processor
    base = memory_mb("self")
    seconds: dict[str, float] = {}

    def timed(what: str, do: Callable[[], Any]) -> Any:
        began = time.monotonic()
        done = do()
        seconds[what] = round(time.monotonic() - began, 2)
        return done

    source = timed("open", lambda: Source.open(root, HORIZON))
    if keep:
        source = timed("keep", lambda: source.keeping(processor.spec, KEEP_EVERY, workers=2))
    found = timed("statistics", lambda: summaries([source]))
    samples = Samples.of([source], {n: s.stats for n, s in found.items()}, processor, seed=0)
    slices = Slices(BATCH)

    def batch(k: int) -> Batch:
        return samples.batch([samples.place(i) for i in slices.indices(k).tolist()], k)

    began = time.monotonic()
    for k in range(BATCHES):
        batch(k)
    rate = BATCH * BATCHES / (time.monotonic() - began)
    batches = ahead(lambda k: (batch(k), memory_mb("self")), 0, BATCHES, 1)
    *_, (_, worker) = batches
    return {
        "seconds": seconds,
        "samples_per_second_per_worker": round(rate, 1),
        "memory_mb": {"before_data": base, "training_process": memory_mb("self"), "worker": worker},
    }


def run(work: Path, hours: int, keep: bool) -> dict[str, Any]:
    """`measure` in a process of its own."""
    environment = os.environ | {"XR0_CACHE": str(work / f"cache-{hours}")}
    command = [sys.executable, __file__, str(work), "--measure", str(work / f"{hours}h"), *["--keep"] * keep]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Write, measure cold and warm, and once with kept pictures."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("work", type=Path)
    parser.add_argument("--json", type=Path, default=Path("results/recipe/data_scale.json"))
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--keep", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        print(json.dumps(measure(given.measure, given.keep)))
        return
    given.json.parent.mkdir(parents=True, exist_ok=True)
    results: dict[str, Any] = {"cameras": len(ROBOT.cameras), "picture": [HEIGHT, WIDTH], "batch": BATCH}
    results |= {"written": report.now(), "code": report.code(), "machine": report.machine()}
    results |= {"versions": report.versions()}
    for hours in HOURS:
        if not (given.work / f"{hours}h" / lerobot.INFO_PATH).exists():
            write(given.work / f"{hours}h", hours)
        for cache in ("cold", "warm"):
            results[f"{hours} h, {cache}"] = run(given.work, hours, False)
            given.json.write_text(json.dumps(results, indent=1) + "\n")
    results[f"{HOURS[0]} h, every {KEEP_EVERY}-th picture kept"] = run(given.work, HOURS[0], True)
    given.json.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
