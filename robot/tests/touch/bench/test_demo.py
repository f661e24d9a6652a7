import av
import numpy as np
import pytest

import xr0_robot.sims  # noqa: F401 (before MuJoCo: it chooses the OpenGL library)

pytest.importorskip("mujoco")
pytest.importorskip("matplotlib")

from xr0_robot.touch.bench import demo as tactile_demo
from xr0_robot.touch.bench import film as tactile_film

pytestmark = pytest.mark.sim


def test_the_demo_leaves_a_playable_video_a_plot_and_a_smaller_error(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(tactile_film, "PAUSE", 1)
    monkeypatch.setattr(tactile_film, "LAST", 1)
    monkeypatch.setattr(tactile_film, "SCENE", (64, 56))
    watched = []
    monkeypatch.setattr(
        tactile_demo, "_Recorder", lambda *parts: watched.append(Truthful(*parts)) or watched[-1]
    )
    (rod,) = [thing for thing in tactile_demo.demo_objects() if thing.name == "rod"]
    (episode,) = tactile_demo.demo(None, 1, tmp_path, [rod])
    assert episode.ending == "done"
    assert (episode.errors[0] > 1.0).all() and (episode.errors[-1] < 0.3).all()
    assert "rod" in capsys.readouterr().out
    with av.open(str(tmp_path / "refine.mp4")) as video:
        assert sum(1 for _ in video.decode(video=0)) > 20
    assert (tmp_path / "errors.png").read_bytes().startswith(b"\x89PNG")


class Truthful(tactile_demo._Recorder):
    """Answers with the truth, but for the closing axis."""

    def __init__(self, predictor, hand, goal_grasp):
        super().__init__(self, hand, goal_grasp)

    def predict(self, current, goal):
        w = self.truth()
        w[0] = 0.0
        self.grasps.append(tactile_demo.Grasp(current, self.truth(), w))
        return w, np.full(6, 0.01)
