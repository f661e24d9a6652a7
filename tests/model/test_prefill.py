"""The short prefill against its slow twin, transformers' own forward."""

import warnings

import pytest
import torch
from small_model import inputs, row

from xr0.model import prefill, vlm
from xr0.model.vla import VLA

LAYERS = 2


@pytest.mark.parametrize("left", [None, False, True])
@torch.no_grad()
def test_keys_and_values_equal_those_of_the_whole_forward(small: VLA, left: bool | None) -> None:
    rows = [row([5, 6, 7], 0)] if left is None else [row([5, 6, 7], 0), row([8, 9, 10, 11, 12], 1)]
    given = inputs(rows, bool(left))
    whole = vlm.encode_whole(small.vlm, given, LAYERS)
    short = prefill.encode_context(small.vlm, given, prefill.encode_images(small.vlm, given), LAYERS, None)
    assert len(short.keys) == len(short.values) == LAYERS
    real = given.attention_mask.bool()[:, None, :, None]
    for a, b in zip((*short.keys, *short.values), (*whole.keys, *whole.values), strict=True):
        assert torch.equal(a * real, b * real)
        assert a.isfinite().all()
    assert torch.equal(short.last_position, whole.last_position)


@torch.no_grad()
def test_transformers_has_nothing_to_warn_of(small: VLA) -> None:
    given = inputs([row([5, 6, 7], 0)])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        vlm.encode_whole(small.vlm, given, LAYERS)
        small.encode(given)


@torch.no_grad()
def test_a_prompt_without_its_views_is_refused(small: VLA) -> None:
    given = inputs([row([5, 6], 0)])
    ids = given.input_ids.masked_fill(given.input_ids == small.vlm.config.image_token_id, 5)
    bare = type(given)(ids, given.attention_mask, given.pixel_values, given.image_grid_thw)
    with pytest.raises(ValueError, match="0 places for image tokens, its 1 views make 4"):
        small.encode(bare)


@torch.no_grad()
def test_rounded_frequencies_change_keys_but_never_values_of_the_first_layer(small: VLA) -> None:
    given = inputs([row([5, 6, 7], 0)])
    seen = prefill.encode_images(small.vlm, given)
    exact = prefill.encode_context(small.vlm, given, seen, 3, None)
    try:
        vlm.set_rope(small.vlm, rounded=True)
        rounded = prefill.encode_context(small.vlm, given, seen, 3, None)
        assert not torch.equal(prefill.encode_images(small.vlm, given).tokens, seen.tokens)
    finally:
        vlm.set_rope(small.vlm, rounded=False)
    again = prefill.encode_context(small.vlm, given, prefill.encode_images(small.vlm, given), 3, None)
    assert torch.equal(rounded.values[0], exact.values[0])
    assert not torch.equal(rounded.keys[0], exact.keys[0])
    assert torch.equal(again.keys[2], exact.keys[2])


@pytest.mark.parametrize("length", [1, 2])
@torch.no_grad()
def test_an_opening_that_was_read_before_changes_nothing(small: VLA, length: int) -> None:
    """Two rows of different lengths; an opening is at most what stands before the first view."""
    given = inputs([row([5, 6, 7], 0), row([8, 9, 10, 11, 12], 1)])
    seen = prefill.encode_images(small.vlm, given)
    opening = prefill.encode_opening(small.vlm, given.input_ids[0, :length])
    whole = prefill.encode_context(small.vlm, given, seen, LAYERS, None)
    rest = prefill.encode_context(small.vlm, given, seen, LAYERS, opening)
    real = given.attention_mask.bool()[:, None, :, None]
    for a, b in zip((*rest.keys, *rest.values), (*whole.keys, *whole.values), strict=True):
        torch.testing.assert_close(a * real, b * real, atol=1e-5, rtol=0)
    assert torch.equal(rest.last_position, whole.last_position)


@torch.no_grad()
def test_another_opening_is_refused(small: VLA) -> None:
    given = inputs([row([5, 6, 7], 0)])
    opening = prefill.encode_opening(small.vlm, torch.tensor([9, 9]))
    with pytest.raises(ValueError, match="does not begin with the 2 tokens"):
        prefill.encode_context(small.vlm, given, prefill.encode_images(small.vlm, given), LAYERS, opening)
