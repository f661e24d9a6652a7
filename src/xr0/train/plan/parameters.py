"""How many parameters a job keeps frozen and trains, and how it shards them: from shapes without memory."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from xr0.model import vlm
from xr0.model.choice import ChoiceHeads
from xr0.model.vla import VLA
from xr0.train import sharing, trainable
from xr0.train.plan.job import Job


@dataclass(frozen=True)
class Parameters:
    """Counts. largest: of the largest block that is sharded by itself. around: (frozen, trained) of what is
    sharded together around the blocks, and stays gathered during a pass."""

    frozen: int
    trained: int
    largest: int
    around: tuple[int, int]
    largest_tensor: int


def parameters(job: Job) -> Parameters:
    """Of the module that is trained: stage 1 has the VLM and its heads, the others the whole model."""
    with torch.device("meta"):
        vla = VLA(job.config)
        vlm.tie(vla.vlm)
        stage: nn.Module = vla
        if job.stage == "pretrain-choice":
            heads = ChoiceHeads(
                vlm.text_size(vla.vlm), job.config.state_dim, job.config.action_dim, job.horizon
            )
            stage = nn.ModuleList([vla.vlm, heads])
        else:
            trainable.select(vla, job.part)
    blocks = sharing.blocks(stage)
    inside = {id(p) for block in blocks for p in block.parameters()}
    around = [p for p in stage.parameters() if id(p) not in inside]
    trained = [p.numel() for p in stage.parameters() if p.requires_grad]
    return Parameters(
        frozen=sum(p.numel() for p in stage.parameters() if not p.requires_grad),
        trained=sum(trained),
        largest=max(sum(p.numel() for p in block.parameters()) for block in blocks),
        around=(
            sum(p.numel() for p in around if not p.requires_grad),
            sum(p.numel() for p in around if p.requires_grad),
        ),
        largest_tensor=max(trained),
    )
