"""LeRobot's own ACT, a few steps old, asked by our client."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from lerobot_policy_xr0.peer import Peer
from test_scripts import lerobot

from xr0_robot import wire
from xr0_robot.sims.bricks.embodiment import BRICKS
from xr0_robot.sims.world import open_world

SMALL = (
    "--policy.dim_model=32",
    "--policy.n_heads=2",
    "--policy.dim_feedforward=32",
    "--policy.latent_dim=4",
)


@pytest.fixture(scope="module")
def act(dataset, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("act")
    lerobot(
        "lerobot-train",
        "--policy.type=act",
        "--policy.device=cpu",
        "--policy.push_to_hub=false",
        "--policy.pretrained_backbone_weights=null",
        "--policy.chunk_size=8",
        "--policy.n_action_steps=6",
        *SMALL,
        f"--dataset.root={dataset}",
        "--dataset.repo_id=local/bricks",
        "--num_workers=0",
        "--batch_size=2",
        "--steps=2",
        "--output_dir=out",
        cwd=folder,
    )
    return folder / "out/checkpoints/000002/pretrained_model"


def question(peer, seed=0, **changes):
    env = open_world("bricks", "trained").env
    told = env.reset(300_000)
    seen = env.observe(told, 0.0)
    pictures = {wire.IMAGE_PREFIX + key: image for key, image in seen.images.items()}
    asked = {wire.STATE: seen.state, wire.PROMPT: told, wire.SEED: seed, **pictures} | changes
    return peer.read({key: value for key, value in asked.items() if value is not None})


def test_a_chunk_is_what_lerobot_would_do_next(act):
    peer = Peer(act, BRICKS)
    told = peer.metadata()
    assert (told[wire.ACTION_HORIZON], told[wire.MAX_PREFIX]) == (6, 0)
    assert told[wire.CHECKPOINT]["name"] == "act"
    asked = question(peer)
    (answer,) = peer.infer([asked.what])
    seen, sentence, _ = asked.what
    batch = {name: value[None] for name, value in seen.items()}
    with torch.inference_mode():
        chunk = peer._policy.predict_action_chunk(peer._before({**batch, "task": [sentence]}))
        expected = peer._behind(chunk)[0, :6].numpy()
    np.testing.assert_allclose(answer[wire.ACTIONS], expected, atol=1e-5)
    again, _other = peer.infer([asked.what, question(peer, seed=1).what])
    np.testing.assert_array_equal(again[wire.ACTIONS], answer[wire.ACTIONS])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({wire.IMAGE_PREFIX + "wrist": None}, "camera 'wrist': missing"),
        ({wire.STATE: np.zeros(3)}, "state: got float64 of shape"),
        ({wire.PREFIX: np.zeros((2, 7))}, "prefix: got 2 ticks"),
        ({wire.PROMPT: 3}, "'prompt' is int"),
    ],
)
def test_what_does_not_fit_is_one_line(act, changes, said):
    with pytest.raises(ValueError, match=said):
        question(Peer(act, BRICKS), **changes)


def test_a_policy_of_another_robot_is_refused(act, tmp_path):
    for file in act.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    config = json.loads((tmp_path / "config.json").read_text())
    config["input_features"]["observation.state"]["shape"] = [9]
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(ValueError, match=r"reads \{'observation.state'"):
        Peer(tmp_path, BRICKS)
