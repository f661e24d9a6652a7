"""The report beside the brick policy's numbers, and the README's table. Usage: RESULTS REPORT README"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from string import Template
from typing import Any

import readme

START, END = "<!-- results/tiny: written by runs/tiny_table.py -->", "<!-- end -->"
TEXT = Path(__file__).with_name("tiny_report.md")
"""The report's prose, with $names where tables and numbers go."""

Result = Mapping[str, Any]
"""What `xr0 eval` writes."""

TOLD_ANOTHER = "trained_sync_0ms_told_another"

LAMBDA = "_lambda_"
"""In the name of every result of checkpoints/tiny_lambda."""

HEADLINE = {
    "trained_sync_0ms": "stops to think, the world frozen meanwhile",
    "trained_async_100ms": "**thinks while it moves**, 100 ms a chunk",
    "moved_sync_0ms": "the brick is moved on approach, the world frozen",
    "moved_async_100ms": "**the brick is moved, thinks while it moves**, 100 ms",
    "moved_async_200ms": "**the brick is moved, thinks while it moves**, 200 ms",
    "moved_lambda_100ms": "the same, post-trained with the paper's Λ, 100 ms",
    "moved_lambda_200ms": "the same, post-trained with the paper's Λ, 200 ms",
    "sentences_async_100ms": "unseen sentences, 100 ms",
    "light_async_100ms": "unseen light, 100 ms",
    "camera_async_100ms": "displaced cameras, 100 ms",
}
TRAINED = {
    "trained_sync_0ms": "stops to think, the world frozen meanwhile",
    "trained_async_100ms": "thinks while it moves, 100 ms",
    "trained_async_200ms": "thinks while it moves, 200 ms",
    "trained_lambda_100ms": "the paper's Λ, 100 ms",
    "trained_lambda_200ms": "the paper's Λ, 200 ms",
}
MOVED = {
    "moved_sync_0ms": "the world frozen: the bound",
    "moved_async_100ms": "**as it ships**: seams damped, 100 ms",
    "moved_lambda_100ms": "the paper's Λ, 100 ms",
    "moved_naive_100ms": "switches at once, 100 ms",
    "moved_async_200ms": "**as it ships**: seams damped, 200 ms",
    "moved_lambda_200ms": "the paper's Λ, 200 ms",
    "moved_naive_200ms": "switches at once, 200 ms",
    "moved_async_400ms": "**as it ships**: seams damped, 400 ms",
    "moved_lambda_400ms": "the paper's Λ, 400 ms",
    "moved_naive_400ms": "switches at once, 400 ms",
}
BEYOND = {
    "sentences_async_100ms": "unseen sentences",
    "light_async_100ms": "unseen light",
    "camera_async_100ms": "displaced cameras",
    "six_async_100ms": "six bricks",
}


def row(r: Result, title: str) -> str:
    """One line of a table."""
    low, high = (100 * bound for bound in r["ci95"])
    time_s = f"{r['median_time_s']:.2f} s" if r["median_time_s"] is not None else "-"
    seam = f"{r['seam_ratio']:.2f}" if r["seam_ratio"] is not None else "-"
    success = f"{100 * r['success_rate']:.1f} % ({low:.1f} to {high:.1f})"
    idle = f"{100 * r['idle_share']:.1f} %"
    return f"| {title} | {success} | {r['episodes']:,} | {time_s} | {seam} | {idle} |"


def table(found: Mapping[str, Result], rows: Mapping[str, str]) -> list[str]:
    """Head and the rows that were measured."""
    return [
        "| | success (95 %) | episodes | median time | seam ratio | idle |",
        "|---|---|---|---|---|---|",
        *(row(found[name], title) for name, title in rows.items() if name in found),
    ]


def told(r: Result) -> str:
    """What became of the sentence that the policy was told, where another was scored."""
    return (
        f"The policy is told a sentence that fits the scene but asks for something else ({r['episodes']} "
        f"episodes). At the end, what it was told is done in {100 * r['spoken_success_rate']:.1f} %; what it "
        f"was not told, in {100 * r['success_rate']:.1f} %."
    )


def clamped(found: Mapping[str, Result]) -> list[str]:
    """In which share of ticks a limit changed the command, where the robot thinks while it moves."""
    shares = {name: _clamped(found[name]["rows"]) for name in ("trained_async_100ms", "moved_async_100ms")}
    limits = sorted({limit for share in shares.values() for limit in share})
    return [
        "| share of ticks | as in training, 100 ms | the brick is moved, 100 ms |",
        "|---|---|---|",
        *(
            f"| {limit} | " + " | ".join(f"{100 * share[limit]:.2f} %" for share in shares.values()) + " |"
            for limit in limits
        ),
    ]


def _clamped(rows: Sequence[Result]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for episode in rows:
        counts.update(episode["clamped_ticks"])
    ticks = sum(episode["ticks"] for episode in rows)
    return Counter({limit: count / ticks for limit, count in counts.items()})  # type: ignore[arg-type]


def expert(path: Path) -> str:
    """How often the scripted expert succeeds; of that where the brick is moved the file is beside."""
    moved = path.with_name(path.stem + "_moved.json")
    words = ("{successes} of {episodes}", "{successes} of {episodes} where the brick is moved")
    found = (json.loads(each.read_text()) for each in (path, moved))
    return " and ".join(text.format(**each) for text, each in zip(words, found, strict=True))


def weights(found: Mapping[str, Result], *, lambda_: bool) -> str:
    """Fingerprints of the policy that ships, or of the one that stands beside it."""
    of = (r for name, r in found.items() if (LAMBDA in name) == lambda_)
    return distinct(f"`{r['settings']['checkpoint']['fingerprint']}`" for r in of)


def distinct(values: Iterable[str]) -> str:
    """All values once, in order."""
    return ", ".join(sorted(set(values)))


def report(found: Mapping[str, Result], results: Path) -> str:
    """results/tiny/README.md."""
    runs = list(found.values())
    dates = sorted(r["date"][:10] for r in runs)
    return Template(TEXT.read_text()).substitute(
        weights=weights(found, lambda_=False),
        lambda_weights=weights(found, lambda_=True),
        trained="\n".join(table(found, TRAINED)),
        moved="\n".join(table(found, MOVED)),
        beyond="\n".join(table(found, BEYOND)),
        expert=expert(results / "expert.json"),
        told=told(found[TOLD_ANOTHER]),
        clamped="\n".join(clamped(found)),
        seeds=distinct(f"{r['settings']['first_seed']:,}" for r in runs),
        machines=distinct(f"{r['machine']['cpu']}, {r['machine']['cores']} cores" for r in runs),
        dates=dates[0] if dates[0] == dates[-1] else f"{dates[0]} to {dates[-1]}",
        codes=distinct(code for r in runs for code in r["code"]),
    )


def main(arguments: Sequence[str]) -> None:
    """Write the report, and what stands between the README's markers."""
    results, beside, target = map(Path, arguments)
    found = {path.stem: json.loads(path.read_text()) for path in sorted(results.glob("*ms*.json"))}
    head = "<!-- written by runs/tiny_table.py: change runs/tiny_report.md instead -->\n"
    beside.write_text(head + report(found, results))
    readme.put(target, START, END, table(found, HEADLINE))


if __name__ == "__main__":
    main(sys.argv[1:])
