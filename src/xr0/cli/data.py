"""xr0 data: demonstrations, and what a dataset is. Subcommands only, no logic."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import tyro

from xr0.cli import launch, options
from xr0_robot import worlds

if TYPE_CHECKING:
    from xr0.data.check.survey import Survey
    from xr0_robot.types import Embodiment

app = tyro.extras.SubcommandApp()

PAGE = "dataset.png"
"""What `check` draws."""


@app.command
def demos(
    out: tyro.conf.Positional[Path],
    *,
    world: str = worlds.DEFAULT,
    episodes: int = 1000,
    first_seed: int | None = None,
    workers: int = 2,
    tasks: tuple[str, ...] = (),
    pixels: int | None = None,
    look: str = worlds.OFFICIAL,
) -> int:
    """A simulated world's expert demonstrations as a LeRobot v3.0 dataset, with vision-language samples where
    the world has them.

    Args:
        out: new folder.
        world: which world, or benchmark.
        episodes: seeds to attempt; of a benchmark, episodes to keep of each task: seeds that its expert fails
            on are replaced.
        first_seed: the first of them; otherwise 0, or a benchmark's first that is never scored.
        workers: processes.
        tasks: of a benchmark: tasks, groups or sets; those of the published table otherwise.
        pixels: of a benchmark: height of its pictures; the official one otherwise.
        look: of a benchmark: how its pictures are drawn.
    """
    options.at_least(1, episodes=episodes, workers=workers, pixels=pixels)
    options.at_least(0, first_seed=first_seed)
    given = [out, "--world", world, "--episodes", episodes, "--workers", workers]
    given += [] if first_seed is None else ["--first-seed", first_seed]
    if world not in worlds.BENCHMARKS:
        if tasks or pixels is not None or look != worlds.OFFICIAL:
            raise ValueError(
                f"--tasks, --pixels, --look: are of a benchmark ({', '.join(worlds.BENCHMARKS)}), got {world}"
            )
        worlds.check(world, worlds.TRAINED)
        return launch.robot(["record", *map(str, given)])
    given += ["--look", look, *(["--tasks", *tasks] if tasks else [])]
    given += [] if pixels is None else ["--pixels", pixels]
    return launch.robot(["record", *map(str, given)], launch.simulator(world))


@app.command
def check(dataset: tyro.conf.Positional[str], *, robot: Path | None = None, out: Path | None = None) -> int:
    """What a dataset is, and what is wrong with it: a line each. Exit status 1 if it cannot be trained on.

    Args:
        dataset: a LeRobot folder, or a name on the hub.
        robot: JSON file of the Embodiment; meta/embodiment.json otherwise, or a draft of one.
        out: folder for dataset.png: every number with its range, a frame of each camera, episode lengths.
    """
    from xr0.data.check.check import check as checked
    from xr0.data.check.draw import draw, first_pictures

    seen = _survey(dataset)
    embodiment = _robot(seen, robot)
    report = checked(seen, embodiment)
    print("\n".join(report.facts))
    for name, lines in (("warning", report.warnings), ("error", report.errors)):
        for line in lines:
            print(f"{name}: {line}")
    if out is not None:
        draw(seen, embodiment, first_pictures(seen), out / PAGE)
        print(f"drawn: {out / PAGE}")
    print(f"{len(report.errors)} errors, {len(report.warnings)} warnings")
    return 0 if report.passed else 1


@app.command
def robot(dataset: tyro.conf.Positional[str], *, out: Path) -> int:
    """Draft the Embodiment of a dataset from its features' names and numbers; read it, correct it, check
    again.

    Args:
        dataset: a LeRobot folder, or a name on the hub.
        out: new JSON file.
    """
    from xr0.data.draft.draft import draft
    from xr0_robot import report

    if out.exists():
        raise ValueError(f"--out: {out} exists, expected a new file: it may hold your corrections")
    found = draft(_survey(dataset))
    report.write(out, found.robot.to_dict())
    print("\n".join(found.notes))
    print(f"wrote {out}: a draft, check every line above")
    return 0


@app.command
def stats(
    dataset: tyro.conf.Positional[str],
    *,
    robot: Path | None = None,
    horizon: int = 30,
    json: Path | None = None,
) -> int:
    """Statistics by which a dataset would be normalised, in the model's space, and what stands out in them.

    Args:
        dataset: a LeRobot folder, or a name on the hub.
        robot: JSON file of the Embodiment; meta/embodiment.json otherwise.
        horizon: ticks of a chunk.
        json: where to write them as well, by tick.
    """
    from xr0.checkpoints.folder import read_json
    from xr0.data import hub
    from xr0.data.source import Source
    from xr0.data.stats import summaries
    from xr0_robot import report
    from xr0_robot.types import Embodiment

    options.at_least(1, horizon=horizon)
    given = None if robot is None else Embodiment.from_dict(read_json(robot), str(robot))
    (found,) = summaries([Source.open(hub.locate(dataset), horizon, given)]).values()
    print("\n".join(found.lines()))
    if json is not None:
        report.write(json, found.to_dict())
    return 0


def _survey(dataset: str) -> Survey:
    from xr0.data import hub
    from xr0.data.check.survey import survey
    from xr0.data.lerobot import LeRobotDataset

    return survey(LeRobotDataset.open(hub.locate(dataset)))


def _robot(seen: Survey, path: Path | None) -> Embodiment:
    """The named one, else the dataset's own, else a draft."""
    from xr0.checkpoints.folder import read_json
    from xr0.data.draft.draft import draft
    from xr0.data.source import read_embodiment
    from xr0_robot.types import Embodiment

    if path is not None:
        return Embodiment.from_dict(read_json(path), str(path))
    if (seen.dataset.root / "meta" / "embodiment.json").is_file():
        return read_embodiment(seen.dataset.root)
    print("robot: none given and no meta/embodiment.json, a draft is taken (xr0 data robot)")
    return draft(seen).robot
