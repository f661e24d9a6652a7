import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xr0_robot import report
from xr0_robot.bench import results


def settings(first_seed=7, episodes=1, **other):
    return {"mode": "async", "latency_ms": 100.0, "first_seed": first_seed, "episodes": episodes} | other


def row(seed, success=True, **other):
    base = {
        "seed": seed,
        "success": success,
        "spoken_success": None,
        "time_s": 2.0 if success else None,
        "ticks": 100,
        "idle_ticks": 5,
        "missed_ticks": 1,
        "latencies_ms": [90.0, 110.0],
        "seam_ratio": 1.5,
        "rms_jerk": 20.0,
        "error": None,
        "code": "abc",
    }
    return base | other


@pytest.mark.parametrize(
    "successes, episodes, low, high",
    # Newcombe (1998), Statistics in Medicine 17, table I, method 3.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_agrees_with_the_published_table(successes, episodes, low, high):
    assert report.wilson(successes, episodes) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(1, 500), st.data())
def test_wilson_holds_the_rate_and_stays_within_zero_and_one(episodes, data):
    successes = data.draw(st.integers(0, episodes))
    low, high = report.wilson(successes, episodes)
    rate = successes / episodes
    assert 0.0 <= low <= rate + 1e-12 and rate - 1e-12 <= high <= 1.0


@pytest.mark.parametrize("successes, episodes", [(0, 0), (3, 2), (-1, 5)])
def test_wilson_refuses_what_is_no_rate(successes, episodes):
    with pytest.raises(ValueError, match="success rate: got"):
        report.wilson(successes, episodes)


def test_summary_of_known_rows():
    rows = [row(7), row(8, time_s=4.0, seam_ratio=None), row(9, success=False, latencies_ms=[100.0])]
    summary = results.summarize(rows, settings(episodes=3))
    assert (summary["episodes"], summary["successes"]) == (3, 2)
    assert summary["success_rate"] == pytest.approx(2 / 3)
    assert summary["ci95"] == pytest.approx(report.wilson(2, 3))
    assert summary["median_time_s"] == 3.0
    assert summary["seam_ratio"] == 1.5
    assert summary["idle_share"] == pytest.approx(0.05)
    assert summary["missed_ticks"] == 3
    assert summary["latency_ms"]["p50"] == 100.0
    assert summary["settings"] == settings(episodes=3) and summary["rows"] == rows
    assert summary["code"] == ["abc"] and summary["spoken_success_rate"] is None
    assert results.whole(summary)
    assert summary["versions"]["numpy"] and summary["machine"]["cores"] >= 1


def test_an_episode_that_failed_to_run_or_is_missing_is_named_and_counts_as_a_failure():
    rows = [row(7), row(8, success=False, error="no answer"), row(10)]
    summary = results.summarize(rows, settings(episodes=5))
    assert (summary["episodes"], summary["successes"], summary["success_rate"]) == (5, 2, 0.4)
    assert summary["ci95"] == pytest.approx(report.wilson(2, 5))
    assert summary["errors"] == ["seed 8: no answer"]
    assert summary["missing_seeds"] == [9, 11]
    assert len(summary["rows"]) == 3
    assert not results.whole(summary)
    assert not results.whole(results.summarize(rows[:1], settings(episodes=2)))
    assert not results.whole(results.summarize(rows[1:2], settings(first_seed=8)))


def test_what_was_spoken_is_judged_beside_what_is_scored():
    rows = [row(7, success=False, spoken_success=True), row(8, success=False, spoken_success=False)]
    summary = results.summarize(rows, settings(episodes=4))
    assert (summary["success_rate"], summary["spoken_success_rate"]) == (0.0, 0.25)


def test_slices_merge_to_what_one_run_gives():
    rows = [row(seed, success=seed % 3 > 0) for seed in range(7, 17)]
    whole = results.summarize(rows, settings(episodes=10))
    parts = [
        results.summarize(rows[6:], settings(13, 4)),
        results.summarize(rows[:6], settings(7, 6)),
    ]
    merged = results.merge(parts, 7, 10)
    assert {k: v for k, v in merged.items() if k != "date"} == {k: v for k, v in whole.items() if k != "date"}


def test_a_slice_that_died_leaves_missing_seeds():
    merged = results.merge([results.summarize([row(7), row(8)], settings(7, 3))], 7, 6)
    assert merged["missing_seeds"] == [9, 10, 11, 12]
    assert merged["success_rate"] == pytest.approx(2 / 6)


def test_slices_that_do_not_belong_together_are_refused():
    one = results.summarize([row(7)], settings())
    with pytest.raises(ValueError, match="different settings"):
        results.merge([one, results.summarize([row(8)], settings(8, mode="sync"))], 7, 2)
    with pytest.raises(ValueError, match=r"seeds \[7\] more than once"):
        results.merge([one, one], 7, 2)
    with pytest.raises(ValueError, match=r"got seeds \[7\], expected 2 from 8 on"):
        results.merge([one], 8, 2)
    with pytest.raises(ValueError, match="no results"):
        results.merge([], 7, 1)


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "deep" / "out.json"
    report.write(path, results.summarize([row(7)], settings()))
    before = path.read_text()
    with pytest.raises(TypeError, match="JSON serializable"):
        report.write(path, {"settings": {}, "rows": [object()]})
    assert path.read_text() == before
    assert results.read(path) == json.loads(before)


@pytest.mark.parametrize(
    "text, message", [("{", "not JSON"), ("[]", "expected results"), ("{}", "expected results")]
)
def test_what_is_no_results_file_is_refused_by_name(tmp_path, text, message):
    path = tmp_path / "other.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=rf"other\.json: {message}"):
        results.read(path)
