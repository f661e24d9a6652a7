"""The plan's memory against two real steps: post-training at full size on a CPU. Usage: OUT.json

Random weights, the VLM frozen in bfloat16, the action expert trained in float32 under autocast, one sample of
two 256 px views. Takes some 15 GB and minutes.
"""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path
from types import TracebackType

import torch

from xr0.bench import latency, shapes
from xr0.model.vla import VLA
from xr0.policy import Policy
from xr0.sizes import OFFICIAL_IMAGES, official_4b
from xr0.train import trainable
from xr0.train.plan.job import Job
from xr0.train.plan.memory import memory
from xr0.train.plan.parameters import parameters
from xr0.train.post_train import PostTrainStage
from xr0.train.prefixes import PAPER
from xr0.types import Batch
from xr0_robot import report

STEPS, VIEWS, PIXELS, HORIZON = 2, 2, 256, 30
SAMPLE_S = 0.01
"""Between two looks at the process's memory."""

LEARNING_RATE = 1e-4
WITHIN = 0.1
"""Share by which the prediction may be off."""


class Watch(threading.Thread):
    """The largest memory of this process while it is entered, in bytes: all, and what is no file's page."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak = {"RssAnon": 0, "RssFile": 0}
        self._over = threading.Event()

    def run(self) -> None:
        """Look again and again."""
        while not self._over.wait(SAMPLE_S):
            for name in self.peak:
                self.peak[name] = max(self.peak[name], status(name))

    def __enter__(self) -> Watch:
        self.start()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._over.set()
        self.join()


def status(name: str) -> int:
    """A line of /proc/self/status, in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name + ":"))


def sample() -> tuple[VLA, Batch]:
    """A model of random weights, and one sample for it."""
    policy = Policy(shapes.official_4b_checkpoint(VIEWS, HORIZON))
    given = policy.prepare(latency.fixed_requests(policy, latency.Fixture(VIEWS, PIXELS, 1, 0)))
    slots = policy.vla.config.action_dim
    batch = Batch(
        vlm=given.inputs,
        state=torch.zeros(1, 1, policy.vla.config.state_dim),
        actions=torch.randn(1, HORIZON, slots, generator=torch.Generator().manual_seed(0)),
        action_mask=torch.ones(1, HORIZON, slots),
        seeds=torch.tensor([5]),
        shared_seed=torch.tensor(0),
        origin=("made up",),
        committed=torch.zeros(1, dtype=torch.long),
    )
    return policy.vla, batch


def main() -> None:
    """Measure, predict, compare; RuntimeError where they are too far apart."""
    (out,) = map(Path, sys.argv[1:])
    before = status("VmRSS")
    vla, batch = sample()
    trainable.select(vla, "expert")
    for parameter in vla.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.float()
    stage = PostTrainStage(vla.train(), PAPER, frequency_weight=0.0)
    learnt = [p for p in stage.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(learnt, lr=LEARNING_RATE)
    losses, seconds = [], []
    with Watch() as watch:
        for _ in range(STEPS):
            start = time.perf_counter()
            with torch.autocast("cpu", torch.bfloat16):
                loss = stage(batch)["loss"]
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            losses.append(loss.item())
            seconds.append(time.perf_counter() - start)
    job = Job(
        "post-train",
        official_4b(),
        OFFICIAL_IMAGES,
        "expert",
        batch=1,
        views=VIEWS,
        pixels=PIXELS,
        horizon=HORIZON,
    )
    predicted = memory(job, parameters(job), "cpu")
    measured = sum(watch.peak.values())
    share = predicted.peak / measured - 1
    report.write(
        out,
        {
            "command": "python runs/plan_check.py OUT.json",
            "measured_bytes": {
                "peak": measured,
                "anonymous": watch.peak["RssAnon"],
                "file_mapped": watch.peak["RssFile"],
                "high_water_mark_of_all": status("VmHWM"),
                "interpreter_and_libraries": before,
            },
            "predicted_bytes": {"peak": predicted.peak, **vars(predicted)},
            "prediction_over_measurement": 1 + share,
            "context_tokens": {"measured": batch.vlm.input_ids.shape[1], "predicted": job.tokens},
            "losses": losses,
            "seconds_per_step": seconds,
            "when": report.now(),
            "machine": report.machine(),
            "versions": report.versions(),
        },
    )
    print(f"measured {measured / 1e9:.2f} GB, predicted {predicted.peak / 1e9:.2f} GB ({share:+.1%})")
    if abs(share) > WITHIN:
        raise RuntimeError(f"plan: predicted {share:+.1%} of the measured peak, expected within {WITHIN:.0%}")


if __name__ == "__main__":
    main()
