"""results/vlm/README.md from the results beside it: python runs/vlm/sight_table.py results/vlm"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tyro

from xr0.checkpoints.folder import read_json
from xr0_robot import report

WHAT = {
    "before": "before post-training (`checkpoints/tiny`)",
    "expert": "post-trained with the paper's prefixes, the VLM frozen (`checkpoints/tiny_lambda`)",
    "all": "post-trained on demonstrations alone, the VLM learning too",
}

HEAD = """# Does the brain keep its sight?

`runs/vlm_sight.sh`: the brick table's questions (answered in words, right word for word) and places (a box
that overlaps by half, or a point within 50 thousandths of the picture), of 20 held-out scenes (seeds
5,940,000 on), to the tiny model by {kit}. 95 % intervals (Wilson).

| the tiny model | questions | places | its VLM's weights |
|---|---|---|---|
"""

FROZEN = """
Equal weights answer equally: stage 2 and the shipped post-training do not touch the VLM, which sees as it did
after stage 1.
"""


def row(name: str, found: dict[str, Any]) -> str:
    """One model's line."""
    cells = []
    for score in found["scores"]:
        count = score["questions"]
        right = round(score["score"] / 100 * count)
        low, high = (100 * edge for edge in report.wilson(right, count))
        cells.append(f"{score['score']:.1f} % ({low:.1f} to {high:.1f}) of {count}")
    return f"| [{WHAT[name]}]({name}.json) | {' | '.join(cells)} | `{found['model']['fingerprint']}` |"


def main(folder: tyro.conf.Positional[Path]) -> None:
    """Write README.md of a results folder."""
    found = {
        name: dict(read_json(folder / f"{name}.json")) for name in WHAT if (folder / f"{name}.json").is_file()
    }
    first = next(iter(found.values()))
    kit = f"{first['toolkit']['name']} {first['toolkit']['version']}"
    rows = [row(name, results) for name, results in found.items()]
    frozen = (
        FROZEN if len({results["model"]["fingerprint"] for results in found.values()}) < len(found) else ""
    )
    machine = f"{first['machine']['cpu']}, {first['device']}, {first['written'][:10]}, code {first['code']}."
    text = HEAD.format(kit=kit) + "\n".join(rows) + "\n" + frozen + "\n" + machine + "\n"
    (folder / "README.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    tyro.cli(main)
