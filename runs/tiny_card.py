"""Model card of a small checkpoint, and the log of the stages so far. Usage: WORK CHECKPOINT RESULTS"""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date
from pathlib import Path

import torch
import transformers

from xr0.checkpoints import folder as checkpoint
from xr0.checkpoints import tensors
from xr0_robot.report import machine

STAGES = ("choice", "flow", "post")


def stage(folder: Path) -> dict[str, object]:
    """Settings and the logged losses of one stage."""
    settings = json.loads((folder / "settings.json").read_text())
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return {**settings, "log": rows}


def commit() -> str:
    """Of the code that trained, where this is a git checkout."""
    asked = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    return asked.stdout.strip() or "not a git checkout"


def main() -> None:
    """Write model_card.json beside the weights and training_log.json into results."""
    work, folder, results = map(Path, sys.argv[1:])
    loaded = checkpoint.load(folder)
    stats = loaded.robot(None).stats
    parameters = {
        name: sum(p.numel() for p in module.parameters()) for name, module in loaded.vla.named_children()
    }
    demos = json.loads((work / "demos/meta/demos.json").read_text())
    card = {
        "name": f"xr0 {folder.name}",
        "task": "put one of four bricks into one of two bins, as a sentence says (simulated)",
        "parameters": {"total": sum(parameters.values()), **parameters},
        "fingerprint": loaded.fingerprint,
        "bytes": (folder / tensors.SINGLE).stat().st_size,
        "contract": loaded.contract.name,
        "action_horizon": stats.horizon,
        "data": {
            "episodes": sum(demo["success"] for demo in demos),
            "seeds": [demos[0]["seed"], demos[-1]["seed"]],
            "statistics": stats.fingerprint,
        },
        "made_by": "runs/tiny.sh",
        "commit": commit(),
        "date": date.today().isoformat(),
        "machine": machine(),
        "versions": {"torch": torch.__version__, "transformers": transformers.__version__},
        "limits": "Trained on one simulated table. Not for a real arm.",
    }
    (folder / "model_card.json").write_text(json.dumps(card, indent=1) + "\n")
    log = {name: stage(work / name) for name in STAGES if (work / name / "checkpoint").is_dir()}
    (results / "training_log.json").write_text(json.dumps(log, indent=1) + "\n")
    print(f"{folder}: {sum(parameters.values()):,} parameters, {loaded.fingerprint}")


if __name__ == "__main__":
    main()
