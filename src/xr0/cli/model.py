"""Subcommands about a checkpoint itself: what it is, in which layout, how exact and how fast. No logic."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

if TYPE_CHECKING:
    from xr0.checkpoints.options import LoadOptions

Layout = Literal["xr0", "official", "vlm"]
Shape = Literal["official_4b"]
Contract = Literal["causal", "windowed"]


@dataclass(frozen=True)
class LoadFlags:
    """What a released checkpoint leaves open.

    Args:
        robot_type: which of several that it serves.
        contract: how its action expert attends and counts, where its files do not tell.
        views: titles of the cameras, for a robot type whose views were not published.
        embodiment: JSON file of an Embodiment, for a robot type that is not known here.
    """

    robot_type: str | None = None
    contract: Contract | None = None
    views: tuple[str, ...] = ()
    embodiment: Path | None = None

    def options(self) -> LoadOptions:
        """The same for xr0.checkpoints.pretrained."""
        from xr0.checkpoints.folder import read_json
        from xr0.checkpoints.options import LoadOptions
        from xr0_robot.types import Embodiment

        path = self.embodiment
        robot = None if path is None else Embodiment.from_dict(read_json(path), str(path))
        return LoadOptions(self.robot_type, self.contract, self.views, robot)


NO_FLAGS = LoadFlags()
LoadFlag = Annotated[LoadFlags, tyro.conf.arg(name="")]
"""Its fields are options of the subcommand itself."""


def inspect(
    checkpoint: tyro.conf.Positional[str], *, load: LoadFlag = NO_FLAGS, json: Path | None = None
) -> int:
    """What a checkpoint is: size, dtype, contract and how it is known, robot types with horizon and views.

    Args:
        checkpoint: a folder of either layout, a .pt file, or a name on the hub.
        load: what a released checkpoint leaves open.
        json: where to write it as well.
    """
    from xr0.checkpoints.inspection import inspect as inspected
    from xr0.checkpoints.inspection import lines
    from xr0_robot import report

    found = inspected(checkpoint, load.options())
    print("\n".join(lines(found)))
    if json is not None:
        report.write(json, found)
    return 0


def convert(
    paths: tyro.conf.Positional[tuple[Path, ...]],
    *,
    to: Layout | None = None,
    random: Shape | None = None,
    seed: int = 0,
    load: LoadFlag = NO_FLAGS,
) -> int:
    """From one layout of checkpoint folders to another: SOURCE OUT, or --random SHAPE OUT.

    Args:
        paths: source and new folder; with --random the new folder only.
        to: layout of the new folder: the other one unless named; vlm is the VLM alone, for standard tools.
        random: write a checkpoint of this shape with random weights.
        seed: of the random weights.
        load: what a released checkpoint leaves open.
    """
    from xr0 import sizes
    from xr0.checkpoints import convert as converter

    if len(paths) != (2 if random is None else 1):
        raise ValueError(f"convert: got {len(paths)} paths, expected SOURCE OUT, or --random SHAPE OUT")
    if random is not None:
        converter.random({"official_4b": sizes.official_4b}[random](), paths[0], seed)
    else:
        converter.convert(paths[0], paths[1], to, load.options())
    print(f"wrote {paths[-1]}")
    return 0


def parity(folder: tyro.conf.Positional[Path], *, json: Path | None = None) -> int:
    """Compare our forward with golden tensors of the official one; exit status 1 above tolerance.

    Args:
        folder: config.json, weights, cases.json, <case>.safetensors, images/.
        json: where to write every error.
    """
    from xr0.bench import parity as golden
    from xr0_robot import report

    found = golden.check(folder)
    print("\n".join(golden.lines(found)))
    if json is not None:
        report.write(json, golden.report(folder, found))
    return 0 if all(error.passed for error in found) else 1
