"""What LeRobot hands over and what we make of it are the same numbers on both sides."""

import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from lerobot.datasets import LeRobotDataset, LeRobotDatasetMetadata
from lerobot.policies.pretrained import PreTrainedPolicy
from lerobot.rollout.inference.rtc import supports_rtc_inference
from lerobot_policy_xr0.batches import training_batch
from lerobot_policy_xr0.configuration_xr0 import XR0Config
from lerobot_policy_xr0.modeling_xr0 import XR0Policy
from shipped import LAMBDA, TINY
from torch.utils.data import default_collate

from xr0.checkpoints import folder as checkpoints
from xr0.checkpoints.folder import Robot
from xr0.data.samples import Place, Samples
from xr0.data.source import Source
from xr0.policy import Policy, Request
from xr0.transform.normalize import Stats
from xr0_robot.sims.bricks.embodiment import BRICKS
from xr0_robot.sims.world import open_world
from xr0_robot.types import Segment

FRAMES = (0, 17, 35, 39, 60)
"""Of two episodes of 40: within, near the end of, and at the end of one."""


def policy_for(checkpoint, **options) -> XR0Policy:
    return XR0Policy(XR0Config(checkpoint=checkpoint and str(checkpoint), device="cpu", **options)).eval()


def to_be_trained(dataset, **options) -> XR0Policy:
    config = XR0Config(**{"checkpoint": str(TINY), "stats": "data", "device": "cpu", **options})
    return XR0Policy(config, dataset_meta=LeRobotDatasetMetadata("local/bricks", root=dataset))


def seen(seed=300_000):
    """An observation of the table as LeRobot's environments and robots give it, and as ours do."""
    env = open_world("bricks", "trained").env
    told = env.reset(seed)
    view = env.observe(told, 0.0)
    pictures = {
        f"observation.images.{key}": torch.from_numpy(image).permute(2, 0, 1)[None].float() / 255
        for key, image in view.images.items()
    }
    return {"observation.state": torch.from_numpy(view.state)[None], "task": [told], **pictures}, view


def test_a_sample_is_what_our_own_training_makes_of_the_frame(dataset):
    policy = to_be_trained(dataset)
    (robot,) = policy.checkpoint.robots.values()
    source = Source.open(dataset, policy.config.chunk_size)
    ours = Samples.of([source], {BRICKS.name: robot.stats}, policy.checkpoint.processor, seed=0)
    deltas = {"action": [tick / 30 for tick in policy.config.action_delta_indices]}
    theirs = LeRobotDataset("local/bricks", root=dataset, delta_timestamps=deltas)
    batch = training_batch(
        default_collate([theirs[i] for i in FRAMES]), robot, policy.checkpoint.processor, None
    )
    expected = ours.batch([Place(0, i // 40, i % 40, 0, held_out=True) for i in FRAMES], step=0)
    torch.testing.assert_close(batch.state, expected.state, rtol=0, atol=1e-5)
    torch.testing.assert_close(batch.actions, expected.actions, rtol=0, atol=1e-3)
    assert torch.equal(batch.action_mask, expected.action_mask)
    assert torch.equal(batch.vlm.input_ids, expected.vlm.input_ids)
    assert torch.equal(batch.vlm.image_grid_thw, expected.vlm.image_grid_thw)
    # two decoders of one video
    assert (batch.vlm.pixel_values - expected.vlm.pixel_values).abs().mean() < 0.02


def test_behind_an_episodes_end_a_motion_is_none():
    moved = replace(BRICKS, segments=(Segment("hand", "plain", "previous", 0, 0, 7),), sensed=BRICKS.segments)
    zeros, ones = np.zeros((4, 32), np.float32), np.ones((4, 32), np.float32)
    robot = Robot(moved, Stats(zeros, ones, zeros[0], ones[0], ""))
    batch, _ = seen()
    batch |= {"action": torch.ones(1, 4, 7), "action_is_pad": torch.tensor([[False, False, True, True]])}
    made = training_batch(batch, robot, checkpoints.load(TINY).processor, None)
    assert made.actions[0, :, 0].tolist() == [1, 1, 0, 0]


def test_training_draws_from_torchs_generator_alone(dataset):
    policy = to_be_trained(dataset).train()
    theirs = LeRobotDataset(
        "local/bricks", root=dataset, delta_timestamps={"action": [t / 30 for t in range(30)]}
    )
    batch = default_collate([theirs[3], theirs[50]])

    def loss(seed):
        torch.manual_seed(seed)
        return policy(batch)[0].item()

    assert loss(0) == loss(0) != loss(1)


def test_what_a_dataset_holds_beside_what_the_robot_senses_is_no_input(dataset):
    policy = to_be_trained(dataset)
    assert set(policy.config.input_features) == {
        "observation.state",
        "observation.images.base",
        "observation.images.wrist",
    }


def test_what_learns_is_what_was_asked_for(dataset):
    def learning(policy):
        return {
            name.split(".")[2] for name, parameter in policy.named_parameters() if parameter.requires_grad
        }

    assert "vlm" not in learning(to_be_trained(dataset))
    assert "vlm" in learning(to_be_trained(dataset, trainable="all"))


def test_a_chunk_is_what_our_own_policy_answers():
    batch, view = seen()
    policy = policy_for(TINY)
    torch.manual_seed(7)
    got = policy.predict_action_chunk(batch)
    torch.manual_seed(7)
    seed = torch.randint(2**31 - 1, (1,)).item()
    own = Policy(checkpoints.load(TINY))
    expected, _ = own.infer(Request(view.images, view.state, view.instruction, None, seed))
    assert got.shape == (1, *expected.shape)
    np.testing.assert_allclose(got[0].numpy(), expected, atol=1e-5)


def test_actions_are_handed_out_one_by_one_and_asked_for_anew():
    batch, _ = seen()
    policy = policy_for(TINY, n_action_steps=2)
    torch.manual_seed(0)
    chunk = policy.predict_action_chunk(batch)
    torch.manual_seed(0)
    first, second = policy.select_action(batch), policy.select_action(batch)
    assert torch.equal(torch.stack([first, second], dim=1), chunk[:, :2])
    third = policy.select_action(batch)
    policy.reset()
    assert not torch.equal(third, chunk[:, 2])


def test_what_is_committed_is_gone_on_from():
    batch, view = seen()
    policy = policy_for(LAMBDA)
    plan = torch.from_numpy(view.state).repeat(30, 1)
    plan[:, 0] += torch.arange(1, 31) * 0.002
    chunk = policy.predict_action_chunk(batch, inference_delay=4, prev_chunk_left_over=plan)
    np.testing.assert_allclose(chunk[0, :4].numpy(), plan[:4].numpy(), atol=1e-4)
    filled = torch.cat([plan[:2], torch.zeros(28, 7, dtype=plan.dtype)])
    torch.manual_seed(3)
    short = policy.predict_action_chunk(batch, inference_delay=4, prev_chunk_left_over=filled)
    torch.manual_seed(3)
    expected = policy.predict_action_chunk(batch, inference_delay=2, prev_chunk_left_over=plan)
    torch.testing.assert_close(short, expected)


def test_a_policy_without_a_prefix_is_led_along_the_plan():
    batch, _ = seen()
    policy = policy_for(TINY)
    torch.manual_seed(0)
    free = policy.predict_action_chunk(batch)
    plan = free[0].double() + torch.tensor([0.0, 0.02, 0, 0, 0, 0, 0])
    torch.manual_seed(0)
    led = policy.predict_action_chunk(batch, inference_delay=6, prev_chunk_left_over=plan)
    nearer = (led[0, :6] - plan[:6]).abs()[:, 1] < 0.5 * (free[0, :6] - plan[:6]).abs()[:, 1]
    assert nearer.all()
    assert policy.supports_rtc()
    assert supports_rtc_inference(policy)


def test_weights_that_change_are_seen_by_the_next_chunk(dataset):
    """All of it: what is computed once from the weights too, as the modulations of the Euler steps."""
    batch, view = seen()
    policy = to_be_trained(dataset, prefix="sync").eval()
    policy.predict_action_chunk(batch)
    policy.train()
    with torch.no_grad():
        for parameter in policy.get_optim_params():
            parameter.mul_(1.05)
    policy.eval()
    torch.manual_seed(0)
    got = policy.predict_action_chunk(batch)[0].numpy()
    torch.manual_seed(0)
    seed = torch.randint(2**31 - 1, (1,)).item()
    expected, _ = Policy(policy.checkpoint).infer(
        Request(view.images, view.state, view.instruction, None, seed)
    )
    np.testing.assert_allclose(got, expected, atol=1e-5)


def test_what_is_saved_is_a_checkpoint_of_ours_and_is_loaded_again(dataset, tmp_path):
    policy = to_be_trained(dataset)
    with torch.no_grad():
        policy.vla.sink.weight.add_(0.25)
    policy.save_pretrained(tmp_path / "saved")
    ours = checkpoints.load(tmp_path / "saved/xr0")
    assert torch.equal(ours.vla.sink.weight, policy.vla.sink.weight)
    assert ours.contract.max_prefix == 6
    again = XR0Policy.from_pretrained(tmp_path / "saved")
    assert isinstance(again, PreTrainedPolicy)
    assert all(torch.equal(a, b) for a, b in zip(again.parameters(), policy.parameters(), strict=True))
    gathered = {name: value + 1 for name, value in policy.state_dict().items() if "sink" in name}
    policy.save_pretrained(tmp_path / "saved", state_dict=gathered)
    assert torch.equal(checkpoints.load(tmp_path / "saved/xr0").vla.sink.weight, policy.vla.sink.weight + 1)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"prefix": "bridged"}, "--policy.prefix: got 'bridged', expected one of paper, released, sync"),
        ({"trainable": "lora"}, "--policy.trainable: got 'lora', expected one of expert, all"),
        ({"stats": "mine"}, "--policy.stats: got 'mine', expected one of None, data, checkpoint"),
        ({"n_action_steps": 31}, "--policy.n_action_steps: got 31, expected 1 to --policy.chunk_size, 30"),
        ({"checkpoint": None}, "--policy.checkpoint: got none"),
        ({"checkpoint": "nowhere"}, "no folder nowhere"),
        ({"chunk_size": 40}, "--policy.chunk_size: got 40, chunks of robot bricks have 30 ticks"),
        ({"robot_type": "other"}, "got robot 'other', expected one of bricks"),
    ],
)
def test_what_is_wrong_is_named(options, said):
    with pytest.raises((ValueError, FileNotFoundError), match=re.escape(said)) as raised:
        policy_for(**{"checkpoint": TINY, **options})
    assert "\n" not in str(raised.value)


def test_statistics_of_other_data_are_not_mixed_in_silence(dataset):
    with pytest.raises(ValueError, match="say --stats data"):
        to_be_trained(dataset, stats=None)


def test_a_missing_camera_or_sentence_is_named():
    batch, _ = seen()
    policy = policy_for(TINY)
    with pytest.raises(ValueError, match="no pictures of camera 'wrist'"):
        policy.predict_action_chunk({k: v for k, v in batch.items() if "wrist" not in k})
    with pytest.raises(ValueError, match="sample 0 has no sentence"):
        policy.predict_action_chunk({**batch, "task": [""]})


def test_adapters_that_would_lose_their_statistics_are_refused():
    with pytest.raises(ValueError, match="xr0 post-train --trainable lora"):
        policy_for(TINY)._validate_peft_config(None)
