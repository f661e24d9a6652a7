"""The brick table's own stages: `python -m xr0.recipes.bricks pretrain-choice --data DEMOS --out RUN`, and so
on.

As the general ones (`xr0 pretrain-choice` ...), but frames are drawn by what the hand does, and words are
bound to bricks. Runs under torchrun as they do."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import tyro

from xr0.recipes import choice, expert
from xr0.recipes.bricks import settings as bricks
from xr0.recipes.bricks.pretrain_choice import RECORDED, grounded
from xr0.recipes.settings import ChoiceSettings, FlowSettings, Given, PostTrainSettings, Start

Inline = tyro.conf.arg(name="")
"""Its fields are options of the subcommand itself."""

app = tyro.extras.SubcommandApp()


@app.command
def pretrain_choice(
    given: Annotated[Given, Inline],
    out: Path,
    settings: Annotated[ChoiceSettings, Inline] = bricks.CHOICE,
    language: tuple[str, ...] = (),
) -> None:
    """Stage 1.

    Args:
        given: the data.
        out: run folder; a run that was stopped goes on.
        settings: all else.
        language: vision-language conversations; demonstrations have theirs in their folder vl/.
    """
    choice.pretrain_choice(given, language, None, out, settings, grounded, bricks.REACHING, RECORDED)


@app.command
def pretrain_flow(
    given: Annotated[Given, Inline],
    start: Annotated[Start, Inline],
    out: Path,
    settings: Annotated[FlowSettings, Inline] = bricks.FLOW,
) -> None:
    """Stage 2."""
    expert.pretrain_flow(given, start, out, settings, bricks.WHOLE)


@app.command
def post_train(
    given: Annotated[Given, Inline],
    start: Annotated[Start, Inline],
    out: Path,
    settings: Annotated[PostTrainSettings, Inline] = bricks.POST_TRAIN,
) -> None:
    """Stage 3."""
    expert.post_train(given, start, out, settings, bricks.WHOLE)


if __name__ == "__main__":
    app.cli(prog="xr0.recipes.bricks", config=(tyro.conf.OmitArgPrefixes,))
