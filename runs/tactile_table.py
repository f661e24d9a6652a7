"""The report of the fingertips beside its numbers, and the few lines of it in the README.

Usage: RESULTS REPORT README. Writes REPORT whole (results/tactile/README.md), and README between its markers.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from string import Template

import insertion_table
import readme
import tactile_tables as tables
from tactile_tables import HEADLINE, Report, group_row

from xr0_robot.touch.sensor.increment import DOF

START, END = "<!-- results/tactile: written by runs/tactile_table.py -->", "<!-- end of tactile -->"
TEXT = Path(__file__).with_name("tactile_report.md")
"""The report's prose, with $names where tables and numbers go."""

BLOCKS = ("report.json", "report_7000000.json", "report_8000000.json")
"""By first seed. The first has all groups and baselines, the last the calibrated predictor."""

FIRST, SECOND = ("seen", "held_out"), ("second_simulator",)
"""Groups of the first and of the second simulator."""


def span(report: Report, groups: Sequence[str], key: str) -> str:
    """Smallest and largest share within one sigma, in percent."""
    shares = [100 * share for group in groups for share in report[group][key]["within_1_sigma"].values()]
    return f"{min(shares):.0f} to {max(shares):.0f} %"


def readme_lines(reports: Sequence[Report], results: Path) -> list[str]:
    """The headline, over all seeds."""
    last = reports[-1]
    rates = [insertion_table.success(g) for g in insertion_table.groups(results / "insertion.json").values()]
    return [
        "| refined by touch: success in % (95 %) | unrefined, 5° 5 mm | 5° 5 mm | 5° 1 mm | 3° 0.5 mm "
        "| median error left | n |",
        "|---|---|---|---|---|---|---|",
        *(group_row([r[name] for r in reports], title) for name, title in HEADLINE.items()),
        "",
        "| a key, carried by a script into a slot: inserted in % (95 %) | as first held | refined by touch |",
        "|---|---|---|",
        f"| taken from a stand, grasped again | {rates[0]} | {rates[1]} |",
        f"| handed over in the air, corrected at the placing | {rates[2]} | {rates[3]} |",
        "",
        f"Of the errors, {span(last, FIRST, 'calibration')} are within the predicted sigma in the first "
        f"simulator, {span(last, SECOND, 'calibration')} in the second; 68 % is right.",
    ]


def report_text(reports: Sequence[Report], results: Path) -> str:
    """The whole report."""
    first, last = reports[0], reports[-1]
    speed = json.loads((results / "speed.json").read_text())
    scale = dict(zip(DOF, last["settings"]["checkpoint"]["sigma_scale"], strict=True))
    tabled = {
        "success": tables.success_table(reports),
        "targets": tables.target_table(reports),
        "methods": tables.method_table(first),
        "errors": tables.error_table(first),
        "sigma": tables.sigma_table(last),
        "families": tables.family_table(reports),
        "insertion": insertion_table.lines(results / "insertion.json"),
    }
    return Template(TEXT.read_text()).substitute(
        {name: "\n".join(lines) for name, lines in tabled.items()},
        own_first=span(last, FIRST, "calibration_unscaled"),
        calibrated_first=span(last, FIRST, "calibration"),
        own_second=span(last, SECOND, "calibration_unscaled"),
        calibrated_second=span(last, SECOND, "calibration"),
        factors=", ".join(f"{name} {scale[name]:.2f}" for name in tables.FELT),
        parameters=f"{first['parameters']:,}",
        latency=f"{first['latency_ms']['p50']:.2f} ms",
        speed=f"{speed['foundation_grasps_per_s']:.0f}",
        sprung_speed=f"{speed['sprung_grasps_per_s']:.0f}",
        fingerprint=first["settings"]["checkpoint"]["fingerprint"],
    )


def main() -> None:
    """Write both."""
    results, target, front = map(Path, sys.argv[1:])
    reports = [json.loads((results / name).read_text()) for name in BLOCKS]
    target.write_text(report_text(reports, results))
    readme.put(front, START, END, readme_lines(reports, results))


if __name__ == "__main__":
    main()
