"""Our forward against golden tensors of the official one, in float32."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from xr0.config import Contract, DiTConfig, ModelConfig
from xr0.model import vlm
from xr0.model.vla import VLA
from xr0.types import VLMInputs

pytestmark = pytest.mark.parity
TOLERANCE = 2e-5
"""Relative to the tensor's largest value: float32 sums in another order."""


@pytest.fixture(scope="module")
def model(parity_dir: Path) -> VLA:
    config = json.loads((parity_dir / "config.json").read_text())
    dit, text = config["dit_config"], config["vlm_config"]["text_config"]
    built = VLA(
        ModelConfig(
            vlm=config["vlm_config"],
            dit=DiTConfig(dit["hidden_size"], dit["num_hidden_layers"], dit["head_dim"], text["rope_theta"]),
            state_dim=config["state_dim"],
            action_dim=config["action_dim"],
        )
    ).eval()
    weights = load_file(parity_dir / "model.safetensors")
    weights["vlm.lm_head.weight"] = weights["vlm.model.language_model.embed_tokens.weight"]
    built.load_state_dict(weights)
    return built


def assert_close(got: torch.Tensor, want: torch.Tensor) -> None:
    assert got.shape == want.shape
    assert (got - want).abs().max() <= TOLERANCE * want.abs().max()


@pytest.mark.parametrize("case", ["a_one_view", "a_two_views_padded_batch", "b_no_prefix", "b_prefix_3"])
@torch.no_grad()
def test_context_velocities_and_actions_match(model: VLA, parity_dir: Path, case: str) -> None:
    golden = load_file(parity_dir / f"{case}.safetensors")
    about = json.loads((parity_dir / "cases.json").read_text())[case]
    contract = Contract("golden", about.get("window"), about.get("offset", 0), max_prefix=6)
    length = about.get("prefix_length", 0)
    inputs = VLMInputs(
        golden["in.input_ids"],
        golden["in.attention_mask"],
        golden["in.pixel_values"],
        golden["in.image_grid_thw"],
    )
    assert torch.equal(vlm.position_ids(model.vlm, inputs), golden["out.context_position_ids"])
    context = vlm.encode(model.vlm, inputs, layers=6)
    for i in range(6):
        assert_close(context.keys[i], golden[f"out.context.{i}.key"])
        assert_close(context.values[i], golden[f"out.context.{i}.value"])

    context = model.encode(inputs)
    noise, state, mask = golden["in.noise"], golden["in.state"], golden["in.action_mask"]
    layout = model.layout(context, noise.shape[1], length, contract)
    assert torch.equal(layout[1], golden["out.dit_attention_mask"])
    prefix = golden["in.prefix"][:, :length] if length else None
    x = noise if prefix is None else torch.cat([prefix, noise[:, length:]], dim=1)
    for k, want in enumerate(golden["out.velocities"]):
        v = model.velocity(x, torch.full((len(x),), k / 5), context, state, mask, layout)
        v[:, :length] = 0
        assert_close(v, want)
        x = x + v / 5
    actions = model.sample(context, state, mask, noise, contract, about["num_steps"], prefix)
    assert_close(actions, golden["out.actions"])
    if prefix is not None:
        assert torch.equal(actions[:, :length], prefix)
