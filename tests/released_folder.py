"""A small folder in the released layout, as a released checkpoint looks from outside."""

import json
from functools import cache
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from xr0.checkpoints import contracts, convert, tensors
from xr0.checkpoints import folder as checkpoint
from xr0.config import CAUSAL
from xr0.model.vla import VLA
from xr0.sizes import TINY_IMAGES, tiny_model
from xr0.transform import tokenizer
from xr0.transform.normalize import Stats
from xr0.transform.processor import Processor
from xr0_robot.sims.bricks.embodiment import BRICKS

SLOTS = 7
VIEW = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)


@cache
def untrained() -> checkpoint.Checkpoint:
    """What is saved again and again, and changed by nobody."""
    learned = tokenizer.train(["Put the red brick in the left bin."], 300)
    torch.manual_seed(0)
    vla = VLA(tiny_model(learned.get_vocab_size(), tokenizer.special_ids(learned)))
    std = np.zeros((30, 32), np.float32)
    std[:, :SLOTS] = 0.1
    mean, size = np.full((30, 32), 0.01, np.float32), np.linspace(0.5, 2.0, 32, dtype=np.float32)
    stats = Stats(mean, std, np.zeros(32, np.float32), size, "made up")
    processor = Processor(learned, TINY_IMAGES)
    robots = {BRICKS.name: checkpoint.Robot(BRICKS, stats)}
    return checkpoint.Checkpoint(vla, processor, robots, CAUSAL, "", "")


def own(folder: Path) -> Path:
    """A checkpoint of this project, untrained."""
    checkpoint.save(folder, untrained())
    return folder


def table(horizon: int) -> dict[str, list]:
    """Mean and std of a robot type that uses seven slots."""
    std = np.full((horizon, 32), 1e-6)
    std[:, :SLOTS] = np.linspace(0.1, 0.7, SLOTS)
    return {"mean": np.full((horizon, 32), 0.25).tolist(), "std": std.tolist()}


def released(
    folder: Path, types: dict[str, int], dtype: torch.dtype = torch.float32, shards: int = 1
) -> Path:
    """What a release holds: no entry of ours, robot types with their horizons."""
    mine = own(folder.parent / f"{folder.name}-own")
    convert.to_official(mine, folder)
    path = folder / "config.json"
    config = {k: v for k, v in json.loads(path.read_text()).items() if k != contracts.EXTRA}
    path.write_text(json.dumps(config, indent=3))
    path = folder / "preprocessor_config.json"
    preprocessor = json.loads(path.read_text())
    preprocessor["action_config"] = {name: table(horizon) for name, horizon in types.items()}
    path.write_text(json.dumps(preprocessor))
    values = {name: value.to(dtype) for name, value in load_file(folder / tensors.SINGLE).items()}
    (folder / tensors.SINGLE).unlink()
    if shards == 1:
        save_file(values, folder / tensors.SINGLE)
        return folder
    names = sorted(values)
    files = [f"model-{k + 1:05d}-of-{shards:05d}.safetensors" for k in range(shards)]
    for k, file in enumerate(files):
        save_file({name: values[name] for name in names[k::shards]}, folder / file)
    places = {name: files[i % shards] for i, name in enumerate(names)}
    (folder / tensors.INDEX).write_text(json.dumps({"metadata": {}, "weight_map": places}))
    return folder
