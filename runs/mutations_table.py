"""The report of runs/mutations.py: OUT.jsonl to report.json and README.md. Usage: OUT.jsonl RESULTS

RESULTS/harmless.json holds, by file and change, why a mutant that survives may. Refused if one has no reason.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mutations import SEED, SHARE, TESTS, rows, sample

from xr0_robot import report

README = """# Do the tests notice when the code is wrong?

Written by `runs/mutations_table.py` from `runs/mutations.py`: one small change at a time (a comparison, a
number, an argument, a statement), drawn by seed {seed} from {share:.0%} of all changes of each file, and the
folder's own tests run against each. {date}, {cpu}, code {code}: what came later is not in it.

| folder | mutants | a test failed | never came back | survived |
|---|---|---|---|---|
{table}

Survivors, and why no user would feel them:

{survivors}
"""


def main() -> None:
    """Judge every mutant of the present sample."""
    out, results = Path(sys.argv[1]), Path(sys.argv[2])
    ran = judged(rows(out), json.loads((results / "harmless.json").read_text(encoding="utf-8")))
    content = {
        "seed": SEED,
        "share": SHARE,
        "folders": {folder: counts(row for row in ran if row["folder"] == folder) for folder in TESTS},
        "survived": [row for row in ran if row["outcome"] == "survived"],
        "noticed": [row for row in ran if row["outcome"] != "survived"],
        "code": report.code(),
        "machine": report.machine(),
        "versions": report.versions(),
        "date": report.now(),
    }
    report.write(results / "report.json", content)
    (results / "README.md").write_text(readme(content), encoding="utf-8")


def judged(ran: list[dict[str, Any]], reasons: dict[str, dict[str, str]]) -> list[dict[str, Any]]:
    """What became of each mutant of the present sample; SystemExit if one was not run or not explained."""
    known, found, open_ = {(row["file"], row["diff"]): row for row in ran}, [], []
    for folder in TESTS:
        for file, mutant in sample(Path.cwd(), folder):
            row = known.get((file, mutant.diff), {"outcome": "not run"})
            row = row | {"folder": folder, "file": file, "line": mutant.line}
            if row["outcome"] == "survived":
                row["reason"] = reasons.get(file, {}).get(mutant.diff)
            if row["outcome"] == "not run" or row.get("reason", "") is None:
                open_.append(f"{row['outcome']}: {file}:{mutant.line}\n{mutant.diff}")
            found.append(row)
    if open_:
        raise SystemExit("\n".join(open_))
    return found


def counts(ran: Iterable[dict[str, Any]]) -> dict[str, int]:
    """How many of each outcome."""
    outcomes = Counter(row["outcome"] for row in ran)
    return {"mutants": outcomes.total()} | {
        name: outcomes[name] for name in ("killed", "timeout", "survived")
    }


def readme(content: dict[str, Any]) -> str:
    """For people."""
    table = [
        f"| `{folder}` | {n['mutants']} | {n['killed']} | {n['timeout']} | {n['survived']} |"
        for folder, n in content["folders"].items()
    ]
    survivors = [f"- `{row['file']}:{row['line']}` {row['reason']}" for row in content["survived"]]
    return README.format(
        seed=content["seed"],
        share=content["share"],
        date=content["date"][:10],
        cpu=content["machine"]["cpu"],
        code=content["code"],
        table="\n".join(table),
        survivors="\n".join(survivors),
    )


if __name__ == "__main__":
    main()
