"""Subcommands of training. Their options begin at a named recipe's values (`--recipe`). No logic."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import tyro

from xr0.recipes.named import CHOICE, FLOW, POST_TRAIN
from xr0.recipes.settings import ChoiceSettings, FlowSettings, Given, PostTrainSettings, Start

RECIPE = "--recipe"

Settings = TypeVar("Settings")
Inline = tyro.conf.arg(name="")
"""Its fields are options of the subcommand itself."""


def commands(arguments: Sequence[str]) -> list[Callable[..., int]]:
    """pretrain_choice, pretrain_flow and post_train, with the defaults of the recipe that `arguments`
    name."""
    return [
        _choice(*_chosen(arguments, CHOICE, "paper")),
        _flow(*_chosen(arguments, FLOW, "paper")),
        _post_train(*_chosen(arguments, POST_TRAIN, "released")),
    ]


def _choice(named: Any, defaults: ChoiceSettings) -> Callable[..., int]:
    def pretrain_choice(
        given: Annotated[Given, Inline],
        out: Path,
        settings: Annotated[ChoiceSettings, Inline] = defaults,
        vlm: str | None = None,
        language: tuple[str, ...] = (),
        recipe: Literal["paper", "tiny"] = named,
    ) -> int:
        """Stage 1: the VLM learns to act by Choice Policies, and keeps talking.

        Args:
            given: the data.
            out: run folder; a run that was stopped goes on.
            settings: all else, from the recipe.
            vlm: a plain Qwen3-VL, folder or name on the hub; without it a tiny one, with a tokenizer learned
                from the data.
            language: vision-language conversations: folders, .jsonl files or NAME-{000000..000007}.tar.
            recipe: whose values the other options have unless they are given.
        """
        del recipe  # read before, see `commands`
        from xr0.recipes import choice
        from xr0.recipes.places import labels, lesson

        teach, extra = (lesson.placed, labels.RECORDED) if settings.places else (choice.plain, ())
        choice.pretrain_choice(given, language, vlm, out, settings, teach, extra=extra)
        return 0

    return pretrain_choice


def _flow(named: Any, defaults: FlowSettings) -> Callable[..., int]:
    def pretrain_flow(
        given: Annotated[Given, Inline],
        start: Annotated[Start, Inline],
        out: Path,
        settings: Annotated[FlowSettings, Inline] = defaults,
        recipe: Literal["paper", "tiny"] = named,
    ) -> int:
        """Stage 2: the VLM is frozen, the action expert learns flow matching.

        Args:
            given: the data.
            start: the checkpoint of stage 1.
            out: run folder; a run that was stopped goes on.
            settings: all else, from the recipe.
            recipe: whose values the other options have unless they are given.
        """
        del recipe
        from xr0.recipes import expert

        expert.pretrain_flow(given, start, out, settings)
        return 0

    return pretrain_flow


def _post_train(named: Any, defaults: PostTrainSettings) -> Callable[..., int]:
    def post_train(
        given: Annotated[Given, Inline],
        start: Annotated[Start, Inline],
        out: Path,
        settings: Annotated[PostTrainSettings, Inline] = defaults,
        recipe: Literal["paper", "released", "tiny"] = named,
    ) -> int:
        """Stage 3: a robot's own task, and asynchronous execution.

        Args:
            given: the data.
            start: a pre-trained checkpoint.
            out: run folder; a run that was stopped goes on.
            settings: all else, from the recipe.
            recipe: whose values the other options have unless they are given.
        """
        del recipe
        from xr0.recipes import expert

        expert.post_train(given, start, out, settings)
        return 0

    return post_train


def _chosen(arguments: Sequence[str], recipes: Mapping[str, Settings], default: str) -> tuple[str, Settings]:
    """The recipe that the command line names, read before its other options; one of another stage is none."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument(RECIPE, default=default)
    name = parser.parse_known_args(arguments)[0].recipe
    return (name, recipes[name]) if name in recipes else (default, recipes[default])
