"""The fused execution gives what the eager one gives, and says where it had to leave that one the work."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import small_model
import torch
from safetensors.torch import load_file

from xr0 import engine
from xr0.bench import parity
from xr0.checkpoints import folder, official, weights
from xr0.config import CAUSAL, WINDOWED, Contract
from xr0.engine import kernels
from xr0.engine.graph import ROOM
from xr0.model import flow
from xr0.policy import Policy, Request, made_up_size
from xr0.types import VLMInputs
from xr0_robot.types import Guide

TINY = Path(__file__).resolve().parents[2] / "checkpoints" / "tiny_lambda"

TOLERANCE = 2e-5
"""Of actions, in the robot's numbers: float32 sums in another order."""

STATE = np.array([0.4, 0.05, 0.2, 0.0, 0.0, 0.3, 0.5])


@pytest.fixture(scope="module")
def checkpoint() -> folder.Checkpoint:
    return folder.load(TINY)


@pytest.fixture(scope="module")
def eager(checkpoint: folder.Checkpoint) -> Policy:
    return Policy(checkpoint, execution="eager")


@pytest.fixture(scope="module")
def graph(checkpoint: folder.Checkpoint) -> Policy:
    return Policy(checkpoint, execution="graph")


def ask(policy: Policy, **changes: object) -> Request:
    rng = np.random.default_rng(3)
    images = {c.key: rng.integers(0, 256, (*made_up_size(c), 3), np.uint8) for c in policy.embodiment.cameras}
    fields = {"images": images, "state": STATE, "instruction": "lift it", "prefix": None, "seed": 5}
    return Request(**{**fields, **changes})  # type: ignore[arg-type]


def mixed(policy: Policy) -> list[Request]:
    """A sentence longer than the first, a prefix and a guide by ramp."""
    plan = STATE + np.linspace(0.0, 0.01, 6)[:, None]
    return [
        ask(policy),
        ask(policy, instruction="put the green brick behind the yellow one, slowly", seed=6),
        ask(policy, prefix=plan[:3], seed=7),
        ask(policy, guide=Guide(plan, 2, "ramp"), seed=8),
    ]


@pytest.mark.parametrize("compiled", [True, False])
def test_a_mixed_batch_has_the_eager_answers(
    checkpoint: folder.Checkpoint, eager: Policy, compiled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not compiled:
        monkeypatch.setattr(kernels, "compiled", lambda: None)
    graph = Policy(checkpoint, execution="graph")
    expected, _ = eager.infer_batch(mixed(eager))
    found, timing = graph.infer_batch(mixed(graph))
    for mine, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(mine, other, atol=TOLERANCE)
    alone, _ = graph.infer(mixed(graph)[1])
    np.testing.assert_allclose(alone, expected[1], atol=TOLERANCE)
    assert timing.execution == "graph"
    assert min(timing.vision_ms, timing.prefill_ms, timing.denoise_ms) > 0


def test_the_reference_continues_and_follows_as_the_others_do(
    checkpoint: folder.Checkpoint, eager: Policy
) -> None:
    reference = Policy(checkpoint, execution="reference")
    expected, _ = eager.infer_batch(mixed(eager))
    found, _ = reference.infer_batch(mixed(reference))
    for mine, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(mine, other, atol=TOLERANCE)


def test_what_needs_a_gradient_or_has_no_end_is_computed_eagerly_and_said(
    graph: Policy, eager: Policy
) -> None:
    led = ask(eager, guide=Guide(np.tile(STATE, (6, 1)), 2, "gradient"))
    long = ask(eager, instruction="very " * ((ROOM + 60) // 3))
    graph.infer(ask(graph))
    for request in (led, long):
        found, timing = graph.infer(request)
        np.testing.assert_allclose(found, eager.infer(request)[0], atol=TOLERANCE)
        assert timing.execution == "eager"


def test_places_of_the_newest_sizes_of_pictures_are_kept(
    checkpoint: folder.Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xr0.engine.graph.MOST_GRIDS", 2)
    name, robot = next(iter(checkpoint.robots.items()))
    cameras = tuple(replace(c, height=None, width=None) for c in robot.embodiment.cameras)
    any_size = replace(robot, embodiment=replace(robot.embodiment, cameras=cameras))
    made = replace(checkpoint, robots={name: any_size})
    graph, eager = (Policy(made, execution=execution) for execution in ("graph", "eager"))
    for pixels in (32, 48, 64, 32):
        images = {c.key: np.full((pixels, 2 * pixels, 3), 90, np.uint8) for c in cameras}
        request = ask(graph, images=images)
        found, timing = graph.infer(request)
        np.testing.assert_allclose(found, eager.infer(request)[0], atol=TOLERANCE)
        assert timing.execution == "graph"
    assert len(graph.execution._places) == 2  # type: ignore[attr-defined]


@pytest.mark.parametrize("case", ["a_one_view", "a_two_views_padded_batch", "b_no_prefix", "b_prefix_3"])
def test_golden_actions(golden_dir: Path, case: str) -> None:
    config = official.model_config(folder.read_json(golden_dir / "config.json"), golden_dir)
    vla = weights.build(config, golden_dir, rounded_rope=False)
    about = json.loads((golden_dir / "cases.json").read_text())[case]
    golden = load_file(golden_dir / f"{case}.safetensors")
    batch, horizon, _ = golden["in.noise"].shape
    contract = Contract("golden", about.get("window"), about.get("offset", 0), horizon)
    prefix = None
    if "in.prefix" in golden:
        prefix = flow.Prefix(golden["in.prefix"], torch.tensor([about["prefix_length"]] * batch))
    names = ("input_ids", "attention_mask", "pixel_values", "image_grid_thw")
    inputs = VLMInputs(*(golden[f"in.{name}"] for name in names))
    grids = tuple(
        (int(h), int(w)) for _, h, w in inputs.image_grid_thw[: len(inputs.image_grid_thw) // batch]
    )
    rest = (golden["in.state"], golden["in.action_mask"], golden["in.noise"], prefix, None)
    given = engine.Prepared(inputs, grids, np.zeros((batch, 1)), *rest)
    graph = engine.execution("graph", engine.Model(vla, contract, about["num_steps"], None))
    watch = engine.Watch(torch.device("cpu"))
    actions = graph(given, watch)
    expected = golden["out.actions"]
    assert float((actions - expected).abs().max() / expected.abs().max()) < parity.TOLERANCE
    assert watch.by == "graph"


@pytest.mark.parametrize("contract", [CAUSAL, replace(WINDOWED, rounded_rope=True)])
@pytest.mark.parametrize("units", [True, False])
def test_bfloat16_is_equal_to_rounding(
    contract: Contract, units: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xr0.engine.products.bfloat16_units", lambda: units)
    vla = small_model.build().to(torch.bfloat16)
    inputs = small_model.inputs([small_model.row([5, 6], 1), small_model.row([7, 8, 9], 2)])
    generator = torch.Generator().manual_seed(0)
    state, noise = (torch.randn(2, n, 32, generator=generator).bfloat16() for n in (1, 8))
    rest = (state, torch.ones_like(noise), noise, None, None)
    given = engine.Prepared(
        inputs.to(torch.device("cpu"), torch.bfloat16), (small_model.GRID,), np.zeros((2, 1)), *rest
    )
    model = engine.Model(vla, contract, 5, None)
    with torch.no_grad():
        expected, found = (
            engine.execution(name, model)(given, engine.Watch(torch.device("cpu"))).float().flatten()
            for name in ("eager", "graph")
        )
    assert torch.cosine_similarity(found, expected, dim=0) > 0.9995
