"""From a checkpoint and a dataset to a results file and a picture."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from xr0.cli.main import TINY
from xr0.cli.open_loop import open_loop
from xr0_robot.record.lerobot_writer import LeRobotWriter
from xr0_robot.sims.bricks.embodiment import BRICKS


@pytest.fixture
def dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three short episodes in which the arm moves steadily."""
    monkeypatch.setenv("XR0_CACHE", str(tmp_path / "cache"))
    images = {camera.key: np.zeros((*camera.size, 3), np.uint8) for camera in BRICKS.cameras}
    with LeRobotWriter(tmp_path / "set", BRICKS, 30, "bricks") as writer:
        for _ in range(3):
            for tick in range(12):
                state = np.array([0.3 + 0.004 * tick, 0.0, 0.2, 0.0, 0.0, 0.0, 1.0])
                writer.add_frame(images, state, state, "put the red brick in the left bin")
            writer.save_episode()
    return tmp_path / "set"


def test_a_checkpoint_is_compared_written_and_drawn(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "found" / "open_loop.json"
    assert open_loop(str(TINY), dataset, json=out, episodes=(1,), every=6) == 0
    found = json.loads(out.read_text())
    assert (found["episodes"], found["baselines_fitted_to"], found["frames"]) == ([1], [0, 2], 2)
    assert found["errors"]["arm.pose.x"]["hold"]["at"]["5"]["value"] == pytest.approx(0.02, abs=1e-5)
    assert list(found["normalised"]) == ["policy", "hold", "mean", "nearest", "ridge"]
    assert found["errors"]["arm.pose turn"]["policy"]["mean"]["value"] > 0
    assert Image.open(out.with_suffix(".png")).width > 500
    assert "arm.gripper" in capsys.readouterr().out


def test_episodes_that_leave_none_to_fit_to_are_refused(dataset: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"got validation episodes \[0, 1, 2\], expected some, not all"):
        open_loop(str(TINY), dataset, json=tmp_path / "x.json", episodes=(0, 1, 2))
    with pytest.raises(ValueError, match=r"--every: got 0, expected at least 1"):
        open_loop(str(tmp_path / "nowhere"), dataset, json=tmp_path / "x.json", every=0)
