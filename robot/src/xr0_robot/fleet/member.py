"""The robot's end: tells the hub how it is, and does what a person orders.

An `Observer` of the executor, so a robot joins with three lines:

    with Member(url, "arm 3") as member:
        rollout(env, episode, ..., observer=member, estop=member.estop)
        member.take_order()                     # what a person wants done next, if anything

All talk is in a thread of its own; the control loop is never waited for. A robot whose hub is gone works on.
"""

from __future__ import annotations

import io
import json
import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Any

import numpy as np
from PIL import Image
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import ClientConnection, connect

from xr0_robot.executor.estop import EStop
from xr0_robot.executor.inference import Request
from xr0_robot.executor.observer import Event, Setup
from xr0_robot.executor.tick import Tick
from xr0_robot.fleet import report as words
from xr0_robot.fleet.report import Order, Report
from xr0_robot.types import Chunk, Observation

log = logging.getLogger(__name__)

REPORT_S = 0.5
"""Between two reports; news is told at once."""

RETRY_S = 1.0
"""Pause before the hub is tried again."""

CONNECT_S = 5.0

PICTURE_WIDTH = 160
"""Pixels of the picture that is shown on the wall."""

JPEG_QUALITY = 60

COMPARED = 10
"""Rows of a new plan that are held against the one before."""

USUAL = 100
"""Handovers whose median disagreement is the usual one."""

AGREED = 3
"""Handovers in a row that must disagree: one may have seen the world move."""


class Member:
    """A robot of a fleet. name: among the fleet's; sentences: what it can be told, for the page to offer;
    pressed: the input of its e-stop (`EStop`), which also ends a hold, so that nobody sends it on from there.

    ValueError for a name or a sentence that cannot be sent. A hub that is out of reach is tried again.
    """

    def __init__(
        self,
        url: str,
        name: str,
        sentences: Sequence[str] = (),
        api_key: str | None = None,
        pressed: Callable[[], bool] = lambda: False,
    ) -> None:
        self.name, self.estop = words.name_of(name), EStop(self._input)
        self._pressed, self._pressed_by = pressed, ""
        self._url, self._api_key = url.rstrip("/") + "/robot", api_key
        self._sentences = [Report(sentence, "working").instruction for sentence in sentences]
        self._lock = threading.Lock()
        self._news, self._sent_on, self._closed = threading.Event(), threading.Event(), threading.Event()
        self._report = Report("", "working")
        self._held_by: str | None = None
        self._ordered: str | None = None
        self._picture: np.ndarray | None = None
        self._doubt = _Doubt()
        self._thread = threading.Thread(target=self._talk, name=f"fleet {self.name}", daemon=True)
        self._thread.start()

    def take_order(self) -> str | None:
        """The sentence that a person has sent since this was asked last."""
        with self._lock:
            ordered, self._ordered = self._ordered, None
            return ordered

    def tell(self, **changes: Any) -> None:
        """Say what has changed: fields of `Report`. ValueError for what cannot be."""
        with self._lock:
            before = self._report
            self._report = replace(before, **changes)
            if (before.state, before.pieces) != (self._report.state, self._report.pieces):
                self._news.set()

    def show(self, picture: np.ndarray) -> None:
        """uint8 [h, w, 3]; sent as far as there is time, so it must not be changed afterwards."""
        self._picture = picture

    def ask_for_help(self, why: str, timeout_s: float | None = None) -> bool:
        """Wait for a person to send the robot on; False where nobody did in time, or it was closed."""
        self._sent_on.clear()
        self.tell(state="help", why=words.line(why))
        return self._sent_on.wait(timeout_s) and not self._closed.is_set()

    def begin(self, setup: Setup, executor: object) -> None:
        """An episode."""
        self._doubt = _Doubt()

    def note(self, event: Event, **values: Any) -> None:
        """What happens in the control loop."""
        if event == "observation":
            self._see(values.get("observation"))
        elif event == "request":
            self._doubt.asked(values["request"])
        elif event == "reply":
            self._doubt.answered(values["chunk"])
            self.tell(latency_ms=1e3 * values["latency_s"], doubt=self._doubt.now())
        elif event == "done":
            self._ticked(values["done"])
        elif event == "end":
            done = bool(values["success"])
            with self._lock:
                pieces, failures = self._report.pieces + done, self._report.failures + (not done)
            self.tell(pieces=pieces, failures=failures)

    def close(self) -> None:
        """Leave."""
        self._closed.set()
        self._sent_on.set()
        self._news.set()
        self._thread.join(CONNECT_S)

    def __enter__(self) -> Member:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _see(self, observation: object) -> None:
        if isinstance(observation, Observation):
            if observation.images:
                self.show(next(iter(observation.images.values())))
            self.tell(instruction=words.line(observation.instruction))

    def _ticked(self, tick: Tick) -> None:
        with self._lock:
            missed = self._report.missed + (tick.freshness == "idle")
        self.tell(missed=missed, **self._standing(tick))

    def _standing(self, tick: Tick) -> dict[str, Any]:
        if tick.freshness == "stopped":
            if self._held_by is not None:
                return {"state": "holding", "why": f"held by {self._held_by}"}
            return {"state": "stopped", "why": self._why_stopped()}
        if tick.freshness == "idle":
            return {"state": "holding", "why": words.line(tick.refused or "no fresh command")}
        return {"state": "working", "why": ""}

    def _obey(self, order: Order) -> None:
        """ValueError or RuntimeError, one line, for what cannot be done."""
        stopped = self._held_by is None and self.estop.poll() is not None
        if order.what == "stop":
            self._held_by, self._pressed_by = None, f"pressed by {order.by}"  # a hold is one from now on
            self.estop.press(self._pressed_by)
            self.tell(state="stopped", why=self._pressed_by)
        elif order.what == "release":
            if not stopped:
                raise ValueError("its e-stop is not pressed")
            self.estop.release()
            self._pressed_by = ""
        elif stopped:
            raise ValueError(f"its e-stop is pressed ({self._why_stopped()}): release that first")
        elif order.what == "hold":
            self._held_by = order.by
            self.estop.press(f"held by {order.by}")
            self.tell(state="holding", why=f"held by {order.by}")
        elif order.what == "resume":
            self._go_on()
        else:
            if self._sentences and order.instruction not in self._sentences:
                raise ValueError(f"it knows {len(self._sentences)} sentences, this is none of them")
            with self._lock:
                self._ordered = order.instruction
            self._go_on()

    def _input(self) -> bool:
        """Of the e-stop, asked in every tick."""
        pressed = self._pressed()
        if pressed and self._held_by is not None:
            self._held_by, self._pressed_by = None, "its input was pressed"
        return pressed

    def _why_stopped(self) -> str:
        return words.line(self._pressed_by or self.estop.poll() or "e-stop")

    def _go_on(self) -> None:
        if self._held_by is not None:
            self.estop.release()
            self._held_by = None
        self.tell(state="working", why="")
        self._sent_on.set()

    def _talk(self) -> None:
        """In its thread: as long as the robot is a member."""
        warned = False
        while not self._closed.is_set():
            try:
                headers = {} if self._api_key is None else {"Authorization": f"Api-Key {self._api_key}"}
                with connect(self._url, additional_headers=headers, open_timeout=CONNECT_S) as hub:
                    warned = False
                    self._join(hub)
            except (OSError, TimeoutError, ConnectionClosed, InvalidHandshake) as error:
                if not warned:
                    log.warning("fleet hub %s: %s; trying again", self._url, " ".join(str(error).split()))
                    warned = True
                self._closed.wait(RETRY_S)

    def _join(self, hub: ClientConnection) -> None:
        hub.send(json.dumps({"robot": self.name, "sentences": self._sentences}))
        listening = threading.Thread(target=self._listen, args=(hub,), daemon=True)
        listening.start()
        shown: np.ndarray | None = None
        while not self._closed.is_set():
            with self._lock:
                report = self._report
            hub.send(json.dumps(report.to_dict()))
            picture = self._picture
            if picture is not None and picture is not shown:
                shown = picture
                hub.send(jpeg(picture))
            self._news.wait(REPORT_S)
            self._news.clear()

    def _listen(self, hub: ClientConnection) -> None:
        try:
            for frame in hub:
                if isinstance(frame, str):
                    hub.send(json.dumps(self._answer(frame)))
        except ConnectionClosed:
            return
        except ValueError as error:  # a robot that cannot be told anything must not look as if it could
            log.warning("fleet hub %s: %s; joining anew", self._url, error)
            hub.close()

    def _answer(self, frame: str) -> dict[str, Any]:
        content = words.read(frame)
        order = words.order(content)
        try:
            self._obey(order)
        except (ValueError, RuntimeError) as error:
            return {"order": order.number, "refused": str(error)}
        return {"order": order.number, "refused": None}


class _Doubt:
    """How much the newest plans disagree where they overlap, over what is usual.

    The temporal consistency of plans foretells failures (arXiv 2410.04640, section 4); this is its simplest
    form, the mean difference of the rows that two plans have in common.
    """

    def __init__(self) -> None:
        self._tick = 0
        self._before: tuple[int, np.ndarray] | None = None
        self._all: deque[float] = deque(maxlen=USUAL)

    def asked(self, request: Request) -> None:
        """By which tick's observation."""
        self._tick = request.tick

    def answered(self, chunk: Chunk) -> None:
        """A new plan."""
        if self._before is not None:
            shift = self._tick - self._before[0]
            old, new = self._before[1][shift : shift + COMPARED], chunk.actions[:COMPARED]
            rows = min(len(old), len(new))
            if rows > 0:
                self._all.append(float(np.abs(old[:rows] - new[:rows]).mean()))
        self._before = self._tick, chunk.actions

    def now(self) -> float | None:
        """Of the last AGREED handovers the one that agreed most; None before there is a usual."""
        if len(self._all) < 2 * AGREED:
            return None
        usual = float(np.median(self._all))
        return min(list(self._all)[-AGREED:]) / usual if usual > 0 else None


def jpeg(picture: np.ndarray) -> bytes:
    """Of a picture [h, w, 3], at most PICTURE_WIDTH wide."""
    image = Image.fromarray(picture)
    image.thumbnail((PICTURE_WIDTH, PICTURE_WIDTH))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=JPEG_QUALITY)
    return out.getvalue()
