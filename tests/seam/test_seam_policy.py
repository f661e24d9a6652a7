"""The state policy: what is read, what is held, what is trained."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from xr0.config import WINDOWED
from xr0.seam.checkpoint import SeamCheckpoint, load, save
from xr0.seam.model import READING_DIM, StateExpert, parameters
from xr0.seam.policy import SeamPolicy
from xr0.seam.robot import Robot
from xr0.seam.samples import HORIZON, How, Shown
from xr0.seam.train import VARIANTS
from xr0.train.prefixes import BRIDGED
from xr0.transform.normalize import Stats
from xr0_robot.executor.inference import Request
from xr0_robot.sims.seam.intercept import Intercept
from xr0_robot.sims.seam.tasks import TASKS
from xr0_robot.types import Guide, Observation


def observations(count: int) -> list[Observation]:
    world = Intercept()
    seen = []
    for seed in range(count):
        world.reset(500_000 + seed)
        for _ in range(10 + seed):
            world.apply(world.expert())
        seen.append(world.observe(world.instruction, 0.2))
    return seen


def test_the_size_is_the_published_one() -> None:
    assert 0.3e6 < parameters(StateExpert()) < 0.6e6


def test_a_batch_answers_as_each_alone_whatever_their_prefixes(untrained: SeamCheckpoint) -> None:
    policy = SeamPolicy(untrained)
    seen = observations(3)
    committed = [None, seen[1].state[None, :2] + 0.01, np.repeat(seen[2].state[None, :2], 4, axis=0)]
    asked = [Request(o, p, seed, 0) for seed, (o, p) in enumerate(zip(seen, committed, strict=True))]
    asked.append(Request(seen[0], None, 3, 0, Guide(committed[2], 2, "gradient")))
    asked.append(Request(seen[1], None, 4, 0, Guide(committed[2], 2, "ramp")))
    for request, chunk in zip(asked, policy.answer(asked), strict=True):
        alone = policy.answer([request])[0]
        assert chunk.actions.shape == (HORIZON, 2)
        assert np.allclose(chunk.actions, alone.actions, atol=1e-5)


def test_the_prefix_comes_back_and_what_is_seen_reaches_the_rest(untrained: SeamCheckpoint) -> None:
    policy = SeamPolicy(untrained)
    one, other = observations(2)
    moved = replace(one, state=np.concatenate([one.state[:2], other.state[2:]]))
    prefix = one.state[None, :2] + np.arange(1, 5)[:, None] * [0.004, 0.001]
    mine, theirs = (policy.answer([Request(o, prefix, 0, 0)])[0].actions for o in (one, moved))
    assert np.allclose(mine[:4], prefix, atol=1e-6) and np.allclose(theirs[:4], prefix, atol=1e-6)
    assert not np.allclose(mine[4:], theirs[4:], atol=1e-5)


@pytest.mark.parametrize("task", TASKS)
def test_every_robot_can_be_read(task: str) -> None:
    """What is commanded is the state, each other thing a token of its own."""
    embodiment = TASKS[task].embodiment
    size = embodiment.state_dim
    mean, std = np.arange(size, dtype=np.float32), np.full(size, 2.0, np.float32)
    used = np.ones((HORIZON, 4), np.float32) * (np.arange(4) < embodiment.native_dim)
    robot = Robot(task, Stats(used, used, mean, std, "a test"))
    measured = mean + 2.0 * np.arange(1, size + 1)
    inputs, state = robot.read([measured], [mean])
    assert state.shape == (1, 1, 4) and (state == 0).all()
    read = inputs.pixel_values.view(len(robot.things), READING_DIM)
    assert sorted(read[read != 0].tolist()) == list(range(embodiment.native_dim + 1, size + 1))
    assert inputs.input_ids[0].tolist() == list(range(len(robot.things)))


def test_a_batch_is_a_function_of_its_number(shown: Shown) -> None:
    first, again, next_ = (shown.batch(3, k, 10, How()) for k in (7, 7, 8))
    assert torch.equal(first.actions, again.actions) and not torch.equal(first.actions, next_.actions)


def test_a_sample_is_what_was_shown(shown: Shown) -> None:
    """Slot for slot: the normalised chunk is that of the state it comes with."""
    batch = shown.batch(0, 0, 5, How())
    stats, there = shown.robot.stats, shown.demonstrations
    chunk = stats.unnormalize_actions(batch.actions[0].numpy())[:, :2]
    hand = batch.state[0, 0, :2].numpy() * stats.state_std[:2] + stats.state_mean[:2]
    distance = np.abs(there.chunks(there.starts) - (chunk + hand)).max((1, 2))
    nearest = there.starts[np.argmin(distance)]
    assert distance.min() < 1e-4
    assert np.allclose(there.states[nearest][:2], hand, atol=1e-5)


def test_a_state_ahead_is_the_command_before(shown: Shown) -> None:
    """As VLASH asks: where the robot was told to be, not where it was seen."""
    usual, ahead = shown.batch(0, 1, 40, How()), shown.batch(0, 1, 40, How(ahead=6))
    changed = (usual.state != ahead.state).any(2)[:, 0]
    assert changed.sum() > 20
    assert torch.equal(usual.vlm.pixel_values, ahead.vlm.pixel_values)


def test_a_mix_reaches_the_samples(shown: Shown) -> None:
    plain, mixed = shown.batch(0, 2, 10, How()), shown.batch(0, 2, 10, How(BRIDGED.mix))
    assert torch.equal(plain.state, mixed.state) and not torch.equal(plain.actions, mixed.actions)


def test_corrections_begin_with_what_is_only_gone_on_from(shown: Shown) -> None:
    batch, there = shown.batch(0, 3, 40, How(corrections=0.5)), shown.demonstrations
    committed = batch.committed.numpy()
    assert set(committed) <= set(range(7)) and 8 < (committed > 0).sum() < 32
    stats, starts = (
        shown.robot.stats,
        {n: there.corrections[there.corrections[:, 1] == n, 0] for n in range(7)},
    )
    for k in np.flatnonzero(committed).tolist():
        chunk = stats.unnormalize_actions(batch.actions[k].numpy())[:, :2]
        hand = batch.state[k, 0, :2].numpy() * stats.state_std[:2] + stats.state_mean[:2]
        assert np.abs(there.chunks(starts[committed[k]]) - (chunk + hand)).max((1, 2)).min() < 1e-4


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_variant_s_loss_reaches_every_parameter(shown: Shown, variant: str) -> None:
    model = StateExpert()
    kind = VARIANTS[variant]
    kind.stage(model)(shown.batch(1, 0, 5, kind.how))["loss"].backward()
    assert [name for name, p in model.named_parameters() if p.grad is None] == []


def test_a_checkpoint_comes_back_as_it_was_and_another_model_s_is_refused(
    untrained: SeamCheckpoint, tmp_path
) -> None:
    save(untrained, tmp_path / "one")
    back = load(tmp_path / "one")
    seen = observations(1)[0]
    mine, theirs = (SeamPolicy(c).infer(seen, None, 5).actions for c in (untrained, back))
    assert np.array_equal(mine, theirs) and back.contract == WINDOWED
    (tmp_path / "one" / "model.safetensors").write_bytes(b"\x02\0\0\0\0\0\0\0{}")
    with pytest.raises(ValueError, match=r"one: .*Missing key"):
        load(tmp_path / "one")
