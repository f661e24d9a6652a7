"""The report beside the recipe's numbers, between its marks in RESULTS/README.md. Usage: RESULTS"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from string import Template
from typing import Any

import readme

START, END = "<!-- proofs: written by runs/recipe_table.py -->", "<!-- end of proofs -->"
TEXT = Path(__file__).with_name("recipe_report.md")
"""The report's prose, with $names where tables go."""

QUICK = " (**quick form**: a few steps and episodes that prove nothing but that all of it runs)"
FULL = "recipe"
"""Name of the folder of a full run."""

OURS = ("bodies_", "sight_", "fork_", "choice_head", "euler_", "edges_")
"""What names of this report's results begin with; others share the folder."""

Found = Mapping[str, Mapping[str, Any]]
"""Results by the name of their file."""

PARTS = {"expert": "action expert", "lora": "adapters (LoRA)", "all": "everything"}
STAGE_2 = {"choice": "stage 1", "expert": "stage 2, VLM frozen", "all": "stage 2, VLM learns"}
HEADS = {
    "fork_choice_1": "fork, choice head, 1 candidate",
    "fork_choice_5": "fork, choice head, 5 candidates",
    "fork_flow": "fork, flow head",
    "choice_head": "bricks, choice head, 5 candidates",
    "sight_on_expert_robot": "bricks, flow head",
}


def share(value: float, ci95: tuple[float, float]) -> str:
    """In percent."""
    low, high = (100 * bound for bound in ci95)
    return f"{100 * value:.1f} % ({low:.1f} to {high:.1f})"


def success(found: Found, name: str) -> str:
    """Of an evaluation, a dash where it was not run."""
    return share(found[name]["success_rate"], found[name]["ci95"]) if name in found else "-"


def answered(found: Found, name: str, kind: str) -> str:
    """Of held-out questions."""
    return share(found[name][kind]["share"], found[name][kind]["ci95"]) if name in found else "-"


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """In Markdown."""
    titles = list(head)
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def counts(found: Found, start: str) -> list[int]:
    """Numbers of demonstrations of which there are results."""
    ends = (name.removeprefix(start) for name in found if name.startswith(start))
    return sorted(int(end) for end in ends if end.isdigit())


def bodies(found: Found) -> Iterator[list[str]]:
    """A row for each number of demonstrations."""
    for n in counts(found, "bodies_alone_"):
        yield [str(n), *(success(found, f"bodies_{what}_{n}") for what in ("alone", "helped"))]


def sight(found: Found) -> Iterator[list[str]]:
    """A row for each checkpoint."""
    for talk in ("on", "off"):
        for stage, title in STAGE_2.items():
            name = f"sight_{talk}_{stage}"
            kinds = (answered(found, name, kind) for kind in ("questions", "grounding"))
            yield [talk, title, *kinds, success(found, f"{name}_robot")]


def heads(found: Found) -> Iterator[list[str]]:
    """A row for each policy."""
    for name, title in HEADS.items():
        yield [title, success(found, name), str(found[name]["episodes"]) if name in found else "-"]


def euler(found: Found) -> Iterator[list[str]]:
    """A row for each number of steps."""
    measured = found.get("euler_error")
    if measured is None:
        return
    for steps, errors in measured["errors"].items():
        yield [steps, success(found, f"euler_{steps}"), *map(_mm, errors.values())]


def _mm(error: Mapping[str, float]) -> str:
    value, low, high = (1e3 * error[name] for name in ("value", "low", "high"))
    return f"{value:.2f} ({low:.2f} to {high:.2f})"


def edges(found: Found) -> Iterator[list[str]]:
    """A row for what is trained, and the start as it is."""
    yield ["nothing", "0", success(found, "edges_untrained"), "-"]
    for part, title in PARTS.items():
        for n in counts(found, f"edges_{part}_"):
            run = f"edges_{part}_{n}"
            took = found.get(f"{run}_training")
            yield [title, str(n), success(found, run), f"{took['seconds']:.0f}" if took else "-"]


def report(found: Found, form: str) -> str:
    """The section."""
    runs = [result for result in found.values() if "code" in result]
    dates = sorted(str(result.get("date", result.get("written")))[:10] for result in runs)
    codes = {c for r in runs for c in ([r["code"]] if isinstance(r["code"], str) else r["code"])}
    return Template(TEXT.read_text()).substitute(
        form=form,
        bodies=table(["demonstrations", "alone", "helped"], bodies(found)),
        sight=table(["co-training", "behind", "questions", "places", "success"], sight(found)),
        heads=table(["", "success", "episodes"], heads(found)),
        euler=table(["steps", "success", "to 100 steps [mm]", "to demonstrated [mm]"], euler(found)),
        edges=table(["trained", "demonstrations", "success", "seconds"], edges(found)),
        machines=", ".join(sorted({f"{r['machine']['cpu']}, {r['machine']['cores']} cores" for r in runs})),
        dates=" to ".join(dict.fromkeys((dates[0], dates[-1]))),
        codes=", ".join(sorted(codes)),
    )


def main() -> None:
    """Write what stands between the marks, and leave other parts' sections alone."""
    (results,) = map(Path, sys.argv[1:])
    paths = [path for path in sorted(results.glob("*.json")) if path.name.startswith(OURS)]
    found = {path.stem: json.loads(path.read_text()) for path in paths}
    target = results / "README.md"
    if not target.exists():
        target.write_text(f"{START}\n{END}\n")
    elif START not in target.read_text():
        target.write_text(f"{target.read_text()}\n{START}\n{END}\n")
    readme.put(target, START, END, report(found, "" if results.name == FULL else QUICK).splitlines())


if __name__ == "__main__":
    main()
