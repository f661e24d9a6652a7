"""Between robots and people: the event loop's side of the fleet. The clock is time.monotonic."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from xr0_robot.fleet import report as words
from xr0_robot.fleet.fleet import ALARMS, Fleet, Row, changed
from xr0_robot.fleet.journal import Journal
from xr0_robot.fleet.people import People
from xr0_robot.fleet.report import Order

log = logging.getLogger(__name__)

LOOK_S = 0.25
"""How often pages are told what has changed."""

WALL_S, OPEN_S = 2.0, 0.5
"""Between two pictures of a robot on the wall, and of the one that is looked at."""

WALL_PER_S = 25.0
"""Pictures of the wall at most, however many robots it shows: a browser has to paint them."""

ANSWER_S = 3.0
"""For a robot to say whether it has done what it was told."""

WRONG_S = 1.0
"""Before a wrong password is answered."""

MAX_ROBOTS = 2000
"""Known to the hub, those out of reach included."""

HELLO_S = 10.0
"""For a connection to say who it is."""

TRIES = 2
"""Passwords that are checked at a time: each costs 16 MB and some 50 ms."""

POLICY_VIOLATION = 1008
"""Of a close frame (RFC 6455, section 7.4.1)."""


@dataclass
class _Robot:
    """A connected robot."""

    connection: ServerConnection
    picture: bytes | None = None
    pictures: int = 0
    answers: dict[int, asyncio.Future[str | None]] = field(default_factory=dict)


@dataclass(eq=False)
class _Page:
    """A person's. seen: robots whose tiles are on the screen; opened: the one that is looked at; rows,
    entries, pictures: what it knows."""

    connection: ServerConnection
    person: str
    seen: tuple[str, ...] = ()
    opened: str | None = None
    rows: dict[str, Row] = field(default_factory=dict)
    entries: int = 0
    pictures: dict[str, tuple[int, float]] = field(default_factory=dict)
    timeline_s: float = 0.0


class Hub:
    """Holds every connection of a fleet."""

    def __init__(self, fleet: Fleet, people: People, journal: Journal) -> None:
        self._fleet, self._people, self._journal = fleet, people, journal
        self._robots: dict[str, _Robot] = {}
        self._orders = 0
        self._trying = asyncio.Semaphore(TRIES)
        self._alarms: dict[str, str | None] = {}

    async def run(self) -> None:
        """Look for alarms, until cancelled."""
        while True:
            self._note_alarms(self._fleet.rows(time.monotonic()))
            await asyncio.sleep(LOOK_S)

    async def hold_robot(self, connection: ServerConnection) -> None:
        """One robot, until it leaves or sends what cannot be read."""
        name: str | None = None
        robot = _Robot(connection)
        try:
            name = await self._welcome(robot)
            async for frame in connection:
                if isinstance(frame, bytes):
                    self._picture(robot, frame)
                else:
                    self._hear(name, robot, words.read(frame))
        except (ConnectionClosed, TimeoutError, asyncio.TimeoutError):
            pass
        except ValueError as error:
            log.warning("fleet: %s: %s", name or connection.remote_address, error)
            with contextlib.suppress(ConnectionClosed):
                await connection.close(POLICY_VIOLATION, _reason(error))
        finally:
            if name is not None and self._robots.get(name) is robot:
                del self._robots[name]
            for answer in robot.answers.values():
                if not answer.done():
                    answer.set_result("the robot has left")

    async def hold_page(self, connection: ServerConnection) -> None:
        """One person's page, behind its login."""
        try:
            page = await self._login(connection)
            if page is None:
                return
            telling = asyncio.create_task(self._keep_told(page))
            try:
                async for frame in connection:
                    self._asked(page, words.read(str(frame)))
            finally:
                telling.cancel()
        except (ConnectionClosed, TimeoutError, asyncio.TimeoutError):
            return
        except ValueError as error:
            with contextlib.suppress(ConnectionClosed):
                await connection.close(POLICY_VIOLATION, _reason(error))

    async def _welcome(self, robot: _Robot) -> str:
        """The first frame says who it is; one that is back takes the place of its lost connection."""
        hello = await _first(robot.connection)
        name, sentences = words.name_of(hello.get("robot")), hello.get("sentences", [])
        if not isinstance(sentences, list) or not all(isinstance(each, str) for each in sentences):
            raise ValueError("sentences: expected a list of texts")
        if name not in self._fleet and len(self._fleet) >= MAX_ROBOTS:
            raise ValueError(f"the fleet has {MAX_ROBOTS} robots, no more are taken")
        before = self._robots.get(name)
        self._robots[name] = robot
        if before is not None:
            await before.connection.close(POLICY_VIOLATION, "a robot of this name has joined anew")
        self._fleet.join(name, tuple(sentences[:100]), time.monotonic())
        self._journal.write(name, "joined", name)
        return name

    def _picture(self, robot: _Robot, frame: bytes) -> None:
        if len(frame) > words.MAX_PICTURE or not frame.startswith(b"\xff\xd8"):
            raise ValueError(
                f"picture: got {len(frame)} bytes, expected a JPEG of at most {words.MAX_PICTURE}"
            )
        robot.picture, robot.pictures = frame, robot.pictures + 1

    def _hear(self, name: str, robot: _Robot, content: Mapping[str, Any]) -> None:
        if "order" in content:
            answer = robot.answers.get(content["order"])
            if answer is not None and not answer.done():
                refused = content.get("refused")
                answer.set_result(None if refused is None else str(refused)[: words.MAX_TEXT])
            return
        self._fleet.hear(name, words.report(content), time.monotonic())

    async def _login(self, connection: ServerConnection) -> _Page | None:
        hello = (await _first(connection)).get("login")
        given = hello if isinstance(hello, dict) else {}
        name, password = str(given.get("name", "")), str(given.get("password", ""))
        async with self._trying:
            right = await asyncio.to_thread(self._people.knows, name, password)
        if not right:
            await asyncio.sleep(WRONG_S)
            self._journal.write(name[: words.MAX_NAME], "was refused", "")
            await connection.close(POLICY_VIOLATION, "wrong name or password")
            return None
        self._journal.write(name, "logged in", "")
        page = _Page(connection, name)
        page.entries = max(0, self._journal.count - 50)
        await connection.send(json.dumps({"you": name, "alarms": ALARMS}))
        return page

    def _asked(self, page: _Page, content: Mapping[str, Any]) -> None:
        """What a page wants to see, or a person to be done."""
        if "see" in content:
            seen = content["see"]
            if not isinstance(seen, list):
                raise ValueError("see: expected a list of names")
            page.seen = tuple(str(name) for name in seen[:MAX_ROBOTS])
        if "open" in content:
            opened = content["open"]
            page.opened, page.timeline_s = None if opened is None else str(opened), 0.0
            page.pictures.pop(str(opened), None)  # also where it has none that is newer
        if "forget" in content:
            self._forget(str(content["forget"]), page.person)
        if "order" in content and isinstance(content["order"], dict):
            given = content["order"]
            names = given.get("robots", [])
            known = [name for name in names if name in self._fleet] if isinstance(names, list) else []
            self._orders += 1
            sentence = str(given.get("instruction", ""))
            order = words.order(
                {
                    "number": self._orders,
                    "what": given.get("what"),
                    "by": page.person,
                    "instruction": sentence,
                }
            )
            for name in known:  # the page goes on meanwhile
                task = asyncio.create_task(self._carry_out(order, name))
                _KEPT.add(task)
                task.add_done_callback(_KEPT.discard)

    def _forget(self, name: str, person: str) -> None:
        """Take from the wall who will not come back; who is here cannot be."""
        if name in self._fleet and name not in self._robots:
            self._fleet.forget(name)
            self._journal.write(person, "removed", name)

    async def _carry_out(self, order: Order, name: str) -> None:
        refused = await self._ordered(order, name)
        if refused is None:
            self._fleet.held(name, order.by if order.what == "hold" else None)
        outcome = "done" if refused is None else f"not done: {refused}"
        said = f"{order.instruction!r}: {outcome}" if order.instruction else outcome
        self._journal.write(order.by, order.what, name, said)

    async def _ordered(self, order: Order, name: str) -> str | None:
        """Why not, in one line."""
        robot = self._robots.get(name)
        if robot is None:
            return "it is out of reach"
        answer: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        robot.answers[order.number] = answer
        try:
            await robot.connection.send(json.dumps(order.to_dict()))
            return await asyncio.wait_for(answer, ANSWER_S)
        except (ConnectionClosed, TimeoutError, asyncio.TimeoutError):
            return f"no answer within {ANSWER_S:g} s"
        finally:
            del robot.answers[order.number]

    def _note_alarms(self, rows: Sequence[Row]) -> None:
        for row in rows:
            if row.alarm != self._alarms.get(row.name):
                if row.alarm is not None:
                    self._journal.write("hub", f"alarm: {row.alarm}", row.name, row.why)
                self._alarms[row.name] = row.alarm

    async def _keep_told(self, page: _Page) -> None:
        """A task of each page: who reads slowly holds nobody else up."""
        with contextlib.suppress(ConnectionClosed):
            while True:
                await self._tell(page, time.monotonic())
                await asyncio.sleep(LOOK_S)

    async def _tell(self, page: _Page, now_s: float) -> None:
        rows = self._fleet.rows(now_s)
        news: dict[str, Any] = {}
        fresh = changed(page.rows, rows)
        if fresh:
            news["rows"] = [row.to_dict() for row in fresh]
            page.rows.update({row.name: row for row in fresh})
        order = [row.name for row in rows]
        if order != list(page.rows):
            page.rows = {row.name: row for row in rows}
            news["order"] = order
        entries = self._journal.since(page.entries)
        if entries:
            news["journal"], page.entries = entries, self._journal.count
        if page.opened is not None and page.opened in self._fleet and now_s - page.timeline_s > 1.0:
            news["timeline"] = self._fleet.timeline(page.opened, now_s)
            page.timeline_s = now_s
        if news:
            await page.connection.send(json.dumps(news))
        for name in {*page.seen, page.opened or ""}:
            await self._send_picture(page, name, now_s)

    async def _send_picture(self, page: _Page, name: str, now_s: float) -> None:
        robot = self._robots.get(name)
        if robot is None or robot.picture is None:
            return
        number, sent_s = page.pictures.get(name, (0, -WALL_S))
        every_s = OPEN_S if name == page.opened else max(WALL_S, len(page.seen) / WALL_PER_S)
        if robot.pictures != number and now_s - sent_s >= every_s - LOOK_S / 2:
            page.pictures[name] = robot.pictures, now_s
            encoded = name.encode()
            await page.connection.send(bytes([len(encoded)]) + encoded + robot.picture)


async def _first(connection: ServerConnection) -> dict[str, Any]:
    """Who it is."""
    return words.read(str(await asyncio.wait_for(connection.recv(), HELLO_S)))


def _reason(error: Exception) -> str:
    """As much as a close frame holds: 123 bytes."""
    return str(error).encode()[:120].decode(errors="ignore")


_KEPT: set[asyncio.Task[None]] = set()
"""Tasks under way: the event loop itself keeps only weak references."""
