"""Whom every query of the action expert really attends to: one layer, one token is changed, who notices?"""

from dataclasses import replace

import pytest
import torch
from small_model import inputs, row

from xr0.config import CAUSAL, WINDOWED, Contract
from xr0.model import masks, positions
from xr0.model.vla import VLA
from xr0.types import Context

HORIZON = 12
NO_PREFIX = torch.zeros(2, dtype=torch.long)


@pytest.fixture(scope="module")
def shallow(small: VLA) -> VLA:
    """With more layers what is seen travels on, and every later action notices."""
    torch.manual_seed(0)
    return VLA(replace(small.config, dit=replace(small.config.dit, num_layers=1))).eval()


@pytest.fixture(scope="module", params=[False, True], ids=["right", "left"])
def context(request: pytest.FixtureRequest, shallow: VLA) -> Context:
    """Two sentences of unequal length, padded on either side."""
    with torch.no_grad():
        return shallow.encode(inputs([row([5, 6], 0), row([7, 8, 9, 10], 1)], left=request.param))


def velocity(
    vla: VLA,
    context: Context,
    contract: Contract,
    lengths: torch.Tensor,
    x: torch.Tensor,
    state: torch.Tensor,
) -> torch.Tensor:
    layout = vla.layout(context, HORIZON, lengths, contract)
    modulation, leading = vla.modulation(torch.tensor([0.3, 0.6])), vla.leading(state)
    return vla.velocity(x, modulation, leading, context, torch.ones_like(x), layout)


def noticed(before: torch.Tensor, after: torch.Tensor) -> list[list[int]]:
    """Of each row the ticks whose velocity changed."""
    changed = (before != after).any(dim=-1)
    return [torch.nonzero(ticks).flatten().tolist() for ticks in changed]


@pytest.mark.parametrize("lengths", [NO_PREFIX, torch.tensor([3, 5])], ids=["none", "prefix"])
@pytest.mark.parametrize("contract", [CAUSAL, WINDOWED], ids=["causal", "windowed"])
@pytest.mark.parametrize("tick", [0, 2, 4, 11])
@torch.no_grad()
def test_an_action_is_seen_by_itself_and_by_those_behind_it_within_the_window(
    shallow: VLA, context: Context, contract: Contract, lengths: torch.Tensor, tick: int
) -> None:
    x, state = torch.randn(2, HORIZON, 32), torch.randn(2, 1, 32)
    other = x.clone()
    other[:, tick] += 1.0
    before, after = (velocity(shallow, context, contract, lengths, given, state) for given in (x, other))
    last = HORIZON - 1 if contract.window is None else min(tick + contract.window, HORIZON - 1)
    assert noticed(before, after) == 2 * [list(range(tick, last + 1))]


@pytest.mark.parametrize("contract", [CAUSAL, WINDOWED], ids=["causal", "windowed"])
@torch.no_grad()
def test_every_action_sees_the_state_and_all_of_its_own_row_s_context_and_no_padding(
    shallow: VLA, context: Context, contract: Contract
) -> None:
    x, state = torch.randn(2, HORIZON, 32), torch.randn(2, 1, 32)
    before = velocity(shallow, context, contract, NO_PREFIX, x, state)
    after = velocity(shallow, context, contract, NO_PREFIX, x, state + torch.tensor([[[1.0]], [[0.0]]]))
    assert noticed(before, after) == [list(range(HORIZON)), []]
    assert (~context.mask).any()
    for token in range(context.mask.shape[1]):
        value = context.values[0].clone()
        value[0, :, token] += 1.0
        changed = replace(context, values=(value,))
        after = velocity(shallow, changed, contract, NO_PREFIX, x, state)
        expected = list(range(HORIZON)) if context.mask[0, token] else []
        assert noticed(before, after) == [expected, []]


@torch.no_grad()
def test_another_mask_may_stand_in_for_the_contract_s(shallow: VLA, context: Context) -> None:
    """As post-training does, to hide tokens of the prefix."""
    hidden, lengths = torch.zeros(2, HORIZON, dtype=torch.bool), torch.tensor([3, 4])
    hidden[0, 0] = hidden[1, 1] = True
    own = masks.hide_prefix(masks.action_mask_dit(HORIZON, 4, torch.device("cpu")), hidden, lengths)
    layout = shallow.layout(context, HORIZON, lengths, WINDOWED, own)
    whole = shallow.layout(context, HORIZON, lengths, WINDOWED)
    first, second = (layout.mask != whole.mask)[:, 0]
    length = context.mask.shape[1]
    assert torch.nonzero(first).tolist() == [[5, length + 2], [6, length + 2]]
    assert torch.nonzero(second).tolist() == [[6, length + 3], [7, length + 3]]
    assert torch.equal(layout.positions, whole.positions)


@torch.no_grad()
def test_the_table_is_that_of_the_contract_s_positions(shallow: VLA, context: Context) -> None:
    rounded = replace(WINDOWED, rounded_rope=True)
    last, lengths = context.last_position, torch.tensor([3, 0])
    for contract in (CAUSAL, WINDOWED, rounded):
        layout = shallow.layout(context, HORIZON, lengths, contract)
        for i, length in enumerate(lengths.tolist()):
            before = [int(last[i]) + 1 + k for k in range(2 + length)]
            after = [int(last[i]) + 1 + k + contract.offset for k in range(2 + length, 2 + HORIZON)]
            assert layout.positions[i].tolist() == before + after
        frequencies = positions.inverse_frequencies(16, 5e6, contract.rounded_rope)
        angle = (layout.positions[..., None] * frequencies).repeat(1, 1, 2)
        torch.testing.assert_close(layout.table[0][:, 0], angle.cos())
        torch.testing.assert_close(layout.table[1][:, 0], angle.sin())
    assert CAUSAL.offset == 0
    assert (WINDOWED.window, WINDOWED.offset) == (4, 10)  # the released post-training code (XR0.py)


@torch.no_grad()
def test_the_position_offset_reaches_the_actions(shallow: VLA, context: Context) -> None:
    x, state = torch.randn(2, HORIZON, 32), torch.randn(2, 1, 32)
    nearer = replace(WINDOWED, offset=0)
    before, after = (velocity(shallow, context, c, NO_PREFIX, x, state) for c in (WINDOWED, nearer))
    assert noticed(before, after) == 2 * [list(range(HORIZON))]
