"""The report of runs/mutations.py: OUT.jsonl to report.json and README.md. Usage: OUT.jsonl RESULTS

RESULTS/harmless.json holds, by file and change, why a mutant that survives may. Refused if one has no reason.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from mutations import SEED, SHARE, TESTS, rows, sample

from xr0_robot import report

README = """# Do the tests notice when the code is wrong?

Written by `runs/mutations_table.py` from `runs/mutations.py`: one small change at a time (a comparison, a
number, an argument, a statement), drawn by seed {seed} from {share:.0%} of all changes of each file, and the
folder's own tests run against each. {date}, {cpu}.

| folder | mutants | noticed | of these by running on forever | survived |
|---|---|---|---|---|
{table}

Survivors, and why no user would feel them:

{survivors}
"""


def main() -> None:
    """Judge every mutant of the present sample; KeyError if one was not run."""
    found = {(row["file"], row["diff"]): row for row in rows(Path(sys.argv[1]))}
    results = Path(sys.argv[2])
    reasons = json.loads((results / "harmless.json").read_text(encoding="utf-8"))
    folders, survivors, killed, unexplained = {}, [], [], []
    for folder in TESTS:
        ran = [found[file, mutant.diff] for file, mutant in sample(Path.cwd(), folder)]
        alive = [row for row in ran if row["outcome"] == "survived"]
        unexplained += [row for row in alive if row["diff"] not in reasons.get(row["file"], {})]
        survivors += [row | {"reason": reasons.get(row["file"], {}).get(row["diff"])} for row in alive]
        killed += [row for row in ran if row["outcome"] != "survived"]
        timeouts = sum(row["outcome"] == "timeout" for row in ran)
        folders[folder] = {"mutants": len(ran), "survived": len(alive), "timeout": timeouts}
    if unexplained:
        raise SystemExit(
            "no reason for:\n" + "\n".join(f"{row['file']}\n{row['diff']}" for row in unexplained)
        )
    content = {
        "seed": SEED,
        "share": SHARE,
        "folders": folders,
        "survived": survivors,
        "noticed": killed,
        "sources": {folder: fingerprint(folder) for folder in TESTS},
        "machine": report.machine(),
        "versions": report.versions(),
        "date": report.now(),
    }
    report.write(results / "report.json", content)
    (results / "README.md").write_text(readme(content), encoding="utf-8")


def fingerprint(folder: str) -> str:
    """Of the code that was broken."""
    files = sorted(Path(folder).glob("*.py"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]


def readme(content: dict[str, Any]) -> str:
    """For people."""
    table = [
        f"| `{folder}` | {n['mutants']} | {n['mutants'] - n['survived']} | {n['timeout']} | {n['survived']} |"
        for folder, n in content["folders"].items()
    ]
    survivors = [f"- `{row['file']}:{row['line']}` {row['reason']}" for row in content["survived"]]
    return README.format(
        seed=content["seed"],
        share=content["share"],
        date=content["date"][:10],
        cpu=content["machine"]["cpu"],
        table="\n".join(table),
        survivors="\n".join(survivors),
    )


if __name__ == "__main__":
    main()
