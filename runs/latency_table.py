"""The latency report beside its numbers. Usage: RESULTS REPORT"""

from __future__ import annotations

import json
import sys
from pathlib import Path


def row(title: str, *times_ms: float) -> str:
    """One line of the table, in seconds."""
    return f"| {title} | " + " | ".join(f"{ms / 1e3:.2f} s" for ms in times_ms) + " |"


def main() -> None:
    """Write the report."""
    results, target = map(Path, sys.argv[1:])
    bench = json.loads((results / "official_4b_2x256_t10.json").read_text())
    load = json.loads((results / "load_official_4b.json").read_text())
    theirs, ours = (
        {stage: times["p50_ms"] for stage, times in bench[name].items()} for name in ("reference", "ours")
    )
    floor = {stage: work["floor_ms"] for stage, work in bench["floor"]["stages"].items()}
    seen, total = ours["vision"] + ours["prefill"], bench["floor"]["total_ms"]
    lines = [
        "<!-- written by runs/latency_table.py -->",
        "# Latency at the released size, on a CPU",
        "",
        "| 4.7 B in bfloat16, two 256 px views, chunk of 10 | as released | here | floor |",
        "|---|---|---|---|",
        row("vision and prefill", theirs["vision_and_prefill"], seen, floor["vision"] + floor["prefill"]),
        row("five flow steps", theirs["denoise"], ours["denoise"], floor["denoise"]),
        row("one chunk, median", theirs["total"], ours["total"], total),
        "",
        f"On {bench['machine']['cpu']}, {bench['threads']} threads: **{bench['ratio']:.2f} x** as fast as",
        "transformers' eager forward with logits, in the same process on the same weights. The floor is",
        "counted work over the matrix and copy speeds measured in the same run. Loading peaks at",
        f"{load['load_peak_over_weights']:.2f} x the size of the weights. `make bench` measures this;",
        "`make gpu` does so where there is a GPU, for which nothing is claimed yet.",
        "",
        f"Measured {bench['date'][:10]}.",
    ]
    target.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
