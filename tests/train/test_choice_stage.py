"""Stage 1 knows no robot: its loss trains the VLM and its own heads, with whatever words come beside."""

import pytest
import small_model
import torch
from small_model import build, inputs, row

from xr0.model import vlm
from xr0.train.choice_stage import NEXT_TOKEN_WEIGHT, SCORE_WEIGHT, ChoiceStage, next_token_loss
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
    batch = Batch(seen, torch.randn(2, 1, 32), torch.randn(2, HORIZON, 32), mask, *small_model.seeded(2))
    assert [len(stage.choices(batch, layers).hidden.attended) for layers in ((), (1, -1))] == [0, 2]
    losses = stage(batch, words_alone())
    assert set(losses) == {"loss", "action", "score", "words"}
    whole = losses["action"] + SCORE_WEIGHT * losses["score"] + NEXT_TOKEN_WEIGHT * losses["words"]
    assert losses["loss"].item() == pytest.approx(whole.item(), rel=1e-6)
    losses["loss"].backward()
    untrained = [name for name, p in stage.named_parameters() if p.grad is None or not p.grad.any()]
    assert untrained == []


@torch.no_grad()
def test_each_token_of_an_answer_is_predicted_from_those_before_it() -> None:
    brain, language = build().vlm, words_alone()
    chances = vlm.token_logits(brain, language.inputs)[0].softmax(dim=-1)
    expected = -(chances[1, 6].log() + chances[2, 7].log()) / 2  # the answer is 6, 7
    assert next_token_loss(brain, language).item() == pytest.approx(expected.item(), rel=1e-5)
