"""Complete named runs of the tactile network and of what it is compared with. A recipe is a function.

refine        the shipped network: current and goal in, increment out
refine_vit    the same with the paper's encoder
absolute      the same backbone learns an object's pose from one grasp, for "estimate, then subtract"
blind         the same backbone, images black: what the joints alone tell
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from xr0.touch import data as grasp_data
from xr0.touch import pairs
from xr0.touch.net import NetConfig, TacRefineNet, parameters
from xr0.touch.pairs import Pairs
from xr0.touch.predictor import Predictor
from xr0.touch.stage import TactileStage
from xr0.train.distributed import world
from xr0.train.loop import train
from xr0.train.run import Run
from xr0.train.settings import TrainSettings
from xr0.train.step import hash_seed
from xr0_robot.touch.sensor.pads import PARALLEL, joint_count

HELD_OUT_SHAPES, HELD_OUT_PAIRS = 256, 2048
"""The last shapes of the data, on which a run is validated; pairs drawn from them."""

FINGERS = tuple(finger.name for finger in PARALLEL)
CONV = NetConfig("conv", len(FINGERS), joint_count(PARALLEL), width=32, hidden=192)
VIT = NetConfig("vit", len(FINGERS), joint_count(PARALLEL), width=64, hidden=192)


@dataclass(frozen=True)
class TactileSettings:
    """A run: its network, and how it is trained; a sample is a pair."""

    net: NetConfig
    train: TrainSettings


REFINE = TactileSettings(CONV, TrainSettings(28_000, batch=512, lr=2e-3, muon_lr=0.02, warmup=300, seed=1))
ABSOLUTE = replace(REFINE, train=replace(REFINE.train, steps=8_000, seed=2))
BLIND = replace(REFINE, train=replace(REFINE.train, steps=500, warmup=50, seed=3))
REFINE_VIT = replace(REFINE, net=VIT, train=replace(REFINE.train, steps=1_500, seed=4))

Draw = Callable[[grasp_data.GraspData, int, np.random.Generator], tuple[Pairs, Tensor]]


def refine(data: Path, out: Path, settings: TactileSettings) -> None:
    """Increments from pairs."""
    _train(data, out, settings, pairs.draw)


def absolute(data: Path, out: Path, settings: TactileSettings) -> None:
    """Poses from single grasps."""
    _train(data, out, settings, pairs.draw_poses)


def blind(data: Path, out: Path, settings: TactileSettings) -> None:
    """Increments from pairs without images."""

    def draw(grasps: grasp_data.GraspData, count: int, rng: np.random.Generator) -> tuple[Pairs, Tensor]:
        seen, w = pairs.draw(grasps, count, rng)
        return Pairs(torch.zeros_like(seen.images), seen.joints), w

    _train(data, out, settings, draw)


def _train(data: Path, out: Path, settings: TactileSettings, draw: Draw) -> None:
    with world() as here:
        grasps = grasp_data.load(data)
        if len(grasps) <= HELD_OUT_SHAPES:
            raise ValueError(f"{data}: got {len(grasps)} shapes, expected more than {HELD_OUT_SHAPES}")
        training, validation = grasps.split(len(grasps) - HELD_OUT_SHAPES)
        rows, seed = settings.train.rows(here.size), settings.train.seed
        torch.manual_seed(seed)
        net = TacRefineNet(settings.net)
        stage = TactileStage(net)

        def batches(step: int) -> tuple[Pairs, Tensor]:
            return draw(training, rows, np.random.default_rng(hash_seed(seed, step, here.rank)))

        held_out = draw(validation, HELD_OUT_PAIRS, np.random.default_rng(seed))
        identity = {"net": asdict(settings.net), "processes": here.size, "shapes": len(grasps)}
        train(stage, batches, held_out, settings.train, here, Run(out, identity, stage.watched))
        if here.main:
            record = {
                "settings": asdict(settings),
                "processes": here.size,
                "parameters": parameters(net),
                "shapes": len(grasps),
                "torch": torch.__version__,
            }
            (out / "settings.json").write_text(json.dumps(record, indent=1) + "\n")
            Predictor(net, FINGERS).save(out / "checkpoint")
