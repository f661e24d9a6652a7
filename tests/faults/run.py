"""Every case, one row each. Usage: python -m faults.run OUT.json [CASE ...]"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from faults import answer_cases, robot_cases, server_cases
from faults.bench import DEADLINES, run
from xr0_robot import report

CASES = (*server_cases.CASES, *answer_cases.CASES, *robot_cases.CASES)


def main(out: Path, names: list[str]) -> int:
    """Writes after every case; the exit status is 1 where a promise was broken."""
    unknown = sorted(set(names) - {case.name for case in CASES})
    if unknown:
        print(f"faults: got {unknown}, expected of {', '.join(case.name for case in CASES)}", file=sys.stderr)
        return 2
    rows: list[dict[str, Any]] = []
    for case in CASES:
        if names and case.name not in names:
            continue
        rows.append(run(case))
        row = rows[-1]
        print(
            "ok " if row["ok"] else "BAD", case.name, row["said"] or "", *row["wrong"], sep="  ", flush=True
        )
        report.write(
            out,
            {
                "cases": len(rows),
                "ok": sum(row["ok"] for row in rows),
                "deadlines": vars(DEADLINES),
                "code": report.code(),
                "machine": report.machine(),
                "versions": report.versions(),
                "date": report.now(),
                "rows": rows,
            },
        )
    return 0 if all(row["ok"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
