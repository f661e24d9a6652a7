"""`xr0 seam`: the benchmark of methods of real-time execution."""

from __future__ import annotations

from pathlib import Path

from xr0.cli import options


def seam(
    *,
    json: Path,
    quick: bool = False,
    checkpoints: Path | None = None,
    methods: tuple[str, ...] = (),
    bricks: Path | None = None,
    workers: int = 2,
) -> int:
    """RT-Seam: how smooth and how quick each method is while thinking takes time.

    Trains its small policies, runs the grid and writes the results, a table (.md) and a plot (.png) beside
    them. What was stopped goes on with the same command: cells lie in a folder named after the file.

    Args:
        json: results file.
        quick: a few methods and episodes, to see that all is in order.
        checkpoints: folder of the policies; out/seam, or out/seam_quick, by default.
        methods: only these; all of the grid by default.
        bricks: folder of results of `xr0 eval bricks` (runs/seam_bricks.sh), whose rows join the others.
        workers: processes, of one thread each.
    """
    from dataclasses import replace

    from xr0.seam.grid import FULL, QUICK
    from xr0.seam.methods import ENTRIES
    from xr0.seam.publish import publish

    options.at_least(1, workers=workers)
    asked = QUICK if quick else FULL
    asked = replace(asked, methods=methods or asked.methods)
    trained = checkpoints or Path("out/seam_quick" if quick else "out/seam")
    print(publish(asked, ENTRIES, json, trained, workers, bricks))
    return 0
