"""What is asked of transformers' Qwen3-VL besides the context: states behind it, logits, tied weights."""

import pytest
import torch
from small_model import build, inputs, row
from torch import nn

from xr0.model import vlm
from xr0.model.hidden import hidden_after
from xr0.model.vla import VLA

TAIL = 3


@torch.no_grad()
def logits_alone(small: VLA, ids: list[int], patches: torch.Tensor) -> torch.Tensor:
    return vlm.token_logits(small.vlm, inputs([(ids, patches)]))[0]


@pytest.mark.parametrize("left", [False, True])
@torch.no_grad()
def test_logits_of_a_padded_batch_are_those_of_its_rows(small: VLA, left: bool) -> None:
    rows = [row([5, 6, 7], 0), row([8, 9, 10, 11, 12], 1)]
    given = inputs(rows, left)
    together = vlm.token_logits(small.vlm, given)
    for i in range(2):
        real = given.attention_mask[i].bool()
        torch.testing.assert_close(together[i][real], logits_alone(small, *rows[i]), atol=1e-5, rtol=0)
    assert not torch.allclose(
        logits_alone(small, *row([5, 6, 7], 0)), logits_alone(small, *row([5, 6, 7], 1))
    )


@torch.no_grad()
def test_embeddings_behind_the_context_stand_where_tokens_would(small: VLA) -> None:
    """The last tokens' own embeddings, appended to the rest: their states give the logits of the whole."""
    ids, patches = row([5, 6, 7, 8, 9], 0)
    embedded = small.vlm.get_input_embeddings()(torch.tensor([ids[-TAIL:]]))
    hidden = hidden_after(small.vlm, inputs([(ids[:-TAIL], patches)]), embedded)
    whole = logits_alone(small, ids, patches)
    torch.testing.assert_close(small.vlm.lm_head(hidden.appended)[0], whole[-TAIL:], atol=1e-5, rtol=0)


def test_the_output_head_is_the_input_embedding_once_tied() -> None:
    model = build().vlm
    model.set_input_embeddings(nn.Embedding(64, 32))
    vlm.tie(model)
    assert model.lm_head.weight is model.get_input_embeddings().weight
