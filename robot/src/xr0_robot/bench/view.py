"""A live window on the running robot: rerun where it is installed, else matplotlib."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Callable
from typing import Any

from xr0_robot.bench.rollout import Watcher
from xr0_robot.executor.tick import Tick
from xr0_robot.types import Embodiment, Observation

WINDOW_EVERY = 6
"""Ticks between two redraws of the matplotlib window, which takes some 20 ms: 5 Hz beside a 30 Hz loop."""


def open_view(embodiment: Embodiment) -> Watcher:
    """A window that follows the ticks; RuntimeError, one line, where there is no screen to open it on."""
    linux = sys.platform.startswith("linux")
    if linux and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise RuntimeError(
            "view: no display (DISPLAY and WAYLAND_DISPLAY are unset); the videos show the same"
        )
    if importlib.util.find_spec("rerun") is not None:
        return RerunView(embodiment)
    return WindowView(embodiment)


class RerunView:
    """Cameras and commands on rerun's timeline (rerun-sdk >= 0.23)."""

    def __init__(self, embodiment: Embodiment) -> None:
        import rerun  # type: ignore[import-not-found]  # noqa: PLC0415 (optional)

        self._rerun: Any = rerun
        self._embodiment = embodiment
        self._rerun.init("xr0", spawn=True)

    def __call__(self, tick: Tick, observe: Callable[[], Observation]) -> None:
        """Log one tick."""
        observation = observe()
        self._rerun.set_time("tick", sequence=tick.tick)
        for key, image in observation.images.items():
            self._rerun.log(f"camera/{key}", self._rerun.Image(image))
        for segment in self._embodiment.segments:
            self._rerun.log(
                f"command/{segment.name}", self._rerun.Scalars(tick.command[segment.native_slice])
            )
        self._rerun.log("state", self._rerun.TextLog(f"{observation.instruction} | {tick.freshness}"))


class WindowView:
    """The cameras side by side in a matplotlib window."""

    def __init__(self, embodiment: Embodiment) -> None:
        import matplotlib.pyplot as plt  # noqa: PLC0415 (pyplot picks a screen when it is imported)

        if plt.get_backend().lower() == "agg":
            raise RuntimeError("view: matplotlib has no window toolkit here; install python3-tk or rerun-sdk")
        plt.ion()
        self._figure, axes = plt.subplots(1, len(embodiment.cameras), squeeze=False, num="xr0")
        blanks = [[[0.0]]] * len(embodiment.cameras)
        self._pictures = [axis.imshow(blank, vmin=0) for axis, blank in zip(axes[0], blanks, strict=True)]
        for axis, camera in zip(axes[0], embodiment.cameras, strict=True):
            axis.set_axis_off()
            axis.set_title(camera.title, fontsize=9)

    def __call__(self, tick: Tick, observe: Callable[[], Observation]) -> None:
        """Redraw every few ticks."""
        if tick.tick % WINDOW_EVERY:
            return
        observation = observe()
        for picture, image in zip(self._pictures, observation.images.values(), strict=True):
            picture.set_data(image)
            picture.set_extent((0, image.shape[1], image.shape[0], 0))
        self._figure.suptitle(f"{observation.instruction}  ({tick.freshness})")
        self._figure.canvas.draw_idle()
        self._figure.canvas.flush_events()
