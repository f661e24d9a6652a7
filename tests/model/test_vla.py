"""Invariants of the whole model: padding, batching, prefix, masked slots."""

import pytest
import torch
from small_model import inputs, row

from xr0.config import CAUSAL, WINDOWED, Contract
from xr0.model import flow, vlm
from xr0.model.hidden import attention_logits, hidden_after
from xr0.model.vla import VLA

HORIZON = 8
TOLERANCE = 2e-5
"""Batched and single matrix products sum in another order."""


def given(batch: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    noise = torch.randn(batch, HORIZON, 32, generator=generator)
    state = torch.randn(batch, 1, 32, generator=generator)
    mask = torch.zeros(batch, HORIZON, 32)
    mask[..., :7] = 1
    return noise, state, mask


@pytest.mark.parametrize("contract", [CAUSAL, WINDOWED])
@pytest.mark.parametrize("left", [False, True])
@torch.no_grad()
def test_a_padded_batch_equals_single_calls(small: VLA, contract: Contract, left: bool) -> None:
    rows = [row([5, 6, 7], 0), row([8, 9, 10, 11, 12, 13], 1)]
    noise, state, mask = given(2)
    together = small.sample(small.encode(inputs(rows, left)), state, mask, noise, contract, small.schedule(5))
    for i in range(2):
        context = small.encode(inputs([rows[i]]))
        alone = small.sample(
            context, state[i : i + 1], mask[i : i + 1], noise[i : i + 1], contract, small.schedule(5)
        )
        torch.testing.assert_close(together[i : i + 1], alone, atol=TOLERANCE, rtol=0)


@torch.no_grad()
def test_the_prefix_returns_untouched_and_steers_the_rest(small: VLA) -> None:
    context = small.encode(inputs([row([5, 6], 0)]))
    noise, state, mask = given(1)
    prefix = torch.ones(1, HORIZON, 32)
    got = small.sample(
        context, state, mask, noise, WINDOWED, small.schedule(5), flow.Prefix(prefix, torch.tensor([3]))
    )
    assert torch.equal(got[:, :3], prefix[:, :3])
    free = small.sample(context, state, mask, noise, WINDOWED, small.schedule(5))
    assert (got[:, 3:] - free[:, 3:]).abs().max() > 1e-3


@torch.no_grad()
def test_unused_slots_never_influence_the_used_ones(small: VLA) -> None:
    context = small.encode(inputs([row([5, 6], 0)]))
    noise, state, mask = given(1)
    other = noise.clone()
    other[..., 7:] += 100.0
    a, b = (small.sample(context, state, mask, n, CAUSAL, small.schedule(5))[..., :7] for n in (noise, other))
    assert torch.equal(a, b)


@torch.no_grad()
def test_later_actions_do_not_influence_earlier_ones(small: VLA) -> None:
    context = small.encode(inputs([row([5, 6], 0)]))
    noise, state, mask = given(1)
    other = noise.clone()
    other[:, 5:] += 1.0
    a, b = (small.sample(context, state, mask, n, CAUSAL, small.schedule(5)) for n in (noise, other))
    torch.testing.assert_close(a[:, :5], b[:, :5], atol=TOLERANCE, rtol=0)
    assert (a[:, 5:] - b[:, 5:]).abs().max() > 1e-2


@torch.no_grad()
def test_image_and_words_both_reach_the_actions(small: VLA) -> None:
    noise, state, mask = given(1)

    def actions(text: list[int], picture: int) -> torch.Tensor:
        return small.sample(
            small.encode(inputs([row(text, picture)])), state, mask, noise, CAUSAL, small.schedule(5)
        )

    base = actions([5, 6], 0)
    assert not torch.allclose(base, actions([5, 7], 0))
    assert not torch.allclose(base, actions([5, 6], 1))


def test_repeating_a_context_repeats_rows_in_order(small: VLA) -> None:
    context = small.encode(inputs([row([5, 6], 0), row([7, 8], 1)])).repeat(3)
    assert context.mask.shape[0] == 6
    assert torch.equal(context.keys[0][0], context.keys[0][2])
    assert not torch.equal(context.keys[0][2], context.keys[0][3])


@torch.no_grad()
def test_what_the_last_layer_attends_to_is_what_the_action_expert_reads_last(small: VLA) -> None:
    given_to_both = inputs([row([5, 6, 7], 0)])
    (last,) = hidden_after(small.vlm, given_to_both, torch.randn(1, 3, 32), [-1]).attended
    value = small.vlm.model.language_model.layers[-1].self_attn.v_proj(last.states)
    read = vlm.encode_whole(small.vlm, given_to_both, 1).values[-1]
    torch.testing.assert_close(value.unflatten(-1, (2, 16)).transpose(1, 2), read)


@pytest.mark.parametrize("head", range(4))
@torch.no_grad()
def test_a_head_s_logits_are_those_of_the_layer_s_own_attention(small: VLA, head: int) -> None:
    (given,) = hidden_after(small.vlm, inputs([row([5, 6, 7], 0)]), torch.randn(1, 3, 32), [1]).attended
    attention = small.vlm.model.language_model.layers[1].self_attn
    hidden_from = torch.full((given.states.shape[1],) * 2, -torch.inf).triu(1)
    implementation = attention.config._attn_implementation
    try:
        attention.config._attn_implementation = "eager"
        _, expected = attention(given.states, given.table, hidden_from[None, None])
    finally:
        attention.config._attn_implementation = implementation
    logits = attention_logits(small.vlm, 1, head, given)
    torch.testing.assert_close((logits + hidden_from).softmax(-1), expected[:, head])
