"""The control loop under load: results/realtime/tick_jitter_RATE.json.

Usage: python runs/tick_jitter.py [--rate HZ] [--minutes N] [--burners N] [--out FILE]
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
    parser.add_argument("--out", type=Path, default=None)
    given = parser.parse_args()
    found = measure(given.rate, given.minutes * 60, given.burners)
    report.write(given.out or RESULTS / f"tick_jitter_{given.rate:g}hz.json", found)
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
