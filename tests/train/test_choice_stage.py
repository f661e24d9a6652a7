"""Stage 1 knows no robot: its loss trains the VLM and its own heads, with whatever words come beside."""

import torch
from small_model import build, inputs, row

from xr0.train.choice_stage import ChoiceStage
from xr0.types import Batch, LanguageBatch, VLMInputs

HORIZON = 3


def words_alone() -> LanguageBatch:
    ids = torch.tensor([[1, 5, 6, 7]])
    nothing = VLMInputs(ids, torch.ones_like(ids), torch.zeros(0, 96), torch.zeros(0, 3).long())
    return LanguageBatch(nothing, torch.tensor([[False, False, True, True]]))


def test_every_part_of_the_loss_reaches_what_it_trains() -> None:
    stage = ChoiceStage(build(), HORIZON)
    mask = torch.zeros(2, HORIZON, 32)
    mask[..., :7] = 1
    seen = inputs([row([5, 6, 7], 0), row([8, 9], 1)])
    batch = Batch(seen, torch.randn(2, 1, 32), torch.randn(2, HORIZON, 32), mask)
    losses = stage(batch, words_alone())
    assert set(losses) == {"loss", "action", "score", "words"}
    losses["loss"].backward()
    untrained = [name for name, p in stage.named_parameters() if p.grad is None or not p.grad.any()]
    assert untrained == []
