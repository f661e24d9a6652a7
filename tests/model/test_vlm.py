"""What is asked of transformers' Qwen3-VL besides the context: logits, and tied weights."""

import pytest
import torch
from small_model import build, inputs, row
from torch import nn

from xr0.model import vlm
from xr0.model.vla import VLA


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


def test_the_output_head_is_the_input_embedding_once_tied() -> None:
    model = build().vlm
    model.set_input_embeddings(nn.Embedding(64, 32))
    vlm.tie(model)
    assert model.lm_head.weight is model.get_input_embeddings().weight
