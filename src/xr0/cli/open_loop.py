"""Subcommand: a checkpoint against demonstrations that it was not trained on. No logic."""

from __future__ import annotations

from pathlib import Path

import tyro

from xr0.cli import options
from xr0.cli.model import NO_FLAGS, LoadFlag


def open_loop(
    checkpoint: tyro.conf.Positional[str],
    dataset: tyro.conf.Positional[Path],
    *,
    json: Path,
    load: LoadFlag = NO_FLAGS,
    episodes: tuple[int, ...] = (),
    every: int = 5,
    prefix: int = 0,
    max_frames: int = 2000,
    plot: Path | None = None,
) -> int:
    """Error of a policy's chunks against what was demonstrated, per number and horizon, next to baselines.

    Args:
        checkpoint: a folder of either layout, a .pt file, or a name on the hub.
        dataset: LeRobot dataset of the robot.
        json: results file.
        load: what the checkpoint leaves open.
        episodes: numbers of those that are evaluated, and that the checkpoint must not have been trained on;
            those that training holds out otherwise. The baselines are fitted to all others.
        every: ticks between evaluated frames.
        prefix: ticks whose commands all are told and none is judged by, as when a robot thinks while it
            moves.
        max_frames: at most so many, evenly spaced.
        plot: PNG file; beside the results otherwise.
    """
    from xr0.bench import open_loop as bench
    from xr0.bench import open_loop_plot
    from xr0.checkpoints import pretrained
    from xr0.data.draft import names
    from xr0.data.source import Source
    from xr0.policy import Policy
    from xr0_robot import report
    from xr0_robot.features import ACTION

    options.at_least(1, every=every, max_frames=max_frames)
    options.at_least(0, prefix=prefix)
    loaded = pretrained.load(checkpoint, load.options())
    policy = Policy(loaded, load.robot_type)
    source = Source.open(dataset, policy.action_horizon, policy.embodiment, episodes or None)
    frames = bench.chosen_frames(source, every, max_frames)
    called = names.numbers(source.dataset.features[ACTION], ACTION)

    def progress(count: int) -> None:
        print(f"\r{count} of {len(frames)} frames", end="" if count < len(frames) else "\n", flush=True)

    found = bench.report(bench.compare(policy, source, frames, called, prefix, progress))
    print("\n".join(bench.lines(found)))
    report.write(json, bench.about(policy, source, frames, every, prefix) | found)
    drawn = plot or json.with_suffix(".png")
    open_loop_plot.save(found, policy.embodiment.rate_hz, drawn, f"{loaded.name} on {dataset.name}")
    print(f"{json}, {drawn}")
    return 0
