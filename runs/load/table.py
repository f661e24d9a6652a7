"""The report beside the numbers, of what has been measured. Usage: python -m load.table FOLDER"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

LOAD = """\
<!-- written by runs/load.sh and runs/load_bricks.sh -->
# The server under load

The real server in a process of its own, real websockets, two pictures of {pixels} px a request; all robots in
one other process; {cpu}, {cores} hardware threads for both, {date}. Robots at 3 Hz, whose plans
last another two thirds of a second when they ask. The policy only sleeps: a batch takes the time in its name.

*Behind others*: while the policy, busy with earlier batches, could not begin. *Rest*: round trip less
compute, less that: the frames' ways, reading, scheduling, in the server's process and the robots' alike.
*Added*: rest less the median of the first row's; below zero where a machine that works is more awake than one
that waits for a single robot. The plain server, which answers on its event loop one request at a time without
queue, deadlines or checks, shows what the same robots and frames cost without a scheduler. Times: median /
99th percentile, in ms. CPU: seconds per second; the machine's other programs took {elsewhere:.2f} of its
{cores}{rounds}.

"""

BRICKS = """
# Brick robots that one server keeps moving

The shipped policy (`--execution {execution}`) on one hardware thread of {cpu}, {date}; real clients and
executors at 30 Hz, which replay recorded pictures: nothing is rendered or solved. Fleets grow until robots
spend more than {most_idle:.0%} of their ticks without a command, or are refused; {seconds:g} s each. Bold:
the last that was kept moving.

"""

NAMES = {("xr0", 8): "xr0", ("xr0", 1): "xr0, batches of one"}


def load(found: Mapping[str, Any]) -> Iterator[str]:
    """What `load.measure` wrote."""
    rounds = f"; of {found['rounds']} rounds the quietest" if found["rounds"] > 1 else ""
    elsewhere = sum(row["elsewhere_cpu"] for row in found["rows"]) / len(found["rows"])
    yield LOAD.format(pixels=found["pixels"], rounds=rounds, elsewhere=elsewhere, **_told(found))
    times = {"round trip": "round_trip", "compute": "compute", "behind others": "others", "rest": "overhead"}
    times["added"] = "added"
    yield from _head(
        ["load", "server", *times, "served", "of them ran dry", "CPU of the server", "of the robots"]
    )
    for row in found["rows"]:
        spreads = [row[f"{key}_ms"] for key in times.values()]
        cells = [
            row["name"],
            NAMES.get((row["server"], row["batch"]), "plain"),
            *(f"{spread['p50']:.1f} / {spread['p99']:.1f}" for spread in spreads),
            f"{row['served']} of {row['robots']}",
            row["ran_dry"],
            *(f"{row[key]:.2f}" for key in ("server_cpu", "robots_cpu")),
        ]
        yield _row(cells)


def bricks(found: Mapping[str, Any]) -> Iterator[str]:
    """What `load.bricks` wrote."""
    yield BRICKS.format(**{key: found[key] for key in ("execution", "most_idle", "seconds")}, **_told(found))
    yield from _head(
        ["at most together", "robots", "idle", "chunks a second", "latency [ms]", "refused for good"]
    )
    for batch, fleets in found["largest_batch"].items():
        for row in fleets["rows"]:
            kept = f"**{row['robots']}**" if row["robots"] == fleets["kept_moving"] else str(row["robots"])
            latency = row["latency_ms"]
            cells = [batch, kept, f"{row['idle_share']:.1%}", row["chunks_per_s"]]
            yield _row([*cells, f"{latency['p50']:.0f} / {latency['p99']:.0f}", len(row["errors"])])


def _told(found: Mapping[str, Any]) -> dict[str, Any]:
    return {"cpu": found["machine"]["cpu"], "cores": found["machine"]["cores"], "date": found["date"][:10]}


def _head(names: Sequence[str]) -> Iterator[str]:
    yield _row(names)
    yield "|---" * len(names) + "|"


def _row(cells: Sequence[Any]) -> str:
    return "| " + " | ".join(map(str, cells)) + " |"


def main(folder: Path) -> None:
    """Reads load.json and bricks.json, where they are, and writes load.md."""
    parts: dict[str, Callable[[Mapping[str, Any]], Iterator[str]]] = {"load": load, "bricks": bricks}
    lines: list[str] = []
    for name, part in parts.items():
        path = folder / f"{name}.json"
        if path.exists():
            lines += part(json.loads(path.read_text(encoding="utf-8")))
    (folder / "load.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
