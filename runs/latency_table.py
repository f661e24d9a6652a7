"""The latency report beside its numbers. Usage: RESULTS REPORT"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

TITLES = {
    "tiny_b1.json": "The shipped policy, 2.8 M in float32, two 128 px views, chunk of 30",
    "tiny_b8.json": "The same, eight robots at a time",
    "official_4b_2x256_t10_graph.json": "4.7 B in bfloat16, two 256 px views, chunk of 10",
    "official_4b_2x256_t10.json": (
        "4.7 B in bfloat16, two 256 px views, chunk of 10: before there was `graph`, on a CPU with bfloat16"
    ),
}

HEAD = """\
<!-- written by runs/latency_table.py -->
# Latency on a CPU

The executions share weights, inputs and process and take turns ([docs/latency.md](../../docs/latency.md)).
The floor is counted work over the matrix and copy speeds measured in the same run. `make bench` measures
this; `make gpu` does so where there is a GPU, for which nothing is claimed yet. Where other programs use the
machine as well, as here, all times are longer; the ratio suffers least.
"""

Report = dict[str, Any]


def number(ms: float) -> str:
    """For people."""
    return f"{ms / 1e3:.2f} s" if ms >= 1e3 else f"{ms:.1f} ms"


def rows(report: Report) -> Iterator[tuple[str, float, float, float | None]]:
    """Stage, reference, here, floor."""
    for name, stage in [*report["stages"].items(), ("one chunk each", report)]:
        yield name, stage["reference_p50_ms"], stage["p50_ms"], stage.get("floor_ms")


def rows_of_eager(report: Report) -> Iterator[tuple[str, float, float, float | None]]:
    """The same of a file from before executions had names: ours was what is called eager now."""
    theirs, ours = (
        {stage: times["p50_ms"] for stage, times in report[name].items()} for name in ("reference", "ours")
    )
    floor = {stage: work["floor_ms"] for stage, work in report["floor"]["stages"].items()}
    seen = ours["vision"] + ours["prefill"]
    yield "vision and prefill", theirs["vision_and_prefill"], seen, floor["vision"] + floor["prefill"]
    yield "denoise", theirs["denoise"], ours["denoise"], floor["denoise"]
    yield "one chunk each", theirs["total"], ours["total"], report["floor"]["total_ms"]


def section(title: str, report: Report) -> Iterator[str]:
    """A table, and what it is of."""
    execution = report.get("execution", "eager")
    yield f"## {title}"
    yield ""
    yield f"| median | `reference` | `{execution}` | floor |"
    yield "|---|---|---|---|"
    for name, theirs, ours, floor in (rows if "execution" in report else rows_of_eager)(report):
        yield f"| {name} | {number(theirs)} | {number(ours)} | {'' if floor is None else number(floor)} |"
    yield ""
    yield f"`{execution}` is **{report['ratio']:.2f} x** as fast as `reference`."
    if "execution" in report:
        yield (
            f"Its 99th percentile is {number(report['p99_ms'])}; the actions differ by "
            f"{report['max_abs_error']:.1e}, cosine {report['cosine']:.7f}."
        )
    yield (
        f"{report['machine']['cpu']}, {report['threads']} threads, {report['fixture']['repeats']} repeats, "
        f"{report['date'][:10]}."
    )
    yield ""


def main() -> None:
    """Write the report."""
    results, target = map(Path, sys.argv[1:])
    load = json.loads((results / "load_official_4b.json").read_text())
    lines: list[str] = [*HEAD.splitlines(), ""]
    for name, title in TITLES.items():
        if (results / name).exists():
            lines += section(title, json.loads((results / name).read_text()))
    lines.append(f"Loading 4.7 B peaks at {load['load_peak_over_weights']:.2f} x the size of the weights.")
    target.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
