"""Complete named runs. A recipe is a function; nothing is looked up by string.

pretrain_choice   the VLM learns to act and keeps talking        -> checkpoint, expert untrained
pretrain_flow     VLM frozen, action expert from scratch         -> checkpoint, contract causal
post_train        asynchronous execution                         -> checkpoint, contract windowed
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer

from xr0.checkpoints import folder as checkpoints
from xr0.checkpoints.folder import Checkpoint
from xr0.config import CAUSAL, WINDOWED, Contract
from xr0.data.language import LanguageData
from xr0.data.mixture import draw
from xr0.data.robot import PhaseWeights, RobotData
from xr0.data.vision_language import read_conversations
from xr0.model.vla import VLA
from xr0.sizes import TINY_IMAGES, tiny_model
from xr0.train.choice_stage import ChoiceStage
from xr0.train.distributed import World, world
from xr0.train.flow_stage import FlowStage
from xr0.train.grounding_labels import Labeller, reword, tracks
from xr0.train.loop import Run, train
from xr0.train.optim import OptimSettings
from xr0.train.post_train import PostTrainStage
from xr0.train.settings import StageSettings
from xr0.transform import tokenizer as tokenizers
from xr0.transform.processor import Processor
from xr0_robot.features import ENVIRONMENT_STATE, OBJECT_PIXELS

HELD_OUT = 64
"""Samples on which a stage is validated."""

ACTION_HORIZON = 30
"""Ticks: one second at 30 Hz (paper)."""

TINY_VOCABULARY = 512
"""256 bytes, the special tokens and the words of the brick table."""

POSITION_STD = 0.2
"""Spread of the vision tower's fresh position table: ten times Qwen's, or a small model finds places too
slowly (facts/prototype.md)."""

REACHING = PhaseWeights(idle=0.12, holding=0.6, closing=2.5)
"""Where words must be bound to things: a brick in the hand needs no finding."""

WHOLE = PhaseWeights(idle=0.12, holding=1.0, closing=2.5)
"""The carry as well."""

TINY_CHOICE = StageSettings(
    OptimSettings(900, warmup=60, muon_lr=0.02, adamw_lr=2e-3, weight_decay=0.0, grad_clip=1.0),
    batch=16,
    language=3,
    stride=3,
    seed=1,
    phases=REACHING,
)
TINY_FLOW = StageSettings(
    OptimSettings(1500, warmup=60, muon_lr=0.02, adamw_lr=2e-3, weight_decay=0.0, grad_clip=1.0),
    batch=16,
    language=0,
    stride=3,
    seed=2,
    phases=WHOLE,
)
TINY_POST = StageSettings(
    OptimSettings(900, warmup=40, muon_lr=0.01, adamw_lr=1e-3, weight_decay=0.0, grad_clip=1.0),
    batch=16,
    language=0,
    stride=3,
    seed=3,
    phases=WHOLE,
)


def tiny_tokenizer(robot: RobotData, language: LanguageData) -> Tokenizer:
    """Learned from every sentence of the data, prompts included."""
    blank = [camera.title for camera in robot.embodiment.cameras]
    return tokenizers.train([*robot.prompts(blank), *language.texts()], TINY_VOCABULARY)


def pretrain_choice(data: Path, out: Path, settings: StageSettings) -> None:
    """Stage 1 from nothing: tokenizer, statistics, VLM."""
    with world() as here:
        robot = load_robot(data, settings, here)
        language = LanguageData(tuple(read_conversations(data / "vl")))
        processor = Processor(tiny_tokenizer(robot, language), TINY_IMAGES)
        torch.manual_seed(settings.seed)
        vocabulary = processor.tokenizer.get_vocab_size()
        vla = VLA(tiny_model(vocabulary, tokenizers.special_ids(processor.tokenizer)))
        torch.nn.init.normal_(vla.vlm.model.visual.pos_embed.weight, std=POSITION_STD)
        objects = tracks(
            robot.dataset.features[ENVIRONMENT_STATE].names,
            robot.column(ENVIRONMENT_STATE),
            robot.column(OBJECT_PIXELS),
            robot.last_commands()[:, :2],
        )
        camera = robot.embodiment.cameras[0]
        labeller = Labeller(objects, processor.tokenizer, TINY_IMAGES, camera.size)
        stage = ChoiceStage(vla, ACTION_HORIZON, len(objects.names))
        weights = robot.sampling_weights(settings.phases)

        def arguments(indices: np.ndarray, step: int) -> tuple[Any, ...]:
            rng = np.random.default_rng([settings.seed, step, here.rank])
            told, as_shown = reword(robot.instructions(indices), objects.names, rng)
            batch = robot.batch(indices, told, processor).where(torch.from_numpy(as_shown))
            labels = labeller(indices, told, batch.vlm)
            return batch, labels, language.batch(settings.language, settings.seed, step, here.rank, processor)

        def batches(step: int) -> tuple[Any, ...]:
            return arguments(draw(weights, settings.batch, settings.seed, step, here.rank), step)

        def held_out() -> tuple[Any, ...]:
            return arguments(robot.held_out(HELD_OUT, settings.phases), step=0)

        run = Run(out, settings.seed, identity(settings, here, robot.stats.fingerprint), watched="target")
        train(stage, batches, held_out(), settings.optim, here, run)
        finish(out, settings, here, Checkpoint(vla, processor, robot.stats, robot.embodiment, CAUSAL, "", ""))


def pretrain_flow(data: Path, start: Path, out: Path, settings: StageSettings) -> None:
    """Stage 2: the action expert, from the checkpoint of stage 1."""
    _train_expert(data, start, out, settings, FlowStage, CAUSAL)


def post_train(data: Path, start: Path, out: Path, settings: StageSettings) -> None:
    """Stage 3: asynchronous execution, from the checkpoint of stage 2."""
    _train_expert(data, start, out, settings, PostTrainStage, WINDOWED)


def load_robot(data: Path, settings: StageSettings, here: World) -> RobotData:
    """The data of a stage; the first process decodes the frames, the others wait for them."""
    if not here.main:
        here.barrier()
    robot = RobotData.load(data, data.parent / "frames", settings.stride, ACTION_HORIZON, workers=2)
    if here.main:
        here.barrier()
    return robot


def identity(settings: StageSettings, here: World, *fingerprints: str) -> str:
    """Of a run: its settings, its number of processes, its data and its start."""
    return hashlib.sha256(repr((settings, here.size, fingerprints)).encode()).hexdigest()


def finish(out: Path, settings: StageSettings, here: World, done: Checkpoint) -> None:
    """Write the stage's checkpoint folder and how it was trained."""
    if not here.main:
        return
    record = {"settings": asdict(settings), "processes": here.size, "torch": torch.__version__}
    (out / "settings.json").write_text(json.dumps(record, indent=1) + "\n")
    checkpoints.save(out / "checkpoint", done)


def _train_expert(
    data: Path,
    start: Path,
    out: Path,
    settings: StageSettings,
    stage_of: type[FlowStage] | type[PostTrainStage],
    contract: Contract,
) -> None:
    with world() as here:
        robot = load_robot(data, settings, here)
        before = checkpoints.load(start)
        if before.stats.fingerprint != robot.stats.fingerprint:
            raise ValueError(
                f"{start} was trained on data with statistics {before.stats.fingerprint[:12]}, "
                f"{data} has {robot.stats.fingerprint[:12]}"
            )
        stage = stage_of(before.vla.train())
        weights = robot.sampling_weights(settings.phases)

        def batches(step: int) -> tuple[Any, ...]:
            indices = draw(weights, settings.batch, settings.seed, step, here.rank)
            return (robot.batch(indices, robot.instructions(indices), before.processor),)

        apart = robot.held_out(HELD_OUT, settings.phases)
        held_out = (robot.batch(apart, robot.instructions(apart), before.processor),)
        name = identity(settings, here, robot.stats.fingerprint, before.fingerprint)
        train(stage, batches, held_out, settings.optim, here, Run(out, settings.seed, name, stage.watched))
        finish(
            out,
            settings,
            here,
            Checkpoint(before.vla, before.processor, before.stats, before.embodiment, contract, "", ""),
        )
