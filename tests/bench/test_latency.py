"""The stopwatch says how fast, how near the floor and how equal; floors are counted as by hand."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import released_folder

from xr0.bench import latency as bench
from xr0.bench.shapes import official_4b_checkpoint
from xr0.checkpoints.random_weights import shapes
from xr0.model import work
from xr0.policy import Policy
from xr0.sizes import official_4b

TINY = Path(__file__).resolve().parents[2] / "checkpoints" / "tiny"
FIXTURE = bench.Fixture(views=2, pixels=64, repeats=3, warm_ups=1)


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    folder = released_folder.released(tmp_path_factory.mktemp("bench") / "libero", {"libero_all": 10})
    return Policy.from_pretrained(folder, execution="graph")


@pytest.fixture(scope="module")
def report(policy: Policy) -> dict[str, Any]:
    return bench.latency(policy, Policy(policy.checkpoint, execution="reference"), FIXTURE)


def test_a_report_says_how_fast_how_near_the_floor_and_how_equal(report: dict[str, Any]) -> None:
    assert report["ratio"] == pytest.approx(report["reference_p50_ms"] / report["p50_ms"])
    assert report["fraction_of_floor"] == pytest.approx(report["floor_ms"] / report["p50_ms"])
    assert report["p50_ms"] <= report["p95_ms"] <= report["p99_ms"]
    assert report["max_abs_error"] < 2e-5
    assert report["cosine"] == pytest.approx(1.0, abs=1e-9)
    assert report["peak_bytes"] > 0
    assert report["execution"] == "graph"
    assert report["computed_eagerly"] == 0
    assert tuple(report["stages"]) == bench.STAGES
    floors = [report["stages"][stage]["floor_ms"] for stage in ("vision", "prefill", "denoise")]
    assert sum(floors) == pytest.approx(report["floor_ms"])
    assert report["shape"]["action_horizon"] == 10
    assert any("graph is" in line for line in bench.lines(report))


def test_a_wrong_execution_shows_in_the_report(policy: Policy, monkeypatch: pytest.MonkeyPatch) -> None:
    reference = Policy(policy.checkpoint, execution="reference", steps=4)
    given = policy.prepare(bench.fixed_requests(policy, FIXTURE))
    assert bench.difference(policy, reference, given)["max_abs_error"] > 1e-3


def test_a_fixture_has_its_hash(policy: Policy, report: dict[str, Any]) -> None:
    given = policy.prepare(bench.fixed_requests(policy, FIXTURE))
    assert bench.digest(given) == report["fixture_sha256"]
    other = policy.prepare(bench.fixed_requests(policy, replace(FIXTURE, batch=2)))
    assert bench.digest(other) != report["fixture_sha256"]


def test_another_number_of_views_is_refused(policy: Policy) -> None:
    with pytest.raises(ValueError, match="got 3 views, the policy has 2"):
        bench.fixed_requests(policy, replace(FIXTURE, views=3))


def test_pictures_have_the_cameras_own_sizes_unless_told_otherwise(policy: Policy) -> None:
    """The small checkpoint's cameras have 128 px; those of the released ones take any size."""
    tiny = Policy.from_pretrained(TINY)
    anyhow = replace(FIXTURE, views=None, pixels=None)
    own = bench.fixed_requests(tiny, anyhow)
    assert {image.shape for image in own[0].images.values()} == {(128, 128, 3)}
    tiny.prepare(own)
    any_size = bench.fixed_requests(policy, anyhow)
    assert {image.shape for image in any_size[0].images.values()} == {(256, 256, 3)}


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


def test_a_batch_reads_the_weights_once() -> None:
    config = official_4b()
    one, eight = (work.denoise(config, 188, 10, 5, 2, batch) for batch in (1, 8))
    assert eight.flops == 8 * one.flops
    assert one.nbytes < eight.nbytes < 1.2 * one.nbytes
    one, eight = (work.prefill(config, 188, 14, 2, batch) for batch in (1, 8))
    assert eight.flops == 8 * one.flops
    assert one.nbytes < eight.nbytes < 1.01 * one.nbytes


def test_no_execution_is_faster_than_its_floor() -> None:
    given = work.Work(flops=4e9, nbytes=1e9)
    assert given.floor_ms(work.Ceilings(flops_per_s=1e12, bytes_per_s=1e12)) == pytest.approx(4.0)
    assert given.floor_ms(work.Ceilings(flops_per_s=1e15, bytes_per_s=1e11)) == pytest.approx(10.0)


def test_the_released_shape_needs_no_memory_to_be_counted() -> None:
    assert sum(value.numel() for value in shapes(official_4b()).values()) == 4_716_274_176


def test_more_views_than_a_robot_has_titles_for_are_refused_before_anything_is_built() -> None:
    with pytest.raises(ValueError, match="got 4 views, expected 1 to 3"):
        official_4b_checkpoint(views=4, horizon=10)
