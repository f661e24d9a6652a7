"""The released size on disk: loading costs no second copy, and one inference works. Writes results/cpu/."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from xr0.checkpoints.convert import random
from xr0.sizes import official_4b
from xr0_robot import report

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
CHECKPOINT = ROOT / "data" / "random_4b"
WEIGHT_BYTES = 2 * 4_716_274_176
LOAD_LIMIT = 1.15
"""Peak memory of loading over the size of the weights."""

RUN = """
import json, resource, sys, time
import numpy as np
from xr0.policy import Policy, Request

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

before, start = peak(), time.perf_counter()
policy = Policy.from_pretrained(sys.argv[1])
touched = sum(float(p.flatten()[::2048].float().sum()) * 0 for p in policy.vla.parameters())  # 4 KB pages
loaded_s, loaded = time.perf_counter() - start, peak()
rng = np.random.default_rng(0)
images = {c.key: rng.integers(0, 256, (256, 256, 3), np.uint8) for c in policy.embodiment.cameras}
request = Request(images, rng.normal(size=8), "put the red brick in the left bin", None, 0)
runs = []
for _ in range(3):
    actions, timing = policy.infer(request)
    runs.append(timing.total_ms / 1e3)
print(json.dumps({
    "imports_peak_bytes": before, "load_s": loaded_s, "load_peak_bytes": loaded, "inference_s": runs,
    "stages_ms": vars(timing), "peak_bytes": peak(), "shape": list(actions.shape),
    "finite": bool(np.isfinite(actions).all()), "dtype": str(policy.dtype), "touched": touched,
}))
"""


@pytest.mark.timeout(1800)
def test_a_full_size_checkpoint_loads_without_a_second_copy_and_acts() -> None:
    if not CHECKPOINT.is_dir():
        random(official_4b(), CHECKPOINT, seed=0)
    ran = subprocess.run([sys.executable, "-c", RUN, CHECKPOINT], capture_output=True, text=True, check=True)
    found = json.loads(ran.stdout.splitlines()[-1])
    report.write(
        ROOT / "results/cpu/load_official_4b.json",
        {
            **found,
            "weight_bytes": WEIGHT_BYTES,
            "load_peak_over_weights": found["load_peak_bytes"] / WEIGHT_BYTES,
            "views": "2 x 256 px",
            "seed": 0,
            "machine": report.machine(),
            "versions": report.versions(),
            "date": report.now(),
        },
    )
    assert found["shape"] == [10, 7]
    assert found["finite"]
    assert found["dtype"] == "torch.bfloat16"
    assert found["load_peak_bytes"] <= LOAD_LIMIT * WEIGHT_BYTES
