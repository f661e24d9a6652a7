"""States behind the context, and what an attention layer computes, against slow twins."""

import pytest
import torch
from small_model import inputs, row

from xr0.model import positions, vlm
from xr0.model.hidden import attention_logits, hidden_after
from xr0.model.vla import VLA

TAIL = 3


@torch.no_grad()
def test_embeddings_behind_the_context_stand_where_tokens_would(small: VLA) -> None:
    """The last tokens' own embeddings, appended to the rest: their states give the logits of the whole."""
    ids, patches = row([5, 6, 7, 8, 9], 0)
    embedded = small.vlm.get_input_embeddings()(torch.tensor([ids[-TAIL:]]))
    hidden = hidden_after(small.vlm, inputs([(ids[:-TAIL], patches)]), embedded)
    whole = vlm.token_logits(small.vlm, inputs([(ids, patches)]))[0]
    torch.testing.assert_close(small.vlm.lm_head(hidden.appended)[0], whole[-TAIL:], atol=1e-5, rtol=0)


@pytest.mark.parametrize("head", range(4))
@torch.no_grad()
def test_a_head_s_logits_are_those_of_the_whole_attention(small: VLA, head: int) -> None:
    """Four query heads of 16 numbers share two key heads."""
    given = inputs([row([5, 6, 7], 0), row([8, 9], 1)])
    attended = hidden_after(small.vlm, given, torch.zeros(2, 1, 32), layers=(0, -1)).attended[1]
    attention = small.vlm.model.language_model.layers[-1].self_attn
    queries = attention.q_norm(attention.q_proj(attended.states).unflatten(-1, (4, 16)))
    keys = attention.k_norm(attention.k_proj(attended.states).unflatten(-1, (2, 16)))
    table = (attended.table[0][:, None], attended.table[1][:, None])
    query, key = (positions.rotate(x[:, None], table) for x in (queries[:, :, head], keys[:, :, head // 2]))
    expected = (query @ key.transpose(-1, -2))[:, 0] / 16**0.5
    torch.testing.assert_close(attention_logits(small.vlm, -1, head, attended), expected)
