import sys

import pytest

from xr0_robot.sims import gl


@pytest.fixture
def bare_linux(monkeypatch):
    """Linux without display, MuJoCo not imported, no choice made."""
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.delitem(sys.modules, "mujoco", raising=False)
    monkeypatch.setattr(gl.os, "environ", {})
    return monkeypatch


@pytest.mark.parametrize(
    ("loadable", "chosen"), [({"osmesa", "egl"}, "osmesa"), ({"egl"}, "egl"), (set(), None)]
)
def test_the_first_library_that_loads_is_chosen(bare_linux, loadable, chosen):
    bare_linux.setattr(gl, "_loads", loadable.__contains__)
    gl.choose()
    assert gl.os.environ.get("MUJOCO_GL") == chosen


def test_the_users_choice_stays(bare_linux):
    bare_linux.setattr(gl, "_loads", {"osmesa", "egl"}.__contains__)
    gl.os.environ["MUJOCO_GL"] = "egl"
    gl.choose()
    assert gl.os.environ["MUJOCO_GL"] == "egl"


def test_a_choice_that_cannot_load_is_refused_with_the_command_to_type(bare_linux):
    bare_linux.setattr(gl, "_loads", {"osmesa"}.__contains__)
    gl.os.environ["MUJOCO_GL"] = "egl"
    with pytest.raises(RuntimeError, match=r"MUJOCO_GL=egl.*apt-get install.*libegl1"):
        gl.choose()


def test_drawing_without_a_library_names_the_command_to_type(bare_linux):
    bare_linux.setattr(gl, "_loads", set().__contains__)
    gl.choose()
    with pytest.raises(RuntimeError, match=r"apt-get install.*libosmesa6") as error:
        gl.require()
    assert "\n" not in str(error.value)
