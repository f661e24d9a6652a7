"""The whole plan of a job, and its refusal where the memory does not hold it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from xr0.train.plan.compute import UTILISATION, sample_flops, seconds_per_step
from xr0.train.plan.job import Job
from xr0.train.plan.memory import Memory, memory
from xr0.train.plan.parameters import Parameters, parameters

GB, TFLOP, DAY_S = 1e9, 1e12, 86_400.0

GPUS: Mapping[str, tuple[float, float]] = {
    "a100": (80.0, 312.0),
    "h100": (80.0, 989.0),
    "h200": (141.0, 989.0),
    "b200": (180.0, 2250.0),
    "l40s": (48.0, 362.0),
    "rtx4090": (24.0, 165.0),
    "rtx5090": (32.0, 209.0),
}
"""Memory [GB] and dense bfloat16 peak with float32 sums [TFLOP/s], by their makers' data sheets."""


@dataclass(frozen=True)
class Machine:
    """One GPU: memory [GB] and dense bfloat16 peak [TFLOP/s]."""

    name: str
    memory_gb: float
    tflops: float


@dataclass(frozen=True)
class Plan:
    """A prediction: nothing was run."""

    job: Job
    machine: Machine
    steps: int
    count: Parameters
    memory: Memory

    @property
    def fits(self) -> bool:
        """Whether a GPU's memory holds the peak."""
        return self.memory.peak <= self.machine.memory_gb * GB

    def refusal(self) -> str:
        """One line: what is needed, what there is, what would help."""
        return (
            f"plan: needs {self.memory.peak / GB:.1f} GB per GPU, {self.machine.name} has "
            f"{self.machine.memory_gb:g} GB; try {', '.join(self._remedies())}"
        )

    def _remedies(self) -> list[str]:
        job = self.job
        options = {
            f"--accumulate above {job.accumulate}": job.rows > 1,
            "--gradient-checkpointing": not job.checkpointing,
            "--shard fsdp": not job.fsdp and job.gpus > 1,
            "--trainable lora or expert": job.part == "all" and job.stage != "pretrain-choice",
            "--precision bf16": not job.bf16,
        }
        return [name for name, helps in options.items() if helps] or ["more or larger GPUs"]

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        flops = sample_flops(self.job)
        seconds = seconds_per_step(self.job, self.machine.tflops * TFLOP)
        return {
            "stage": self.job.stage,
            "trainable": self.job.part,
            "parameters": {"frozen": self.count.frozen, "trained": self.count.trained},
            "context_tokens": self.job.tokens,
            "samples_per_gpu": self.job.rows,
            "bytes_per_gpu": {
                "always": dict(self.memory.steady),
                "at the end of a forward": dict(self.memory.forward),
                "in the optimiser": dict(self.memory.optimiser),
                "peak": self.memory.peak,
            },
            "flops_per_sample": flops | {"total": sum(flops.values())},
            "flops_per_step": sum(flops.values()) * self.job.batch,
            "predicted": {
                "machine": f"{self.job.gpus} x {self.machine.name}",
                "utilisation": UTILISATION,
                "steps_per_s": 1.0 / seconds,
                "days": self.steps * seconds / DAY_S,
            },
        }

    def lines(self) -> list[str]:
        """For people."""
        job, found = self.job, self.to_dict()
        predicted = found["predicted"]
        sharing = f", {'FSDP' if job.fsdp else 'DDP'}" if job.gpus > 1 else ""
        rows = [
            f"{job.stage}, trainable {job.part}: {self.count.trained / 1e6:,.1f} M parameters learn, "
            f"{self.count.frozen / 1e6:,.1f} M are frozen",
            f"{job.gpus} x {self.machine.name}{sharing}: {job.batch} samples a step, {job.rows} at a time "
            f"per GPU, {job.tokens} context tokens each",
            "memory per GPU [GB]",
        ]
        for when, items in list(found["bytes_per_gpu"].items())[:3]:
            rows.append(f"  {when:38} {sum(items.values()) / GB:8.2f}")
            rows += [f"    {name:36} {value / GB:8.2f}" for name, value in items.items() if value]
        rows.append(f"  {'peak':38} {self.memory.peak / GB:8.2f} of {self.machine.memory_gb:g}")
        rows.append("TFLOP per sample")
        rows += [f"  {name:38} {value / TFLOP:8.3f}" for name, value in found["flops_per_sample"].items()]
        rows.append(
            f"prediction, at {UTILISATION:.0%} of {self.machine.tflops:g} TFLOP/s: "
            f"{predicted['steps_per_s']:.3g} steps/s, {self.steps:,} steps in {predicted['days']:.2f} days"
        )
        return rows


def plan(job: Job, machine: Machine, steps: int) -> Plan:
    """Of `steps` optimiser steps; nothing is run or allocated."""
    count = parameters(job)
    return Plan(job, machine, steps, count, memory(job, count))
