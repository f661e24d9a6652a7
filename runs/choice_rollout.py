"""Episodes of a stage-1 run's choice heads, without an action expert; the world waits while they think.

Usage: RUN WORLD EPISODES FIRST_SEED OUT.json
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch

from xr0.checkpoints import weights
from xr0.checkpoints.folder import Checkpoint, load
from xr0.model import vlm
from xr0.model.choice import ChoiceHeads
from xr0.policy import Policy, Request
from xr0.recipes.finish import CHECKPOINT, HEADS
from xr0.transform.actions import decode_actions
from xr0_robot.bench.evaluate import Settings, evaluate
from xr0_robot.types import Chunk, Observation


class ChoicePolicy:
    """A body's `Policy`: of each observation the candidate with the smallest predicted error."""

    max_prefix = 0

    def __init__(self, run: Path) -> None:
        checkpoint = load(run / CHECKPOINT)
        self.policy, self.heads = Policy(checkpoint), read_heads(run / HEADS, checkpoint)
        self.embodiment, self.action_horizon = self.policy.embodiment, self.policy.action_horizon

    @torch.inference_mode()
    def infer(self, observation: Observation, prefix: np.ndarray | None, seed: int | None) -> Chunk:
        """Commands from the observation on; nothing is drawn."""
        del prefix, seed
        request = Request(observation.images, observation.state, observation.instruction, None, 0)
        given = self.policy.prepare([request])
        chosen = self.heads.act(self.policy.vla.vlm, given.inputs, given.state)[0, : self.action_horizon]
        native = decode_actions(
            self.policy.stats.unnormalize_actions(chosen.numpy()), given.native[0], self.embodiment
        )
        return Chunk(native, observation.time_s, self.embodiment.dt)


def read_heads(folder: Path, checkpoint: Checkpoint) -> ChoiceHeads:
    """The heads of a run's folder, of whatever horizon and number of candidates they are."""
    values, config = weights.read(folder), checkpoint.vla.config
    ticks, candidates = len(values["queries"]) - 1, len(values["score_head.2.bias"])
    size = vlm.text_size(checkpoint.vla.vlm)
    heads = ChoiceHeads(size, config.state_dim, config.action_dim, ticks, candidates)
    weights.load_into(heads, folder)
    return heads.eval()


def main() -> None:
    """Run and write."""
    run, world, episodes, first_seed, out = sys.argv[1:]
    torch.set_num_threads(1)
    policy = ChoicePolicy(Path(run))
    served = {"name": f"{Path(run).name}, choice heads", "fingerprint": policy.policy.checkpoint.fingerprint}
    settings = Settings(
        world=world, mode="sync", first_seed=int(first_seed), episodes=int(episodes), checkpoint=served
    )
    summary = evaluate(policy, settings, Path(out))
    print(f"{summary['successes']} of {summary['episodes']}")


if __name__ == "__main__":
    main()
