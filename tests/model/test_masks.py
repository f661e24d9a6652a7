"""Masks and positions, drawn out for a small horizon."""

import pytest
import torch

from xr0.model import masks, positions


def drawn(mask: torch.Tensor) -> list[str]:
    return ["".join("x" if seen else "." for seen in row) for row in mask.tolist()]


def test_contract_a_is_plain_causal() -> None:
    assert drawn(masks.action_mask_dit(3, None, torch.device("cpu"))) == [
        "x....",
        "xx...",
        "xxx..",
        "xxxx.",
        "xxxxx",
    ]


def test_contract_b_keeps_the_world_and_the_newest_actions() -> None:
    got = drawn(masks.action_mask_dit(4, 1, torch.device("cpu")))
    assert got == ["x.....", "xx....", "xxx...", "xxxx..", "xx.xx.", "xx..xx"]


def test_hidden_prefix_is_invisible_to_the_suffix_only() -> None:
    causal = masks.action_mask_dit(4, None, torch.device("cpu"))
    hidden = torch.tensor([[True, False, False, False], [False] * 4, [False, True, False, False]])
    first, second, third = masks.hide_prefix(causal, hidden, torch.tensor([2, 2, 3]))
    assert drawn(first) == ["x.....", "xx....", "xxx...", "xxxx..", "xx.xx.", "xx.xxx"]
    assert torch.equal(second, causal)
    assert drawn(third) == ["x.....", "xx....", "xxx...", "xxxx..", "xxxxx.", "xxx.xx"]


def test_padding_is_seen_by_nobody_and_the_rest_by_all() -> None:
    own = masks.action_mask_dit(2, 4, torch.device("cpu"))
    got = masks.with_context(own[None], torch.tensor([[True, True, False]]))
    assert got.shape == (1, 1, 4, 7)
    assert not got[..., 2].any()
    assert got[..., :2].all()
    assert torch.equal(got[0, 0, :, 3:], own)


def test_only_actions_behind_the_prefix_are_offset() -> None:
    last, lengths = torch.tensor([74, 9, 74, 0]), torch.tensor([2, 2, 4, 0])
    got = positions.dit_positions(last, 4, lengths, offset=10)
    assert got.tolist() == [
        [75, 76, 77, 78, 89, 90],
        [10, 11, 12, 13, 24, 25],
        [75, 76, 77, 78, 79, 80],
        [1, 2, 13, 14, 15, 16],
    ]


def test_rotation_depends_on_distance_only() -> None:
    generator = torch.Generator().manual_seed(0)
    q, k = torch.randn(2, 1, 1, 1, 8, generator=generator)

    def score(a: int, b: int) -> float:
        table_a, table_b = (
            positions.rotary_table(torch.tensor([[p]]), 8, 1e4, rounded=False) for p in (a, b)
        )
        return float((positions.rotate(q, table_a) * positions.rotate(k, table_b)).sum())

    assert abs(score(3, 10) - score(53, 60)) < 1e-5
    assert abs(score(3, 10) - score(3, 12)) > 1e-3


def test_rounding_moves_the_frequencies_as_far_as_bfloat16_does() -> None:
    exact, rounded = (positions.inverse_frequencies(128, 5e6, rounded=r) for r in (False, True))
    assert rounded.dtype == torch.float32
    assert torch.equal(rounded, exact.bfloat16().float())
    # of the released text rotary, by hand: at most 0.37 % and 9.0e-4
    assert float(((rounded - exact) / exact).abs().max()) == pytest.approx(0.0037, abs=1e-4)
    assert float((rounded - exact).abs().max()) == pytest.approx(9.0e-4, abs=1e-5)
