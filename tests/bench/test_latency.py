"""The stopwatch times the same computation twice, and the floors are counted as by hand."""

from pathlib import Path

import pytest
import released_folder
import torch

from xr0.bench import latency as bench
from xr0.bench import reference
from xr0.bench.shapes import official_4b_policy
from xr0.checkpoints.random_weights import shapes
from xr0.model import work
from xr0.policy import Policy
from xr0.sizes import official_4b

TINY = Path(__file__).resolve().parents[2] / "checkpoints" / "tiny"
FIXTURE = bench.Fixture(views=2, pixels=64, repeats=3, warm_ups=1)


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    folder = released_folder.released(tmp_path_factory.mktemp("bench") / "libero", {"libero_all": 10})
    return Policy.from_pretrained(folder)


@torch.inference_mode()
def test_reference_and_ours_give_the_same_actions(policy: Policy) -> None:
    given = policy.prepare([bench.fixed_request(policy, FIXTURE)])
    contract = policy.checkpoint.contract
    with reference.eager_attention(policy.vla):
        context = reference.encode(policy.vla, given.inputs)
        theirs = reference.sample(policy.vla, context, given.state, given.action_mask, given.noise, contract)
    ours = policy.vla.sample(
        policy.vla.encode(given.inputs),
        given.state,
        given.action_mask,
        given.noise,
        contract,
        policy.schedule,
    )
    torch.testing.assert_close(ours, theirs, atol=2e-5, rtol=0)
    assert policy.vla.vlm.config._attn_implementation == "sdpa"


def test_a_report_has_every_stage_its_floor_and_the_fixture_s_hash(policy: Policy) -> None:
    report = bench.latency(policy, FIXTURE)
    assert set(report["ours"]) == {*bench.STAGES, "total"}
    assert set(report["reference"]) == {*bench.REFERENCE_STAGES, "total"}
    assert report["ratio"] == pytest.approx(
        report["reference"]["total"]["p50_ms"] / report["ours"]["total"]["p50_ms"]
    )
    for stage in report["floor"]["stages"].values():
        assert stage["flops"] > 0
        assert stage["floor_ms"] > 0
    again = bench.latency(policy, FIXTURE)
    assert report["fixture"]["sha256"] == again["fixture"]["sha256"]
    assert report["shape"]["action_horizon"] == 10
    assert any("ours is" in line for line in bench.lines(report))


def test_another_number_of_views_is_refused(policy: Policy) -> None:
    with pytest.raises(ValueError, match="got 3 views, the policy has 2"):
        bench.latency(policy, bench.Fixture(views=3, pixels=64, repeats=1, warm_ups=0))


def test_pictures_have_the_cameras_own_sizes_unless_told_otherwise(policy: Policy) -> None:
    """The small checkpoint's cameras have 128 px; those of the released ones take any size."""
    tiny = Policy.from_pretrained(TINY)
    own = bench.fixed_request(tiny, bench.Fixture(views=None, pixels=None, repeats=1, warm_ups=0))
    assert {image.shape for image in own.images.values()} == {(128, 128, 3)}
    tiny.prepare([own])
    any_size = bench.fixed_request(policy, bench.Fixture(views=None, pixels=None, repeats=1, warm_ups=0))
    assert {image.shape for image in any_size.images.values()} == {(256, 256, 3)}


def test_counted_work_is_that_counted_by_hand() -> None:
    """Two 256 px views, 188 tokens, horizon 10: 0.352, 1.377 and 0.033 TFLOP in all. The
    count by hand has the last layer whole (36 GFLOP, 0.19 GB) and the time tables (76 MB)."""
    config = official_4b()
    assert work.vision(config, [256, 256], 2).flops == pytest.approx(0.352e12, rel=0.03)
    assert work.prefill(config, 188, 0, 2).flops + 0.036e12 == pytest.approx(1.377e12, rel=0.02)
    assert work.denoise(config, 188, 10, 5, 2).flops == pytest.approx(0.033e12, rel=0.05)
    assert work.denoise(config, 188, 10, 5, 2).nbytes + 0.076e9 == pytest.approx(2.85e9, rel=0.01)
    assert work.vision(config, [256, 256], 2).nbytes == pytest.approx(0.831e9, rel=0.01)
    assert work.prefill(config, 188, 0, 2).nbytes + 0.19e9 == pytest.approx(7.267e9, rel=0.01)


def test_tokens_that_were_read_before_are_not_counted() -> None:
    config = official_4b()
    whole, rest = work.prefill(config, 188, 0, 2), work.prefill(config, 188, 14, 2)
    assert rest.flops / whole.flops == pytest.approx(174 / 188, rel=0.01)
    first = work.prefill(config, 14, 0, 2)
    assert first.flops + rest.flops == pytest.approx(whole.flops, rel=1e-9)


def test_no_execution_is_faster_than_its_floor() -> None:
    given = work.Work(flops=4e9, nbytes=1e9)
    assert given.floor_ms(work.Ceilings(flops_per_s=1e12, bytes_per_s=1e12)) == pytest.approx(4.0)
    assert given.floor_ms(work.Ceilings(flops_per_s=1e15, bytes_per_s=1e11)) == pytest.approx(10.0)


def test_the_released_shape_needs_no_memory_to_be_counted() -> None:
    assert sum(value.numel() for value in shapes(official_4b()).values()) == 4_716_274_176


def test_more_views_than_a_robot_has_titles_for_are_refused_before_anything_is_built() -> None:
    with pytest.raises(ValueError, match="got 4 views, expected 1 to 3"):
        official_4b_policy(views=4, horizon=10)
