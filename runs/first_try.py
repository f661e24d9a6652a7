"""How often a brick is sorted at the first grasp: within 4 s. Usage: RESULT..., of `xr0 eval bricks`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

FIRST_TRY_S = 4.0
"""Leaves no time for a second grasp: the expert takes 3 s for all of it."""

for path in map(Path, sys.argv[1:]):
    found = json.loads(path.read_text())
    times = [row["time_s"] for row in found["rows"]]
    first = sum(time_s is not None and time_s <= FIRST_TRY_S for time_s in times) / len(times)
    print(
        f"{path.stem}: success {found['success_rate']:.0%}, first try {first:.0%}, "
        f"seam ratio {found['seam_ratio']:.2f}, {len(times)} episodes"
    )
