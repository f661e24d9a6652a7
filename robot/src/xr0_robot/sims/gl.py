"""Choose MuJoCo's off-screen OpenGL library: it reads MUJOCO_GL once, when imported, so be first."""

from __future__ import annotations

import ctypes
import os
import sys

LIBRARIES = {
    "osmesa": ("libOSMesa.so.8", "libOSMesa.so.6", "libOSMesa.so"),
    "egl": ("libEGL.so.1", "libEGL.so"),
}
"""MUJOCO_GL value to the libraries of which it needs one; OSMesa first, it needs neither GPU nor display."""

INSTALL = "sudo apt-get install -y --no-install-recommends libosmesa6 libegl1 libgl1 libglx-mesa0"
"""Both, as Debian and Ubuntu call them."""


def choose() -> None:
    """Set MUJOCO_GL on Linux, unless the user did; RuntimeError if the user's own choice cannot load.

    Nothing is set where no library loads: physics works without; `require` complains once a picture is
    wanted.
    """
    wanted = os.environ.get("MUJOCO_GL", "").lower()
    if wanted in LIBRARIES and not _loads(wanted):
        raise RuntimeError(f"MUJOCO_GL={wanted}: its library is not installed; unset it, or run: {INSTALL}")
    if wanted or not sys.platform.startswith("linux") or "mujoco" in sys.modules:
        return
    backend = next(filter(_loads, LIBRARIES), None)
    if backend is not None:
        os.environ["MUJOCO_GL"] = backend


def require() -> None:
    """RuntimeError, with what to do, if nothing can be drawn here."""
    if not sys.platform.startswith("linux") or os.environ.get("MUJOCO_GL") or os.environ.get("DISPLAY"):
        return
    if any(map(_loads, LIBRARIES)):
        raise RuntimeError("rendering: mujoco was imported before xr0_robot.sims; swap them or set MUJOCO_GL")
    raise RuntimeError(f"rendering: got neither OSMesa nor EGL, expected one of them; run: {INSTALL}")


def _loads(backend: str) -> bool:
    for name in LIBRARIES[backend]:
        try:
            ctypes.CDLL(name)
        except OSError:
            continue
        return True
    return False
