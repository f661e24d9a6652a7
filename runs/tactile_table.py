"""The README's tables of the fingertips from results/tactile, between their markers. Usage: RESULTS README"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from xr0_robot.touch.sensor.increment import DOF

START, END = "<!-- results/tactile: written by runs/tactile_table.py -->", "<!-- end of tactile -->"

GROUPS = {
    "seen": "new shapes of seen families",
    "held_out": "held-out families",
    "second_simulator": "held-out families, second simulator",
    "second_simulator_seen": "seen families, second simulator",
    "reserved": "reserved families",
    "seen_fixed_goal": "seen families, goals as designed",
    "held_out_fixed_goal": "held-out families, goals as designed",
    "seen_near": "seen families, near starts",
    "held_out_near": "held-out families, near starts",
}
HEADLINE = ("seen", "held_out", "second_simulator")
OTHER_SEEDS = "report_7000000.json"
FELT = DOF[1:]
"""The closing axis is not felt."""
SIMULATORS = {"held_out": "elastic foundation", "second_simulator": "sprung spheres"}
METHODS = {
    "none": "no refinement",
    "centroid": "centre of pressure",
    "moments": "moments, principal axis",
    "image_registration": "image registration",
    "touch_zeroed": "joints only",
    "absolute_then_subtract": "pose of each, then subtract, two sevenths of the training",
    "one_shot": "one move instead of five",
    "model_based_bound": "fit of the true shape",
    "vit": "the paper's encoder, a nineteenth of the training",
}


def rate(found: dict[str, Any], key: str) -> str:
    """A success rate with its interval, in percent."""
    low, high = (100 * bound for bound in found[f"{key}_ci95"])
    return f"{100 * found[key]:.1f} ({low:.0f} to {high:.0f})"


def group_row(found: dict[str, Any], title: str) -> str:
    """One line of the first table."""
    after = found["errors"]["after_5"]
    return (
        f"| {title} | {100 * found['unrefined_5deg_5mm']:.0f} | {rate(found, 'success_5deg_5mm')} "
        f"| {rate(found, 'success_5deg_1mm')} | {rate(found, 'success_3deg_0_5mm')} "
        f"| {after['mm']['median']:.2f} mm, {after['deg']['median']:.1f}° | {found['n']} |"
    )


def method_row(report: dict[str, Any], name: str, title: str) -> str:
    """One line of the second table."""
    cells = []
    for group in ("seen", "held_out"):
        found = report[group] if name == "network" else report[group]["baselines"][name]
        cells += [rate(found, "success_5deg_1mm"), rate(found, "success_3deg_0_5mm")]
    return f"| {title} | {' | '.join(cells)} |"


def dof_row(found: dict[str, Any], title: str) -> str:
    """One line of the third table: what is left of each degree of freedom, where touch can tell it."""
    left = found["errors"]["after_5"]["by_dof"]
    cells = []
    for name in FELT:
        median, p90 = left[name]["median"], left[name]["p90"]
        cells.append(f"{median:.2f}, {p90:.2f} mm" if name in "yz" else f"{median:.1f}, {p90:.1f}°")
    return f"| {title} | {' | '.join(cells)} |"


def main() -> None:
    """Replace what stands between the markers."""
    results, readme = map(Path, sys.argv[1:])
    report, others, speed = (
        json.loads((results / name).read_text()) for name in ("report.json", OTHER_SEEDS, "speed.json")
    )
    latency, rate_s = report["latency_ms"]["p50"], speed["foundation_grasps_per_s"]
    lines = [
        "| success in % (95 %) | unrefined, 5° 5 mm | 5° 5 mm | 5° 1 mm | 3° 0.5 mm | median left | n |",
        "|---|---|---|---|---|---|---|",
        *(group_row(report[name], title) for name, title in GROUPS.items()),
        *(group_row(others[name], f"{GROUPS[name]}, other seeds") for name in HEADLINE),
        "",
        "| what else was tried | seen, 5° 1 mm | 3° 0.5 mm | held out, 5° 1 mm | 3° 0.5 mm |",
        "|---|---|---|---|---|",
        method_row(report, "network", "**TacRefineNet**"),
        *(
            method_row(report, name, title)
            for name, title in METHODS.items()
            if name in report["seen"]["baselines"]
        ),
        "",
        f"| held-out families, left: median, 90th | {' | '.join(FELT)} |",
        f"|---{'|---' * len(FELT)}|",
        *(dof_row(report[name], title) for name, title in SIMULATORS.items()),
        "",
        f"{report['parameters']:,} parameters; a prediction takes {latency:.2f} ms on one core, which "
        f"simulates {rate_s:.0f} grasps a second for training.",
    ]
    before, rest = readme.read_text().split(START)
    _, after = rest.split(END)
    readme.write_text("\n".join([before + START, *lines, END + after]))


if __name__ == "__main__":
    main()
