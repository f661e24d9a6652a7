"""The control loop under load: results/realtime/tick_jitter_RATE.json; without real-time priority
tick_jitter_plain_RATE.json.

Usage: python runs/tick_jitter.py [--plain] [--rate HZ] [--minutes N] [--burners N] [--out FILE]
Nothing else may run meanwhile.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

from xr0_robot import report
from xr0_robot.bench.steadiness import measure

RESULTS = Path(__file__).resolve().parents[1] / "results" / "realtime"


def main() -> None:
    """Measure, write, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=30.0, help="Hz")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--burners", type=int, default=os.cpu_count(), help="busy processes; one per core")
    parser.add_argument("--plain", action="store_true", help="the loop's thread is one among others")
    parser.add_argument("--out", type=Path, default=None)
    given = parser.parse_args()
    found = measure(given.rate, given.minutes * 60, given.burners, first=not given.plain)
    name = f"tick_jitter{'_plain' * given.plain}_{given.rate:g}hz.json"
    report.write(given.out or RESULTS / name, found)
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
