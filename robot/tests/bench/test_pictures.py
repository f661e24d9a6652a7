"""What is seen in the film and the plot of an episode."""

import av
import numpy as np
import pytest

pytest.importorskip("matplotlib")

from PIL import Image, ImageColor

from xr0_robot.bench import plot, video
from xr0_robot.bench.rollout import Episode, rollout
from xr0_robot.executor.clock import VirtualClock
from xr0_robot.executor.inference import VirtualInference
from xr0_robot.executor.methods import Prefix
from xr0_robot.robots.mock import MockEnv, MockPolicy
from xr0_robot.sims.bricks.limits import LIMITS as BRICKS_LIMITS


@pytest.fixture
def filmed():
    """An episode with fresh, promised and idle ticks in which nothing turns, and its recorder."""
    env, recorder = MockEnv(), video.Recorder(MockEnv.embodiment)
    result = rollout(
        env,
        Episode(seed=3),
        inference=VirtualInference(MockPolicy(env), 0.1),
        strategy=Prefix(10),
        clock=VirtualClock(),
        limits=BRICKS_LIMITS,
        time_limit_s=10.0,
        settle_s=0.5,
        watch=recorder,
    )
    return result, recorder


def shows(picture, colour):
    """Whether the colour is there, as it survives compression."""
    return bool((np.abs(picture.astype(int) - colour).max(axis=-1) < 40).any())


def test_the_film_s_legend_has_the_colours_that_its_strip_has(filmed, tmp_path):
    result, recorder = filmed
    recorder.save(result, tmp_path / "film.mp4", "how")
    with av.open(str(tmp_path / "film.mp4")) as film:
        last = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)][-1]
    legend = last[-video.FOOT + video.MARGIN + video.STRIP :]
    assert {tick.freshness for tick in result.ticks} == {"fresh", "prefix", "idle"}
    shown = {name for name, colour in video.COLOURS.items() if shows(legend, colour)}
    assert shown == {"fresh", "prefix", "idle"}


def test_long_words_in_a_narrow_film_do_not_run_into_what_stands_at_the_right(filmed, tmp_path):
    """Between caption and freshness the ground shows, from top to bottom."""
    result, recorder = filmed
    caption = "metaworld button-press-topdown-wall-v3, async " * 2
    recorder.save(result, tmp_path / "film.mp4", caption)
    with av.open(str(tmp_path / "film.mp4")) as film:
        first = next(frame.to_ndarray(format="rgb24") for frame in film.decode(video=0))
    line = first[38 : video.HEAD - 4].astype(int)
    inked = (np.abs(line - video.GROUND).max(axis=-1) > 40).any(axis=0)
    right = np.flatnonzero(inked)[-1] - video.ENDING
    assert inked[: right - 20].any() and not inked[right + 4 : right + 12].any()


def test_equal_lines_are_both_seen_in_the_plot(filmed, tmp_path):
    result, _ = filmed
    plot.save(result, tmp_path / "plot.png", "title")
    picture = np.asarray(Image.open(tmp_path / "plot.png").convert("RGB"))
    height, width = picture.shape[:2]
    turns = picture[int(0.36 * height) : int(0.58 * height), : int(0.9 * width)]
    commands = np.stack([tick.command for tick in result.ticks])
    assert (commands[:, 3:6] == 0.0).all()
    for colour in plot.LINES[:3]:
        assert (turns == ImageColor.getrgb(colour)).all(axis=-1).sum() > 50
