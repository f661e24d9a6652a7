"""Stage 1 knows no robot: its loss trains the VLM and its own heads, with whatever words come beside."""

from dataclasses import replace
from pathlib import Path

import pytest
import small_model
import torch
from small_model import build, inputs, row

from xr0.checkpoints import weights
from xr0.model import vlm
from xr0.train.choice_stage import NEXT_TOKEN_WEIGHT, SCORE_WEIGHT, ChoiceStage, next_token_loss
from xr0.train.trainable import recompute
from xr0.types import Batch, LanguageBatch, VLMInputs

HORIZON = 3


def words_alone() -> LanguageBatch:
    ids = torch.tensor([[1, 5, 6, 7]])
    nothing = VLMInputs(ids, torch.ones_like(ids), torch.zeros(0, 96), torch.zeros(0, 3).long())
    return LanguageBatch(nothing, torch.tensor([[False, False, True, True]]))


def robot() -> Batch:
    mask = torch.zeros(2, HORIZON, 32)
    mask[..., :7] = 1
    seen = inputs([row([5, 6, 7], 0), row([8, 9], 1)])
    generator = torch.Generator().manual_seed(3)
    state, actions = (torch.randn(2, n, 32, generator=generator) for n in (1, HORIZON))
    return Batch(seen, state, actions, mask, *small_model.seeded(2))


def test_every_part_of_the_loss_reaches_what_it_trains() -> None:
    stage, batch = ChoiceStage(build(), HORIZON), robot()
    assert [len(stage.choices(batch, layers).hidden.attended) for layers in ((), (1, -1))] == [0, 2]
    losses = stage(batch, words_alone())
    assert set(losses) == {"loss", "action", "score", "words", "each"}
    whole = losses["action"] + SCORE_WEIGHT * losses["score"] + NEXT_TOKEN_WEIGHT * losses["words"]
    assert losses["loss"].item() == pytest.approx(whole.item(), rel=1e-6)
    losses["loss"].backward()
    untrained = [name for name, p in stage.named_parameters() if p.grad is None or not p.grad.any()]
    assert untrained == []


@torch.no_grad()
def test_each_is_a_sample_s_own_part_and_only_shown_ones_are_averaged() -> None:
    stage, batch = ChoiceStage(build(), HORIZON), robot()
    whole = stage(batch, None)
    alone = [stage(batch.where(torch.tensor([k == 0, k == 1])), None) for k in range(2)]
    assert whole["each"].tolist() == pytest.approx([float(a["loss"]) for a in alone], rel=1e-5)
    assert float(whole["loss"]) == pytest.approx(float(whole["each"].mean()), rel=1e-5)
    assert alone[0]["each"][1] == 0
    nothing = stage(batch.where(torch.tensor([False, False])), None)
    assert float(nothing["loss"]) == 0


def test_recomputed_or_in_bfloat16_it_learns_the_same() -> None:
    torch.manual_seed(1)
    vla = build().train()
    stage, batch = ChoiceStage(vla, HORIZON), robot()

    def gradients(autocast: bool) -> torch.Tensor:
        stage.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
            loss = stage(batch, words_alone())["loss"]
        loss.backward()
        return torch.cat([p.grad.flatten() for p in stage.parameters() if p.grad is not None])

    whole, rounded = gradients(False), gradients(True)
    recompute(vla)
    torch.testing.assert_close(gradients(False), whole)
    assert torch.cosine_similarity(rounded, whole, dim=0) > 0.99


@torch.no_grad()
def test_saved_heads_act_again_as_they_did(tmp_path: Path) -> None:
    """For a policy without an action expert: nothing of a finished checkpoint holds them."""
    stage, batch = ChoiceStage(build(), HORIZON), robot()
    weights.save(stage.heads, tmp_path)
    brain = build()
    torch.manual_seed(9)
    other = ChoiceStage(brain, HORIZON).heads
    acted = stage.heads.act(stage.brain, batch.vlm, batch.state)
    assert not torch.isclose(other.act(stage.brain, batch.vlm, batch.state), acted).all()
    weights.load_into(other, tmp_path)
    assert torch.equal(other.act(stage.brain, batch.vlm, batch.state), acted)


@torch.no_grad()
def test_without_words_or_with_none_of_them_only_the_robot_is_learned() -> None:
    stage, batch = ChoiceStage(build(), HORIZON), robot()
    ids = torch.zeros(0, 1, dtype=torch.long)
    none = LanguageBatch(VLMInputs(ids, ids, torch.zeros(0, 96), torch.zeros(0, 3).long()), ids.bool())
    for language in (None, none):
        losses = stage(batch, language)
        assert losses["words"] == 0
        assert float(losses["loss"]) == pytest.approx(
            float(losses["action"] + SCORE_WEIGHT * losses["score"]), rel=1e-6
        )


@torch.no_grad()
def test_a_robot_of_fewer_ticks_counts_only_its_own() -> None:
    stage, batch = ChoiceStage(build(), HORIZON, candidates=1), robot()
    mask, actions = batch.action_mask.clone(), batch.actions.clone()
    mask[0, 2:], actions[0, 2:] = 0, 1e6
    mixed = stage(replace(batch, action_mask=mask, actions=actions), None)["each"]
    short = replace(batch, action_mask=mask[:, :2], actions=batch.actions[:, :2])
    assert float(mixed[0]) == pytest.approx(float(stage(short, None)["each"][0]), rel=1e-5)
    assert float(mixed[1]) == pytest.approx(float(stage(batch, None)["each"][1]), rel=1e-5)


@torch.no_grad()
def test_each_token_of_an_answer_is_predicted_from_those_before_it() -> None:
    brain, language = build().vlm, words_alone()
    chances = vlm.token_logits(brain, language.inputs)[0].softmax(dim=-1)
    expected = -(chances[1, 6].log() + chances[2, 7].log()) / 2  # the answer is 6, 7
    assert next_token_loss(brain, language).item() == pytest.approx(expected.item(), rel=1e-5)
