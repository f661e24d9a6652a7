"""The choice heads of a stage-1 run as a policy, without an action expert: behind the wire, or at hand.

Usage: RUN [PORT]; 0, the default, takes a free one and prints it. With one candidate there is nothing to
choose: plain behaviour cloning.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from xr0.checkpoints import weights
from xr0.checkpoints.folder import Checkpoint, load
from xr0.config import ExecutionName
from xr0.engine import Prepared, Watch
from xr0.model import vlm
from xr0.model.choice import ChoiceHeads
from xr0.policy import Policy
from xr0.recipes.finish import CHECKPOINT, HEADS
from xr0.serve.adapter import ServedPolicy
from xr0.serve.server import Settings, serve


class Choosing:
    """An `Execution`: of each request the candidate with the smallest predicted error; nothing is drawn."""

    name: ExecutionName = "eager"

    def __init__(self, brain: vlm.Qwen3VL, heads: ChoiceHeads) -> None:
        self._brain, self._heads = brain, heads

    def __call__(self, given: Prepared, watch: Watch) -> Float[Tensor, "b t d"]:
        """Actions. Vision, context and heads are one pass, told as the prefill."""
        watch.by = self.name
        watch.mark()
        actions = self._heads.act(self._brain, given.inputs, given.state)
        watch.mark()
        return actions[:, : given.action_mask.shape[1]]

    def prepare(self, given: Prepared, largest_batch: int) -> None:
        """Nothing to be done."""


def choice_policy(run: Path) -> Policy:
    """Of a run's folder."""
    checkpoint = load(run / CHECKPOINT)
    policy = Policy(checkpoint)
    heads = read_heads(run / HEADS, checkpoint).to(policy.device, policy.dtype)
    policy.execution = Choosing(policy.vla.vlm, heads)
    return policy


def read_heads(folder: Path, checkpoint: Checkpoint) -> ChoiceHeads:
    """The heads of a run's folder, of whatever horizon and number of candidates they are."""
    values, config = weights.read(folder), checkpoint.vla.config
    ticks, candidates = len(values["queries"]) - 1, len(values["score_head.2.bias"])
    size = vlm.text_size(checkpoint.vla.vlm)
    heads = ChoiceHeads(size, config.state_dim, config.action_dim, ticks, candidates)
    weights.load_into(heads, folder)
    return heads.eval()


if __name__ == "__main__":
    torch.set_num_threads(1)
    served = ServedPolicy(choice_policy(Path(sys.argv[1])))
    serve(served, Settings(port=int(sys.argv[2]) if len(sys.argv) > 2 else 0))
