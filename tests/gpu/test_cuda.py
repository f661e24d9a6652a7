"""On a CUDA device: the same actions as on the CPU, and padding and prefixes as anywhere."""

import numpy as np
import pytest
import released_folder
import torch

from xr0.bench import latency as bench
from xr0.data.pixels import CPU, pixel_values
from xr0.policy import Policy
from xr0.sizes import OFFICIAL_IMAGES
from xr0_robot.released import XR0_BIMANUAL

pytestmark = pytest.mark.gpu
TOLERANCE = 1e-4
"""Float32 sums in another order, TF32 off."""


@pytest.fixture(scope="module")
def device() -> torch.device:
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device, torch finds none")
    return torch.device("cuda")


@pytest.fixture(scope="module")
def policies(tmp_path_factory: pytest.TempPathFactory, device: torch.device) -> tuple[Policy, Policy]:
    folder = released_folder.released(tmp_path_factory.mktemp("cuda") / "towel", {"towel": 12})
    where = [torch.device("cpu"), device]
    here, there = (
        Policy.from_pretrained(folder, contract="windowed", embodiment=XR0_BIMANUAL, device=d) for d in where
    )
    return here, there


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_pictures_become_the_same_bits(device: torch.device, dtype: torch.dtype) -> None:
    rng = np.random.default_rng(0)
    views = [rng.integers(0, 256, (*size, 3), np.uint8) for size in ((480, 640), (480, 640), (84, 84))]
    grids = [OFFICIAL_IMAGES.grid(view) for view in views]
    here, there = (pixel_values(views, grids, OFFICIAL_IMAGES, d, dtype) for d in (CPU, device))
    assert torch.equal(there.cpu(), here)


def test_the_same_noise_gives_the_same_actions(policies: tuple[Policy, Policy]) -> None:
    fixture = bench.Fixture(views=3, pixels=64, repeats=1, warm_ups=0)
    results = []
    for policy in policies:
        given = policy.prepare([*bench.fixed_requests(policy, fixture)])
        noise = torch.from_numpy(np.random.default_rng(0).normal(size=given.noise.shape)).to(given.noise)
        context = policy.vla.encode(given.inputs)
        contract = policy.checkpoint.contract
        actions = policy.vla.sample(
            context, given.state, given.action_mask, noise, contract, policy.vla.schedule(5), None
        )
        results.append(actions.detach().cpu())
    torch.testing.assert_close(results[1], results[0], atol=TOLERANCE, rtol=0)


def test_a_batch_answers_as_single_calls_do(policies: tuple[Policy, Policy]) -> None:
    policy = policies[1]
    (request,) = bench.fixed_requests(policy, bench.Fixture(views=3, pixels=64, repeats=1, warm_ups=0))
    prefix = np.tile(request.state, (4, 1))
    requests = [request, type(request)(request.images, request.state, "Fold the towel.", prefix, 9)]
    together, _ = policy.infer_batch(requests)
    for single, chunk in zip(requests, together, strict=True):
        np.testing.assert_allclose(chunk, policy.infer(single)[0], atol=TOLERANCE)


def test_the_stopwatch_reports_the_device(policies: tuple[Policy, Policy]) -> None:
    reference = Policy(policies[1].checkpoint, device=policies[1].device, execution="reference")
    report = bench.latency(policies[1], reference, bench.Fixture(views=3, pixels=64, repeats=2, warm_ups=1))
    assert report["device"] == torch.cuda.get_device_name()
    assert 0 < report["peak_bytes"] < 1e9


def test_captured_graphs_give_the_eager_actions_and_say_so(
    policies: tuple[Policy, Policy], device: torch.device
) -> None:
    eager = policies[1]
    graph = Policy(eager.checkpoint, device=device, execution="graph")
    fixture = bench.Fixture(views=3, pixels=256, repeats=1, warm_ups=0, batch=3)
    requests = bench.fixed_requests(graph, fixture)
    graph.warm_up(largest_batch=4)
    for batch in (requests, requests[:1], requests[1:]):
        found, timing = graph.infer_batch(batch)
        expected, _ = eager.infer_batch(batch)
        for mine, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(mine, other, atol=TOLERANCE)
        assert timing.execution == "graph"
    _, timing = graph.infer_batch([*requests, *requests])
    assert timing.execution == "eager"
