# pyright: reportMissingImports=false, reportAttributeAccessIssue=false
"""A checkpoint behind Ray Serve: `serve run deploy/ray.yaml`, whose `args` are `Given`."""

from functools import partial
from pathlib import Path

import torch
from pydantic import BaseModel, ConfigDict
from ray import serve

from xr0.checkpoints import pretrained
from xr0.checkpoints.options import LoadOptions
from xr0.config import FASTEST, FLOW_STEPS, ExecutionName
from xr0.policy import Policy
from xr0.serve.adapter import ServedPolicy
from xr0.serve.cluster.replica import Replica
from xr0.serve.scheduler import LARGEST_BATCH


class Given(BaseModel):
    """What each replica serves, as `xr0 serve` has it. Paths are those of its machine."""

    model_config = ConfigDict(extra="forbid")

    checkpoint: str
    keys: Path | None = None
    largest_batch: int = LARGEST_BATCH
    threads: int = 1
    flow_steps: int = FLOW_STEPS
    execution: ExecutionName = FASTEST


def app(given: Given) -> serve.Application:
    """Replicas of a checkpoint that leaves nothing open: convert a released one first."""
    return Replica.bind(partial(_load, given), given.keys, given.largest_batch)


def _load(given: Given) -> ServedPolicy:
    torch.set_num_threads(given.threads)
    loaded = pretrained.load(given.checkpoint, LoadOptions())
    return ServedPolicy(Policy(loaded, steps=given.flow_steps, execution=given.execution))
