"""Each problem, planted in a set that is right, is found and named, and nothing else is."""

import re
from dataclasses import replace

import numpy as np
import planted
import pytest

from xr0.data.check.check import check
from xr0.data.check.draw import draw, first_pictures
from xr0.data.check.survey import survey
from xr0.data.lerobot import LeRobotDataset
from xr0_robot.features import ACTION, STATE
from xr0_robot.segment import Segment
from xr0_robot.types import Camera, Embodiment

ROBOT = Embodiment(
    name="toy",
    rate_hz=30.0,
    cameras=(Camera("front", "Base View", 32, 48),),
    segments=(
        Segment("arm.joints", "plain", "chunk_start", native=0, model=0, size=4),
        Segment("arm.gripper", "gripper", "absolute", native=4, model=4, size=1, closed=0.0, open=1.0),
    ),
    model_dim=32,
    frame="",
    gripper="",
)


def report(root, robot=ROBOT):
    return check(survey(LeRobotDataset.open(root)), robot)


def test_clean_set_passes_without_a_word(tmp_path):
    found = report(planted.make(tmp_path / "set"))
    assert (found.errors, found.warnings) == ((), ())
    assert "3 episodes of 70 to 90 frames, 240 in all" in found.facts[1]
    assert "arm.joints after 2 ticks (67 ms), arm.gripper after 2 ticks" in found.facts[-1]


def edit(feature, dim, change):
    """Change one number of every episode."""

    def plant(episodes):
        for episode in episodes:
            episode[feature][:, dim] = change(episode[feature][:, dim])

    return plant


def nan(episodes):
    episodes[1][ACTION][[7, 9], 2] = np.nan


def dropout(episodes):
    episodes[2][STATE][40, 1] = 3.0


def swapped(episodes):
    for episode in episodes:
        episode[ACTION] = episode[ACTION][:, [1, 0, 2, 3, 4]]


def noise(episodes):
    rng = np.random.default_rng(9)
    for episode in episodes:
        episode[ACTION][:, 0] = rng.normal(size=len(episode[ACTION]))


def late(episodes):
    for episode in episodes:
        episode[ACTION] = np.roll(episode[ACTION], 4, axis=0)
        for name in (STATE, ACTION, "timestamp", "task_index"):
            episode[name] = episode[name][:-4] if name == "timestamp" else episode[name][4:]


def gap(episodes):
    episodes[0]["timestamp"][30:] += 0.2


def backwards(episodes):
    episodes[0]["timestamp"][30] -= 0.1


def half_rate(episodes):
    for episode in episodes:
        episode["timestamp"] *= 2


def only_one(episodes):
    del episodes[1:]


def stranger(episodes):
    episodes[1]["task_index"][:] = 3


PROBLEMS = {
    "NaN": (nan, r"^action\[2\] 'elbow_flex.pos' is NaN or infinite 2 times, first in episode 1, frame 7$"),
    "dead sensor": (
        edit(STATE, 3, lambda x: 0 * x + 0.5),
        r"^observation.state\[3\] .* never changes: 0.5 in all 240",
    ),
    "dead command": (
        edit(ACTION, 3, lambda x: 0 * x),
        r"^action\[3\] 'wrist_roll.pos' never changes: 0 in all 240",
    ),
    "dropout": (
        dropout,
        r"^observation.state\[1\] .* jumps 2 times, most by .* in episode 2, frame 4[01], .* far smaller",
    ),
    "swapped": (
        swapped,
        r"^action\[0\] 'shoulder_pan.pos' moves observation.state\[1\] .*swapped columns\?$",
    ),
    "unrelated": (
        noise,
        r"^action\[0\] .* and observation.state\[0\] .* do not correspond: .* does not follow it",
    ),
    "sign": (edit(ACTION, 2, lambda x: -x), r"^action\[2\] .* do not correspond: the state moves against it"),
    "late": (late, r"^the state moves 2 ticks before its command"),
    "gap": (gap, r"^timestamps leave gaps 1 time, first in episode 0, frame 30: 0.2333 s after"),
    "backwards": (backwards, r"^timestamps do not increase 1 time, first in episode 0, frame 30: "),
    "rate": (half_rate, r"^rate: the dataset says 30 Hz, its timestamps 15 Hz$"),
    "one episode": (only_one, r"^episodes: got 1, expected 2 or more"),
    "unknown task": (stranger, r"^task indices: got \[3\], there are 1 tasks$"),
}


@pytest.mark.parametrize("problem", PROBLEMS)
def test_planted_problem_is_named(tmp_path, problem):
    plant, line = PROBLEMS[problem]
    found = report(planted.make(tmp_path / "set", plant))
    assert found.errors
    assert any(re.search(line, error) for error in found.errors), found.errors


def test_angle_that_wraps(tmp_path):
    def plant(episodes):
        for episode in episodes:
            for feature in (STATE, ACTION):
                turned = 5 * episode[feature][:, 0]
                episode[feature][:, 0] = (turned + np.pi) % (2 * np.pi) - np.pi

    errors = report(planted.make(tmp_path / "set", plant)).errors
    assert [error.split(" jumps")[0] for error in errors] == [
        f"{f}[0] 'shoulder_pan.pos'" for f in (STATE, ACTION)
    ]
    assert all("a whole turn: the angle wraps" in error for error in errors)


def test_degrees_are_refused_unless_the_robot_says_so(tmp_path):
    def plant(episodes):
        for episode in episodes:
            for feature in (STATE, ACTION):
                episode[feature][:, :4] = np.rad2deg(episode[feature][:, :4])

    root = planted.make(tmp_path / "set", plant)
    errors = report(root).errors
    assert len(errors) == 2 and all("arm.joints runs from" in e and "in degrees?" in e for e in errors)
    joints = replace(ROBOT.segments[0], unit="degrees")
    assert report(root, replace(ROBOT, segments=(joints, ROBOT.segments[1]))).passed


def test_videos_that_are_missing_broken_or_short(tmp_path):
    root = planted.make(tmp_path / "set")
    videos = root / "videos" / planted.CAMERA
    (videos / "000000.mp4").unlink()
    (videos / "000001.mp4").write_bytes(b"no video")
    (videos / "000002.mp4").write_bytes(short(tmp_path))
    missing, broken, few = report(root).errors
    assert missing.endswith("000000.mp4, episode 0: the video file is missing")
    assert "000001.mp4, episode 1: not a readable video" in broken
    assert few.endswith("000002.mp4, episode 2: the video is short: it has 70 frames, its episodes need 80")


def short(tmp_path):
    other = planted.make(tmp_path / "other")
    return (other / "videos" / planted.CAMERA / "000001.mp4").read_bytes()


def test_robot_that_does_not_fit(tmp_path):
    root = planted.make(tmp_path / "set")
    cameras = (Camera("front", "Base View", 64, 64), Camera("wrist", "Left-Wrist View", None, None))
    errors = report(root, replace(ROBOT, rate_hz=20.0, cameras=cameras)).errors
    assert [error.split(":")[0] for error in errors[:2]] == ["rate", "camera 'front'"]
    assert "no pictures of camera 'wrist', it has observation.images.front" in errors[2] and len(errors) == 3
    (dims,) = report(root, replace(ROBOT, segments=ROBOT.segments[:1])).errors[:1]
    assert dims == "state: the dataset has 5 numbers, toy 4"


def test_unreadable_file_is_named_and_the_others_are_read(tmp_path):
    root = planted.make(tmp_path / "set")
    (root / "data/000001.parquet").write_bytes(b"")
    found = report(root)
    assert len(found.errors) == 1 and "000001.parquet, episode 1: not a readable parquet" in found.errors[0]


def test_empty_sentence(tmp_path):
    assert report(planted.make(tmp_path / "set", task=" ")).errors == ("task 0: its sentence is empty",)


def test_what_is_odd_is_a_warning(tmp_path):
    def plant(episodes):
        for number, episode in enumerate(episodes):
            episode[STATE][:, 0] = np.maximum(episode[STATE][:, 0], 0.3)  # something is in its way
            episode[STATE][:, 1] = np.repeat(episode[STATE][::5, 1], 5)[
                : len(episode[STATE])
            ]  # a slow sensor
            episode[STATE][:, 2] += 0.4
            for feature in (STATE, ACTION):
                episode[feature][:, 3] = 1e-3 * np.sin(np.arange(len(episode[feature])) / 9 + number)

    found = report(planted.make(tmp_path / "set", plant))
    assert found.errors == ()
    text = "\n".join(found.warnings)
    assert "action[0] 'shoulder_pan.pos' is told" in text and "something is in its way" in text
    assert "action[2] 'elbow_flex.pos' differs from its state by -0." in text
    assert "observation.state[3] 'wrist_roll.pos' hardly changes" in text


def test_slow_sensor_has_its_rate_named(tmp_path):
    def plant(episodes):
        for episode in episodes:
            state = episode[STATE]
            state[:, :4] = np.repeat(state[::5, :4], 5, axis=0)[: len(state)]

    (line,) = report(planted.make(tmp_path / "set", plant)).warnings
    assert line.startswith("arm.joints: 80% of the frames repeat") or line.startswith("arm.joints: 81%")
    assert line.endswith("at about 6 Hz")


def test_page_shows_every_number_and_camera(tmp_path):
    seen = survey(LeRobotDataset.open(planted.make(tmp_path / "set")))
    pictures = first_pictures(seen)
    assert pictures[planted.CAMERA].shape == (32, 48, 3)
    draw(seen, ROBOT, pictures, tmp_path / "out/page.png")
    assert (tmp_path / "out/page.png").stat().st_size > 20_000


def test_memory_is_that_of_a_sample(tmp_path):
    """Of ten thousand episodes as few rows are kept as of three."""
    from xr0.data.check import values

    summary = values.Values("state", ["x"], frames=10 * values.SAMPLED_ROWS)
    for episode in range(1000):
        summary.add(episode, np.arange(200, dtype=float)[:, None] + episode)
    assert len(summary.sample) == values.SAMPLED_ROWS
    assert (summary.low, summary.high) == (0.0, 1198.0)
    assert summary.mean == pytest.approx(599.0) and summary.std == pytest.approx(
        np.sqrt(1e6 / 12 + 4e4 / 12), rel=1e-4
    )


def test_real_robot_data_passes(g1_dir):
    """A Unitree G1: its right thumb is told to bend farther than it gets, its hands are measured at 6 Hz."""
    from xr0.data.draft.draft import draft

    seen = survey(LeRobotDataset.open(g1_dir))
    found = check(seen, draft(seen).robot)
    text = "\n".join(found.warnings)
    assert found.errors == () and len(found.warnings) == 4
    assert (
        "'kRightHandThumbBend' is told 0.525 to 1" in text and "right.hand: 79% of the frames repeat" in text
    )
    assert "right.joints after 3 ticks (100 ms)" in found.facts[-1]
