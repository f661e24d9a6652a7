"""A real hub, real robots and a person's page, over loopback."""

import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hubs import HOST, KEY, PASSWORD, hub
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from xr0_robot.executor.inference import VirtualInference
from xr0_robot.executor.loop import Executor
from xr0_robot.executor.methods import Naive
from xr0_robot.executor.safety import Safety
from xr0_robot.fleet import fleet
from xr0_robot.fleet import hub as fleet_hub
from xr0_robot.fleet.member import Member
from xr0_robot.robots.mock import LIMITS, MOCK, MockEnv
from xr0_robot.types import Chunk, Observation


@pytest.fixture(autouse=True)
def looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hub tells its news when it looks next; these tests wait for that in every line."""
    monkeypatch.setattr(fleet_hub, "LOOK_S", 0.02)


class Page:
    """A person's page without a browser."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket, self.rows, self.journal, self.pictures = socket, {}, [], {}
        self.wall: list[str] = []

    def until(self, holds: Callable[["Page"], Any], timeout_s: float = 20.0) -> Any:
        """Hear until something holds."""
        end_s = time.monotonic() + timeout_s
        while not (found := holds(self)):
            assert time.monotonic() < end_s, f"rows {self.rows}, journal {self.journal}"
            frame = self.socket.recv(timeout=timeout_s)
            if isinstance(frame, bytes):
                self.pictures[frame[1 : 1 + frame[0]].decode()] = frame[1 + frame[0] :]
                continue
            news = json.loads(frame)
            self.rows |= {row["name"]: row for row in news.get("rows", [])}
            self.wall = news.get("order", self.wall)
            self.journal += news.get("journal", [])
        return found

    def order(self, robot: str, what: str, instruction: str = "") -> str:
        """What came of it."""
        known = len(self.journal)
        order = {"robots": [robot], "what": what, "instruction": instruction}
        self.socket.send(json.dumps({"order": order}))
        return self.until(
            lambda page: next((e["words"] for e in page.journal[known:] if e["what"] == what), None)
        )


@contextmanager
def page(port: int, password: str = PASSWORD) -> Iterator[Page]:
    with connect(f"ws://{HOST}:{port}/watch") as socket:
        socket.send(json.dumps({"login": {"name": "ada", "password": password}}))
        assert json.loads(socket.recv(timeout=20))["you"] == "ada"
        yield Page(socket)


def member(
    port: int, name: str = "arm", sentences: tuple[str, ...] = (), pressed: Callable[[], bool] = lambda: False
) -> Member:
    return Member(f"ws://{HOST}:{port}", name, sentences, KEY, pressed)


class Still:
    """A policy that stays where the robot is."""

    embodiment, action_horizon, max_prefix = MOCK, 20, 0

    def infer(self, observation: Observation, prefix: np.ndarray | None, seed: int | None) -> Chunk:
        return Chunk(np.repeat(observation.state[None, :7], 20, axis=0), observation.time_s, MOCK.dt)


class Arm:
    """A mock robot in its control loop, tick by tick."""

    def __init__(self, robot: Member) -> None:
        self.env, self.tick = MockEnv(), 0
        begin = (self.env.state(), 0, None, None, robot, robot.estop)
        self.executor = Executor(VirtualInference(Still(), 0.0), Naive(), Safety(MOCK, LIMITS), *begin)

    def run(self, ticks: int) -> str:
        """How fresh the last command was."""
        for _ in range(ticks):
            now_s = self.tick / 30
            done = self.executor.tick(now_s, lambda now_s=now_s: self.env.observe("go", now_s))
            self.tick += 1
        return done.freshness


def test_a_person_holds_a_robot_in_its_control_loop_and_sends_it_on(journal: Path) -> None:
    with hub(journal) as port, member(port) as robot, page(port) as ada:
        arm = Arm(robot)
        assert arm.run(3) == "fresh"
        ada.until(lambda page: page.rows.get("arm", {}).get("instruction") == "go")
        assert ada.order("arm", "hold") == "done"
        assert arm.run(3) == "stopped"
        row = ada.until(lambda page: page.rows["arm"]["state"] == "holding" and page.rows["arm"])
        assert row["why"] == "held by ada" and row["alarm"] is None
        assert ada.order("arm", "resume") == "done"
        assert arm.run(3) == "fresh"
        ada.until(lambda page: page.rows["arm"]["state"] == "working")
    entries = [json.loads(line) for line in journal.read_text().splitlines()]
    assert [(e["who"], e["what"], e["robot"]) for e in entries if e["what"] in ("hold", "resume")] == [
        ("ada", "hold", "arm"),
        ("ada", "resume", "arm"),
    ]
    assert all(entry["when"] for entry in entries)


def test_the_estop_wins_over_everything_until_it_is_released(journal: Path) -> None:
    with hub(journal) as port, member(port) as robot, page(port) as ada:
        arm = Arm(robot)
        arm.run(1)
        ada.order("arm", "hold")
        assert ada.order("arm", "stop") == "done"  # also over a hold
        assert arm.run(2) == "stopped"
        ada.until(lambda page: page.rows["arm"]["alarm"] == "stopped")
        for what in ("resume", "hold", "instruct"):
            assert "its e-stop is pressed (pressed by ada)" in ada.order(
                "arm", what, "go" * (what == "instruct")
            )
        assert arm.run(2) == "stopped"
        assert ada.order("arm", "release") == "done"
        assert arm.run(2) == "fresh"
        assert "not pressed" in ada.order("arm", "release")


def test_a_stop_over_a_hold_never_lets_go_in_between(journal: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with hub(journal) as port, member(port) as robot, page(port) as ada:
        ada.until(lambda page: "arm" in page.rows)
        assert ada.order("arm", "hold") == "done"
        let_go: list[int] = []
        monkeypatch.setattr(robot.estop, "release", lambda: let_go.append(1))
        assert ada.order("arm", "stop") == "done"
        assert let_go == [] and robot.estop.poll() is not None


def test_who_presses_the_robots_own_switch_while_it_is_held_must_release_it(journal: Path) -> None:
    switch = [False]
    with hub(journal) as port, member(port, pressed=lambda: switch[0]) as robot, page(port) as ada:
        arm = Arm(robot)
        ada.until(lambda page: "arm" in page.rows)
        assert ada.order("arm", "hold") == "done"
        switch[0] = True
        arm.run(1)
        switch[0] = False
        assert "its input was pressed" in ada.order("arm", "resume")
        assert arm.run(1) == "stopped" and ada.order("arm", "release") == "done"
        assert arm.run(1) == "fresh"


def test_what_a_robot_is_told_in_several_lines_does_not_end_its_control_loop(journal: Path) -> None:
    with hub(journal) as port, member(port) as robot, page(port) as ada:
        robot.note("observation", observation=Observation({}, np.zeros(7), "first\nthen " + "x" * 500, 0.0))
        row = ada.until(lambda page: page.rows.get("arm", {}).get("instruction") and page.rows["arm"])
        assert row["instruction"].startswith("first then xx") and len(row["instruction"]) == 400


def test_a_robot_asks_for_help_and_is_told_what_to_do(journal: Path) -> None:
    with hub(journal) as port, member(port, sentences=("left", "right")) as robot, page(port) as ada:
        assert not robot.ask_for_help("lost it", timeout_s=0.2)
        row = ada.until(lambda page: page.rows.get("arm", {}).get("alarm") == "help" and page.rows["arm"])
        assert row["why"] == "lost it" and row["sentences"] == ["left", "right"]
        assert "knows 2 sentences" in ada.order("arm", "instruct", "up")
        assert ada.order("arm", "instruct", "left") == "'left': done"
        assert robot.take_order() == "left" and robot.take_order() is None


def test_help_that_came_is_told_to_who_waits_for_it(journal: Path) -> None:
    with hub(journal) as port, member(port) as robot, page(port) as ada:
        helped: list[bool] = []
        waits = threading.Thread(target=lambda: helped.append(robot.ask_for_help("lost it", 60)))
        waits.start()
        ada.until(lambda page: page.rows.get("arm", {}).get("alarm") == "help")
        ada.order("arm", "resume")
        waits.join(20)
    assert helped == [True]


def test_a_held_robot_is_no_alarm_however_long(journal: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleet, "HELD_S", 0.2)
    with hub(journal) as port, member(port) as robot, page(port) as ada:
        robot.tell(state="holding")
        ada.until(lambda page: page.rows.get("arm", {}).get("alarm") == "holding")
        ada.order("arm", "hold")
        ada.until(lambda page: page.rows["arm"]["alarm"] is None)


def test_who_is_gone_is_out_of_reach_and_cannot_be_told_anything(journal: Path) -> None:
    with hub(journal) as port, page(port) as ada:
        with member(port):
            ada.until(lambda page: "arm" in page.rows)
        ada.until(lambda page: page.rows["arm"]["alarm"] == "silent")
        assert "out of reach" in ada.order("arm", "resume")


def test_who_will_not_come_back_is_removed_and_who_is_here_is_not(journal: Path) -> None:
    with hub(journal) as port, member(port, "stays"), page(port) as ada:
        with member(port, "goes"):
            ada.until(lambda page: {"goes", "stays"} <= page.rows.keys())
        ada.until(lambda page: page.rows["goes"]["alarm"] == "silent")
        for name in ("stays", "goes"):
            ada.socket.send(json.dumps({"forget": name}))
        ada.until(lambda page: page.wall == ["stays"])
        assert [e["robot"] for e in ada.journal if e["what"] == "removed"] == ["goes"]


def test_a_full_disk_under_the_journal_ends_nothing(journal: Path) -> None:
    with hub(Path("/dev/full")) as port, member(port), page(port) as ada:
        assert ada.order("arm", "hold") == "done"
        ada.until(lambda page: page.rows["arm"]["state"] in ("holding", "working"))


def test_a_robot_whose_hub_begins_anew_joins_again(journal: Path) -> None:
    with hub(journal) as port:
        robot = member(port)
        with page(port) as ada:
            ada.until(lambda page: "arm" in page.rows)
            with connect(
                f"ws://{HOST}:{port}/robot", additional_headers={"Authorization": f"Api-Key {KEY}"}
            ) as twin:
                twin.send(json.dumps({"robot": "arm"}))  # takes its place; then it comes back
                ada.until(lambda page: sum(e["what"] == "joined" for e in page.journal) >= 3)
    robot.close()


def test_pictures_come_to_who_looks(journal: Path) -> None:
    with hub(journal) as port, member(port) as robot, page(port) as ada:
        robot.show(np.zeros((480, 640, 3), np.uint8))
        ada.socket.send(json.dumps({"see": ["arm"]}))
        picture = ada.until(lambda page: page.pictures.get("arm"))
        assert picture.startswith(b"\xff\xd8") and len(picture) < 5000
        ada.pictures.clear()
        ada.socket.send(json.dumps({"open": "arm"}))  # who looks closer is shown the same once more
        ada.until(lambda page: page.pictures.get("arm"))


def test_without_the_password_nothing_is_told(journal: Path) -> None:
    with hub(journal) as port, connect(f"ws://{HOST}:{port}/watch") as socket:
        socket.send(json.dumps({"login": {"name": "ada", "password": "guess"}}))
        with pytest.raises(ConnectionClosed, match="wrong name or password"):
            socket.recv(timeout=20)


def test_without_the_key_no_robot_joins_and_no_other_site_watches(journal: Path) -> None:
    with hub(journal) as port:
        for path, headers, status in (
            ("robot", {"Authorization": "Api-Key wrong"}, 401),
            ("robot", {}, 401),
            ("watch", {"Origin": "https://elsewhere.example"}, 403),
            ("other", {}, 404),
        ):
            with (
                pytest.raises(InvalidStatus) as caught,
                connect(f"ws://{HOST}:{port}/{path}", additional_headers=headers),
            ):
                pass
            assert caught.value.response.status_code == status


@pytest.mark.parametrize(
    "frames, message",
    [
        (["{"], "not JSON"),
        (["[]"], "expected an object"),
        (['{"robot": ""}'], "got no name"),
        (['{"robot": "' + "臂" * 100 + '"}'], "robot: got '臂"),  # three bytes each
        (['{"robot": "x", "sentences": [1]}'], "list of texts"),
        (['{"robot": "x"}', '{"state": "help"}'], "missing instruction"),
        (['{"robot": "x"}', b"GIF"], "expected a JPEG"),
    ],
)
def test_a_robot_that_talks_nonsense_is_left_and_others_are_not_disturbed(
    journal: Path, frames: list, message: str
) -> None:
    with hub(journal) as port, member(port), page(port) as ada:
        key = {"Authorization": f"Api-Key {KEY}"}
        with (
            connect(f"ws://{HOST}:{port}/robot", additional_headers=key) as socket,
            pytest.raises(ConnectionClosed, match=message),
        ):
            for frame in frames:
                socket.send(frame)
            socket.recv(timeout=20)
        assert ada.order("arm", "hold") == "done"


def test_the_page_loads_nothing_from_elsewhere(journal: Path) -> None:
    with hub(journal) as port:
        for path in ("", "page.js", "page.css", "icon.svg"):
            with urllib.request.urlopen(f"http://{HOST}:{port}/{path}") as answer:
                text = answer.read().decode()
                assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
                assert "https://" not in text and "cdn" not in text.lower()
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"http://{HOST}:{port}/../server.py")
