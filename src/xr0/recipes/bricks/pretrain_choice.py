"""Stage 1 of the brick table: the VLM learns to act, keeps talking, and binds words to bricks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer

from xr0.checkpoints.folder import Checkpoint, Robot
from xr0.config import CAUSAL
from xr0.data.language import LanguageData, open_language
from xr0.data.mixture import draw
from xr0.data.robot import RobotData
from xr0.model.vla import VLA
from xr0.recipes.bricks.grounding import GroundedStage
from xr0.recipes.bricks.grounding_labels import Labeller, ObjectTracks, reword, tracks
from xr0.recipes.bricks.phases import frame_weights
from xr0.recipes.bricks.settings import ACTION_HORIZON, POSITION_STD, VOCABULARY, BrickSettings
from xr0.recipes.shared import HELD_OUT, finish, identity, load_robot
from xr0.sizes import TINY_IMAGES, tiny_model
from xr0.train.distributed import world
from xr0.train.loop import train
from xr0.train.run import Run
from xr0.transform import tokenizer as tokenizers
from xr0.transform.processor import Processor
from xr0_robot.features import ENVIRONMENT_STATE, OBJECT_PIXELS


def pretrain_choice(data: Path, out: Path, settings: BrickSettings) -> None:
    """From demonstrations, and questions in their folder vl/, to `out`/checkpoint: tokenizer, statistics and
    VLM; the action expert is untrained."""
    with world() as here:
        robot = load_robot(data, settings.stride, ACTION_HORIZON, here)
        weight = frame_weights(robot, settings.phases)
        trained = robot.training_only(weight)
        language = open_language(data / "vl")
        processor = Processor(learned_tokenizer(robot, language), TINY_IMAGES)
        rows, seed = settings.train.rows(here.size), settings.train.seed
        torch.manual_seed(seed)
        vla = fresh_model(processor.tokenizer)
        objects = object_tracks(robot)
        camera = robot.embodiment.cameras[0]
        labeller = Labeller(objects, processor.tokenizer, TINY_IMAGES, camera.size)
        stage = GroundedStage(vla, ACTION_HORIZON, len(objects.names))

        def arguments(indices: np.ndarray, step: int) -> tuple[Any, ...]:
            rng = np.random.default_rng([seed, step, here.rank])
            told, as_shown = reword(robot.instructions(indices), objects.names, rng)
            batch = robot.batch(indices, told, processor, seed, step, here.rank)
            batch = batch.where(torch.from_numpy(as_shown))
            labels = labeller(indices, told, batch.vlm)
            asked = (step * here.size + here.rank) * settings.language + np.arange(settings.language)
            return batch, labels, language.batch(asked, seed, processor)

        def batches(step: int) -> tuple[Any, ...]:
            return arguments(draw(trained, rows, seed, step, here.rank), step)

        held_out = arguments(robot.held_out(weight, HELD_OUT), step=0)
        run = Run(out, identity(settings, here, robot.stats.fingerprint), stage.watched)
        train(stage, batches, held_out, settings.train, here, run)
        robots = {robot.embodiment.name: Robot(robot.embodiment, robot.stats)}
        finish(out, settings, here, Checkpoint(vla, processor, robots, CAUSAL, "", ""))


def learned_tokenizer(robot: RobotData, language: LanguageData) -> Tokenizer:
    """Learned from every sentence of the data, prompts included."""
    titles = [camera.title for camera in robot.embodiment.cameras]
    return tokenizers.train([*robot.prompts(titles), *language.texts()], VOCABULARY)


def fresh_model(tokenizer: Tokenizer) -> VLA:
    """The tiny model, untrained."""
    vla = VLA(tiny_model(tokenizer.get_vocab_size(), tokenizers.special_ids(tokenizer)))
    torch.nn.init.normal_(vla.vlm.model.visual.pos_embed.weight, std=POSITION_STD)
    return vla


def object_tracks(robot: RobotData) -> ObjectTracks:
    """Where the bricks lie in each sample, as the simulator recorded it, and where its episode ends."""
    environment, pixels = robot.column(ENVIRONMENT_STATE), robot.column(OBJECT_PIXELS)
    names = robot.dataset.features[ENVIRONMENT_STATE].names
    return tracks(names, environment, pixels, robot.last_commands()[:, :2])
