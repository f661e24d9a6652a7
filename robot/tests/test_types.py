"""Robots as data: what was written before still loads, and what is wrong is named with where it stands."""

import json

import pytest

from xr0_robot.released import GOOGLE_ROBOT, LIBERO, XR0_BIMANUAL
from xr0_robot.sims.bricks.embodiment import BRICKS
from xr0_robot.types import Camera, Embodiment


@pytest.mark.parametrize("robot", [BRICKS, LIBERO, GOOGLE_ROBOT, XR0_BIMANUAL], ids=lambda robot: robot.name)
def test_a_robot_survives_json(robot):
    assert Embodiment.from_dict(json.loads(json.dumps(robot.to_dict()))) == robot


def test_a_robot_that_was_written_before_cameras_could_be_turned_loads():
    data = BRICKS.to_dict()
    old = [{key: camera[key] for key in ("key", "title", "height", "width")} for camera in data["cameras"]]
    assert Embodiment.from_dict(data | {"cameras": old}) == BRICKS


GOOD = {"key": "base", "title": "Base View", "height": 128, "width": 128}


@pytest.mark.parametrize(
    "change, message",
    [
        ({"cameras": "base"}, "a.json: cameras: got str, expected a list of Camera maps"),
        ({"cameras": ["base"]}, r"a.json: cameras\[0\]: got str, expected a map with key, title, height"),
        ({"cameras": [GOOD, {"key": "x"}]}, r"a.json: cameras\[1\]: missing 'title', missing 'height'"),
        ({"cameras": [GOOD | {"fov": 60}]}, r"cameras\[0\]: unknown 'fov', expected key, title, height"),
        ({"cameras": [GOOD | {"height": "128"}]}, r"cameras\[0\]: height: got '128', expected int | None"),
        ({"cameras": [GOOD | {"rotate": 45}]}, r"cameras\[0\]: camera 'base': got rotate 45, expected 0, 90"),
        ({"cameras": [GOOD | {"flip": "up"}]}, "got flip 'up', expected 'none', 'horizontal' or 'vertical'"),
        ({"cameras": [GOOD | {"crop": 0.0}]}, "got crop 0.0, expected above 0, at most 1"),
        ({"rate_hz": "fast"}, "a.json: rate_hz: got 'fast', expected float"),
        ({"model_dim": True}, "a.json: model_dim: got True, expected int"),
        ({"segments": None}, "a.json: segments: got NoneType, expected a list"),
        ({"colour": "red"}, "a.json: unknown 'colour', expected name, rate_hz"),
    ],
)
def test_what_is_wrong_in_a_robots_data_is_named_in_one_line(change, message):
    with pytest.raises(ValueError, match=message) as caught:
        Embodiment.from_dict(BRICKS.to_dict() | change, "a.json")
    assert "\n" not in str(caught.value)


def test_a_camera_leaves_its_picture_alone_unless_it_is_told_otherwise():
    camera = Camera("base", "Base View", None, None)
    assert (camera.rotate, camera.flip, camera.crop) == (0, "none", 1.0)
