"""A stage-1 run's heads answer as a policy does: by the candidate they trust most, alone as in a batch."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from xr0.checkpoints import folder
from xr0.model import vlm
from xr0.model.choice import ChoiceHeads
from xr0.policy import Policy, Request
from xr0.recipes import finish

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "runs"))
import choice_policy

TINY = Path(__file__).resolve().parents[2] / "checkpoints/tiny"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of heads that learnt nothing, with more ticks than the robot's chunks have."""
    run = tmp_path_factory.mktemp("run")
    (run / finish.CHECKPOINT).symlink_to(TINY)
    checkpoint = folder.load(TINY)
    config = checkpoint.vla.config
    torch.manual_seed(0)
    size = vlm.text_size(checkpoint.vla.vlm)
    finish.write_heads(run, ChoiceHeads(size, config.state_dim, config.action_dim, horizon=40, candidates=3))
    return run


def request(policy: Policy, seed: int) -> Request:
    rng = np.random.default_rng(seed)
    images = {c.key: rng.integers(0, 255, (*c.size, 3)).astype(np.uint8) for c in policy.embodiment.cameras}
    return Request(
        images, np.array([0.4, 0.05, 0.2, 2.9, -0.4, 0.3, 0.5]), "lift it" + " now" * seed, None, seed
    )


def test_it_commands_what_the_trusted_candidate_says(run: Path) -> None:
    policy = choice_policy.choice_policy(run)
    asked = request(policy, 0)
    given = policy.prepare([asked])
    heads = choice_policy.read_heads(run / finish.HEADS, policy.checkpoint)
    with torch.no_grad():
        choices = heads(policy.vla.vlm, given.inputs, given.state)
    best = choices.actions[0, int(choices.scores[0].argmin()), : policy.action_horizon]
    actions, _ = policy.infer(asked)
    assert actions.shape == (policy.action_horizon, policy.embodiment.native_dim)
    told = policy.plans.encode("prefix", actions[:1], given.native[0])
    used = policy.stats.mask[0] > 0
    assert np.allclose(told[:, used], best[:1].numpy()[:, used], atol=1e-4)


def test_alone_or_in_a_batch(run: Path) -> None:
    policy = choice_policy.choice_policy(run)
    asked = [request(policy, seed) for seed in (0, 2)]
    together, _ = policy.infer_batch(asked)
    for one, answer in zip(asked, together, strict=True):
        assert np.allclose(policy.infer(one)[0], answer, atol=1e-5)
