"""The report beside the numbers. Usage: python -m load.table FOLDER"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HEAD = """\
<!-- written by runs/load.sh -->
# The server under load

The real server in a process of its own, real websockets, two pictures of {pixels} px a request; all robots in
one other process; {cpu}, {cores} hardware threads for both, {date}. The policy only sleeps: a batch takes the
time that is named.

*Behind others*: while the policy, busy with earlier batches, could not begin. *Added*: round trip less
compute, less that, less the {lone_ms:.1f} ms that are left where one robot asks an idle server. It is the
work of the server and of the robots' process together: the plain server, which answers on its event loop one
request at a time without queue, deadlines or checks, shows what the same robots and frames cost without a
scheduler. Times: median / 99th percentile, in ms. CPU: seconds per second; the machine's other programs took
{elsewhere:.2f} of its {cores}{rounds}.

"""
COLUMNS = (
    "load",
    "server",
    "round trip",
    "compute",
    "behind others",
    "added",
    "served",
    "of them ran dry",
    "CPU of the server",
    "of the robots",
)

NAMES = {("xr0", 8): "xr0", ("xr0", 1): "xr0, batches of one"}


def lines(found: dict[str, Any]) -> Iterator[str]:
    """A table in Markdown."""
    yield "| " + " | ".join(COLUMNS) + " |"
    yield "|---" * len(COLUMNS) + "|"
    for row in found["rows"]:
        server = NAMES.get((row["server"], row["batch"]), "plain")
        times = [_pair(row[key]) for key in ("round_trip_ms", "compute_ms", "others_ms", "added_ms")]
        served = f"{row['served']} of {row['robots']}"
        cpu = [f"{row[key]:.2f}" for key in ("server_cpu", "robots_cpu")]
        yield "| " + " | ".join([row["name"], server, *times, served, str(row["ran_dry"]), *cpu]) + " |"


def _pair(spread: dict[str, float]) -> str:
    return f"{spread['p50']:.1f} / {spread['p99']:.1f}"


def main(folder: Path) -> None:
    """Reads load.json, writes load.md."""
    found = json.loads((folder / "load.json").read_text(encoding="utf-8"))
    told = {key: found["machine"][key] for key in ("cpu", "cores")} | {"date": found["date"][:10]}
    told["rounds"] = f"; of {found['rounds']} rounds the quietest" if found["rounds"] > 1 else ""
    told["elsewhere"] = sum(row["elsewhere_cpu"] for row in found["rows"]) / len(found["rows"])
    head = HEAD.format(pixels=found["pixels"], lone_ms=found["rows"][0]["overhead_ms"]["p50"], **told)
    (folder / "load.md").write_text(head + "\n".join(lines(found)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
