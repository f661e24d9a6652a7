"""The heads of stage 1 on the whole path: queries behind the context, candidates per tick, one score each."""

import pytest
import torch
from small_model import inputs, row

from xr0.model import choice, vlm
from xr0.model.vla import VLA

HORIZON, SLOTS = 5, 7


@pytest.fixture(scope="module")
def heads(small: VLA) -> choice.ChoiceHeads:
    torch.manual_seed(0)
    return choice.ChoiceHeads(vlm.text_size(small.vlm), 32, SLOTS, HORIZON)


def given(seed: int = 0) -> torch.Tensor:
    return torch.randn(2, 1, 32, generator=torch.Generator().manual_seed(seed))


@torch.no_grad()
def test_query_i_makes_all_candidates_for_action_i_and_the_last_token_their_scores(
    small: VLA, heads: choice.ChoiceHeads
) -> None:
    rows = [row([5, 6], 0), row([7, 8, 9], 1)]
    choices = heads(small.vlm, inputs(rows), given())
    assert choices.actions.shape == (2, choice.CANDIDATES, HORIZON, SLOTS)
    assert choices.scores.shape == (2, choice.CANDIDATES)
    appended = choices.hidden.appended  # state, a query per tick, score
    assert appended.shape[1] == 1 + HORIZON + 1
    for tick in range(HORIZON):
        flat = heads.action_head(appended[:, 1 + tick]).reshape(2, choice.CANDIDATES, SLOTS)
        torch.testing.assert_close(choices.actions[:, :, tick], flat)
    torch.testing.assert_close(choices.scores, heads.score_head(appended[:, -1]))


@torch.no_grad()
def test_acting_takes_each_row_s_candidate_of_the_smallest_predicted_error(
    small: VLA, heads: choice.ChoiceHeads
) -> None:
    seen, state = inputs([row([5, 6], 0), row([7, 8, 9], 1)]), given()
    choices = heads(small.vlm, seen, state)
    acted = heads.act(small.vlm, seen, state)
    for k in range(2):
        others = [n for n in range(choice.CANDIDATES) if torch.equal(choices.actions[k, n], acted[k])]
        assert [choices.scores[k].tolist().index(choices.scores[k].min())] == others


@torch.no_grad()
def test_one_candidate_is_plain_regression(small: VLA) -> None:
    heads = choice.ChoiceHeads(vlm.text_size(small.vlm), 32, SLOTS, HORIZON, candidates=1)
    seen, state = inputs([row([5, 6], 0), row([7, 8, 9], 1)]), given()
    choices = heads(small.vlm, seen, state)
    assert choices.actions.shape == (2, 1, HORIZON, SLOTS)
    torch.testing.assert_close(heads.act(small.vlm, seen, state), choices.actions[:, 0])


@torch.no_grad()
def test_a_shorter_chunk_counts_its_own_ticks_and_a_longer_one_is_refused() -> None:
    candidates, target = torch.ones(1, 2, HORIZON, SLOTS), torch.zeros(1, 3, SLOTS)
    candidates[:, :, 3:] = 100.0
    assert choice.errors(candidates, target, torch.ones_like(target)).tolist() == [[1.0, 1.0]]
    with pytest.raises(ValueError, match="got 6 ticks, expected at most 5"):
        choice.errors(candidates, torch.zeros(1, 6, SLOTS), torch.ones(1, 6, SLOTS))


@torch.no_grad()
def test_state_picture_and_words_all_reach_the_candidates(small: VLA, heads: choice.ChoiceHeads) -> None:
    def actions(state: int, words: list[int], picture: int) -> torch.Tensor:
        return heads(small.vlm, inputs([row(words, picture)] * 2), given(state)).actions

    base = actions(0, [5, 6], 0)
    for other in (actions(1, [5, 6], 0), actions(0, [5, 7], 0), actions(0, [5, 6], 1)):
        assert (base - other).abs().amax(dim=(1, 2, 3)).gt(1e-4).all()
