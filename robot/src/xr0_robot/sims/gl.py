"""Choose MuJoCo's off-screen OpenGL before MuJoCo is imported: it reads MUJOCO_GL once, at import."""

from __future__ import annotations

import ctypes
import os
import sys

LIBRARIES = {
    "osmesa": ("libOSMesa.so.8", "libOSMesa.so.6", "libOSMesa.so"),
    "egl": ("libEGL.so.1", "libEGL.so"),
}
"""MUJOCO_GL value to the shared libraries that it needs; OSMesa first, it needs neither GPU nor display."""

INSTALL = "sudo apt-get install -y --no-install-recommends libosmesa6 libegl1 libgl1 libglx-mesa0"
"""What Debian and Ubuntu call them."""


def choose() -> str | None:
    """Set MUJOCO_GL unless the user did; returns its value, None where no off-screen library loads.

    Physics needs no OpenGL, so a missing library is an error only once something is drawn (`require`).
    """
    if "mujoco" in sys.modules or os.environ.get("MUJOCO_GL") or not sys.platform.startswith("linux"):
        return os.environ.get("MUJOCO_GL") or ("native" if not sys.platform.startswith("linux") else None)
    for backend, names in LIBRARIES.items():
        if any(map(_loads, names)):
            os.environ["MUJOCO_GL"] = backend
            return backend
    return None


def require() -> None:
    """RuntimeError with the command to type when nothing can be drawn here."""
    backend = os.environ.get("MUJOCO_GL", "")
    names = LIBRARIES.get(backend, ())
    missing = not backend and sys.platform.startswith("linux") and not os.environ.get("DISPLAY")
    if missing or (names and not any(map(_loads, names))):
        got = f"MUJOCO_GL={backend!r} and " if backend else ""
        raise RuntimeError(f"rendering: {got}no OSMesa or EGL library found; install one: {INSTALL}")


def _loads(name: str) -> bool:
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True
