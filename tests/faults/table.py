"""The report beside the numbers. Usage: python -m faults.table FOLDER"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any


def table(faults: dict[str, Any], fuzz: dict[str, Any]) -> str:
    """Markdown."""
    lines = [
        "# Faults",
        "",
        f"Written by `runs/faults.sh`: {faults['ok']} of {faults['cases']} cases kept every promise; "
        f"{faults['machine']['cpu']}, {faults['machine']['cores']} cores, {faults['date'][:10]}. The real server in a "
        "process of its own, or one that lies; the real client, executor and limits at 30 Hz by the wall clock.",
        "",
        "In every case: the robot brakes within 2 ticks of its last planned command and comes to rest within its "
        "acceleration, no command is obeyed more than half a second late, every command is finite, and a log line, a "
        "tick or the episode's error says what happened.",
        "",
        "| case | what happens | in the end | held [ticks] | brakes after [ticks] | at rest after [ticks] | what is said |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in faults["rows"]:
        held = row["idle_ticks"] + row["stopped_ticks"]
        after = (row["ticks_until_braking"], row["ticks_until_rest"]) if row["exhaustions"] else ("-", "-")
        said = (row["said"] or "").replace("|", "/")
        cells = (row["case"], row["what"], row["outcome"], held, *after, said[:110])
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    lines += [
        "",
        f"{fuzz['frames']:,} mutated frames against the decoder: {fuzz['refused']:,} refused in one line, "
        f"{fuzz['read']:,} read, none did anything else. Memory grew by {fuzz['growth_mb']:g} MB to "
        f"{fuzz['resident_mb'][-1]:g} MB.",
        "",
    ]
    return "\n".join(lines)


def main(folder: Path) -> int:
    """Reads both files, writes README.md."""
    faults, fuzz = (json.loads((folder / f"{name}.json").read_text("utf-8")) for name in ("faults", "fuzz"))
    (folder / "README.md").write_text(table(faults, fuzz), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
