"""What does not go together is refused in one line before anything is trained."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from small_robot import ARM, record

from xr0.checkpoints.folder import Robot
from xr0.data.source import Source
from xr0.data.stats import summaries
from xr0.data.summary import Summary
from xr0.recipes.given import check_titles, open_sources, statistics
from xr0.recipes.settings import Given
from xr0.train.distributed import World

HERE = World(0, 1, torch.device("cpu"))


@pytest.fixture(scope="module")
def summary(tmp_path_factory: pytest.TempPathFactory) -> Summary:
    root = Path(record(tmp_path_factory.mktemp("data") / "arm"))
    return summaries([Source.open(root, 10)])["arm"]


def test_a_robot_s_rate_and_the_seconds_of_a_chunk_make_its_horizon(tmp_path: Path) -> None:
    slow = replace(ARM, name="slow", rate_hz=5.0)
    given = Given((record(tmp_path / "a"), record(tmp_path / "b", slow)))
    assert [source.horizon for source in open_sources(given, 1.2, HERE)] == [12, 6]


def test_a_robot_file_stands_in_for_the_dataset_s_own(tmp_path: Path) -> None:
    data = record(tmp_path / "a")
    other = replace(ARM, name="other", segments=(replace(ARM.segments[0], anchor="absolute"),))
    (tmp_path / "other.json").write_text(json.dumps(other.to_dict()))
    (source,) = open_sources(Given((data,), (tmp_path / "other.json",)), 1.0, HERE)
    assert source.embodiment == other


def test_two_robots_of_one_name_are_refused(tmp_path: Path) -> None:
    other = replace(ARM, segments=(replace(ARM.segments[0], anchor="absolute"),))
    given = Given((record(tmp_path / "a"), record(tmp_path / "b", other)))
    with pytest.raises(ValueError, match="two different robots of the name arm"):
        open_sources(given, 1.0, HERE)


def test_one_episode_is_too_few(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="1 episode"):
        open_sources(Given((record(tmp_path / "a", episodes=1),)), 1.0, HERE)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (lambda: Given(("a", "b"), (Path("x"),) * 3), "--robot: got 3 files for 2 datasets"),
        (lambda: Given(("a", "b"), weights=(1.0,)), "--weights: got 1 for 2 datasets"),
        (lambda: Given(("a", "b"), held_out=(1,)), "--held-out: names episodes of a single dataset"),
    ],
)
def test_options_that_do_not_fit_the_datasets_are_refused(given: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        given()  # type: ignore[operator]


def test_a_robot_that_the_start_does_not_know_has_its_data_s_statistics(summary: Summary) -> None:
    assert statistics({"arm": summary}, {}, None)["arm"] is summary.stats
    with pytest.raises(ValueError, match="the checkpoint has none for robot arm"):
        statistics({"arm": summary}, {}, "checkpoint")


def test_other_statistics_of_a_known_robot_are_never_mixed_in_silence(summary: Summary) -> None:
    other = replace(summary.stats, fingerprint="f" * 64, action_std=summary.stats.action_std * 2)
    start = {"arm": Robot(ARM, other)}
    with pytest.raises(
        ValueError, match=r"statistics ffffffffffff, this data has .*--stats data .* --stats checkpoint"
    ):
        statistics({"arm": summary}, start, None)
    assert statistics({"arm": summary}, start, "data")["arm"] is summary.stats
    assert statistics({"arm": summary}, start, "checkpoint")["arm"] is other


def test_statistics_that_would_blow_the_data_up_are_refused(summary: Summary) -> None:
    tiny = replace(summary.stats, fingerprint="f" * 64, action_std=summary.stats.action_std * 1e-4)
    with pytest.raises(ValueError, match="standard deviations from the checkpoint's mean"):
        statistics({"arm": summary}, {"arm": Robot(ARM, tiny)}, "checkpoint")
    short = replace(
        summary.stats,
        fingerprint="f" * 64,
        action_mean=summary.stats.action_mean[:5],
        action_std=summary.stats.action_std[:5],
        quantiles=None,
    )
    with pytest.raises(ValueError, match="its chunks of robot arm have"):
        statistics({"arm": summary}, {"arm": Robot(ARM, short)}, "checkpoint")


def test_a_view_under_a_title_that_the_start_does_not_know_is_refused(tmp_path: Path) -> None:
    sources = open_sources(Given((record(tmp_path / "a"),)), 1.0, HERE)
    check_titles(sources, ("Base View", "Ego View"))
    check_titles(sources, ())
    with pytest.raises(ValueError, match="camera front: titled 'Base View', the checkpoint knows 'Ego View'"):
        check_titles(sources, ("Ego View",))
