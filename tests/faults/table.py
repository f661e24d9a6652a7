"""The report beside the numbers. Usage: python -m faults.table FOLDER"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from faults.fuzz import CHUNK
from faults.storms import WARM

HEAD = """# Faults

Written by `runs/faults.sh`: {ok} of {cases} cases kept every promise; {cpu}, {cores} cores, {date}. The
real server in a process of its own, or one that lies; the real client, executor and limits at 30 Hz by
the wall clock.

In every case the robot brakes within 2 ticks of its last planned command and comes to rest within its
acceleration, no command is obeyed more than half a second late, every command is finite, and a log line,
a tick or the episode's error says what happened. *Recovers*: it holds, and moves again. *Ends*: the
episode ends with the reason, the robot stopped. *Unharmed*: it need not hold.

| case | what happens | outcome | held [ticks] | brakes after | rests after | what is said |
|---|---|---|---|---|---|---|
"""
FRAMES = """
{frames:,} mutated frames against the decoder: {refused:,} refused in one line, {read:,} read, none did
anything else. Memory grew by {growth_mb:g} MB from the first {chunk:,} to the last, to {last:g} MB.
"""
STORMS = """
{rounds} rounds of storms, one behind the other, against one server; its memory went from {first:g} MB after
the second round to {last:g} MB after the last. With the C library's cache of freed blocks, which
deploy/Dockerfile turns off, it went from {cached_first:g} to {cached_last:g} MB: no more is in use, but gaps
stay in the heap where connections were closed upon mutated frames.

"""
AT_WORK = """
Meanwhile a robot with another key asked three times a second: {answers:,} answers, {missed} missed, after
{p50:g} s (median), {p99:g} s (99th percentile), {p100:g} s at most; the policy itself takes 0.08 s. Storms,
server and robot share the machine.
"""


def table(
    faults: dict[str, Any], fuzz: dict[str, Any], storms: dict[str, Any], cached: dict[str, Any]
) -> str:
    """Markdown."""
    machine = faults["machine"]
    text = HEAD.format(
        **faults | {"cpu": machine["cpu"], "cores": machine["cores"], "date": faults["date"][:10]}
    )
    for row in faults["rows"]:
        held = row["idle_ticks"] + row["stopped_ticks"]
        after = (row["ticks_until_braking"], row["ticks_until_rest"]) if row["exhaustions"] else ("-", "-")
        said = (row["said"] or "").replace("|", "/")[:110]
        cells = (row["case"], row["what"], row["outcome"], held, *after, said)
        text += "| " + " | ".join(map(str, cells)) + " |\n"
    text += FRAMES.format(**fuzz, chunk=CHUNK, last=fuzz["resident_mb"][-1])
    first, last, cached_first, cached_last = (
        found["resident_mb"][round_] for found in (storms, cached) for round_ in (WARM - 1, -1)
    )
    text += STORMS.format(
        **storms, first=first, last=last, cached_first=cached_first, cached_last=cached_last
    )
    text += "".join(f"- `{name}`: {what}\n" for name, what in storms["storms"].items())
    return text + AT_WORK.format(**storms, missed=len(storms["failures"]), **storms["wait_s"])


def main(folder: Path) -> int:
    """Reads the files, writes README.md."""
    names = ("faults", "fuzz", "storms", "storms_cached")
    found = [json.loads((folder / f"{name}.json").read_text("utf-8")) for name in names]
    (folder / "README.md").write_text(table(*found), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
