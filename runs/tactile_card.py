"""Model card and training logs of the tactile network. Usage: WORK CHECKPOINT RESULTS"""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path

import torch

from xr0.checkpoints import tensors
from xr0.touch.net import parameters
from xr0.touch.predictor import Predictor
from xr0.touch.randomise import FORCE_N
from xr0.touch.task import GOALS, TRAIN_SEEDS, WIDE
from xr0_robot.report import machine
from xr0_robot.touch.sensor.families import HELD_OUT, RESERVED, SEEN

STAGES = ("refine", "absolute", "blind", "refine_vit")


def log(folder: Path) -> dict[str, object]:
    """Settings and the logged losses of one run."""
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    validated = [row for row in rows if "validation nll" in row]
    timed = [row for row in rows if "seconds" in row]
    every = max(1, len(timed) // 200)
    return {
        **json.loads((folder / "settings.json").read_text()),
        "log": timed[::every] + timed[-1:],
        "validation": validated[:: max(1, len(validated) // 100)] + validated[-1:],
    }


def main() -> None:
    """Write model_card.json beside the weights and training_log.json into results."""
    work, folder, results = map(Path, sys.argv[1:])
    predictor = Predictor.from_pretrained(folder)
    settings = json.loads((work / "refine/settings.json").read_text())
    card = {
        "name": "xr0 tactile",
        "task": "from two grasps of one object, felt by two 11 x 9 pads, to the wrist motion between them",
        "parameters": parameters(predictor.net),
        "fingerprint": predictor.fingerprint,
        "bytes": (folder / tensors.SINGLE).stat().st_size,
        "data": {
            "shapes": settings["shapes"],
            "seeds": list(TRAIN_SEEDS),
            "families": list(SEEN),
            "held_out_families": [*HELD_OUT, *RESERVED],
            "goals": vars(GOALS),
            "starts": vars(WIDE),
            "force_n": list(FORCE_N),
        },
        "made_by": "runs/tactile.sh",
        "date": date.today().isoformat(),
        "machine": machine(),
        "versions": {"torch": torch.__version__},
        "limits": "Trained in simulation only, on elastic pads and small parts. Not tried on hardware.",
    }
    (folder / "model_card.json").write_text(json.dumps(card, indent=1) + "\n")
    logs = {name: log(work / name) for name in STAGES if (work / name / "settings.json").exists()}
    (results / "training_log.json").write_text(json.dumps(logs, indent=1) + "\n")
    print(f"{folder}: {card['parameters']:,} parameters, {predictor.fingerprint}")


if __name__ == "__main__":
    main()
