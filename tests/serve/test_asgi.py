"""The same service behind any front door: what robots are told is what the server of our own tells them."""

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncIterator

import numpy as np
import pytest
from served import HOST, running
from websockets.sync.client import connect

from xr0.serve.asgi import Application
from xr0.serve.dispatch import Question
from xr0.serve.keys import Group
from xr0.serve.server import Settings
from xr0.serve.service import Serving
from xr0_robot import wire
from xr0_robot.client import Client, NotNow
from xr0_robot.deadlines import Urgency
from xr0_robot.sims.bricks.embodiment import BRICKS
from xr0_robot.types import Observation

HORIZON = 5
WAIT_S = 20.0


class Echo:
    """Answers a number with itself, `seconds` later; the number -1 not before `release`."""

    def __init__(self, seconds: float = 0.0):
        self.seconds, self.thinking, self.release = seconds, threading.Event(), threading.Event()

    def metadata(self):
        return {
            wire.EMBODIMENT: BRICKS.to_dict(),
            wire.ACTION_HORIZON: HORIZON,
            wire.MAX_PREFIX: 3,
            wire.CHECKPOINT: {"name": "echo", "fingerprint": "0"},
        }

    def warm_up(self, largest_batch):
        pass

    def read(self, request):
        return Question(None, float(request[wire.STATE][0]))

    def infer(self, questions):
        time.sleep(self.seconds)
        if -1 in questions:
            self.thinking.set()
            assert self.release.wait(WAIT_S)
        return [{wire.ACTIONS: np.full((HORIZON, 7), number, np.float32)} for number in questions]


class Peer:
    """One connection through an ASGI server that does what the specification says."""

    def __init__(self, app, kind="websocket", path="/", headers=()):
        self._to_app, self._from_app = asyncio.Queue(), asyncio.Queue()
        scope = {"type": kind, "path": path, "headers": list(headers), "client": ("10.0.0.1", 4)}
        self.done = asyncio.create_task(app(scope, self._to_app.get, self._send))

    async def _send(self, message):
        await self._from_app.put(message)
        if message["type"] == "websocket.close":
            await self.tell("websocket.disconnect", code=message["code"])

    async def tell(self, kind, **values):
        await self._to_app.put({"type": kind, **values})

    async def told(self):
        async with asyncio.timeout(WAIT_S):
            return await self._from_app.get()

    async def ask(self, number, **extra):
        frame = wire.pack({wire.STATE: np.full(7, float(number)), wire.PROMPT: "go", **extra})
        await self.tell("websocket.receive", bytes=frame)

    async def answered(self):
        """The number, or the line that refuses it."""
        message = await self.told()
        assert message["type"] == "websocket.send"
        return message.get("text") or int(wire.unpack(message["bytes"])[wire.ACTIONS][0, 0])


@contextlib.asynccontextmanager
async def living(policy, **serving) -> AsyncIterator[Application]:
    app = Application(policy, Serving(**serving))
    life = Peer(app, "lifespan")
    await life.tell("lifespan.startup")
    assert (await life.told())["type"] == "lifespan.startup.complete"
    yield app
    await life.tell("lifespan.shutdown")
    assert (await life.told())["type"] == "lifespan.shutdown.complete"
    await life.done


async def robot(app, headers=()):
    """Accepted, its metadata read."""
    peer = Peer(app, headers=headers)
    await peer.tell("websocket.connect")
    assert (await peer.told())["type"] == "websocket.accept"
    peer.hello = (await peer.told())["bytes"]
    return peer


async def refused(app, headers):
    peer = Peer(app, headers=headers)
    await peer.tell("websocket.connect")
    start, body = await peer.told(), await peer.told()
    assert start["type"] == "websocket.http.response.start"
    await peer.done
    return start["status"], body["body"].decode()


def test_frames_are_those_of_the_server() -> None:
    request = wire.pack({wire.STATE: np.full(7, 3.0), wire.PROMPT: "go", wire.REQUEST_ID: 8})
    sent = (request, b"nonsense")

    async def behind_asgi() -> list[bytes | str]:
        async with living(Echo()) as app:
            peer = await robot(app)
            got = [peer.hello]
            for frame in sent:
                await peer.tell("websocket.receive", bytes=frame)
                message = await peer.told()
                got.append(message.get("text") or message["bytes"])
            assert (await peer.told())["code"] == 1011  # a peer that speaks something else is left
            await peer.done
            return got

    with running(Echo()) as port, connect(f"ws://{HOST}:{port}") as socket:
        ours = [socket.recv(timeout=WAIT_S)]
        for frame in sent:
            socket.send(frame)
            ours.append(socket.recv(timeout=WAIT_S))
    theirs = asyncio.run(behind_asgi())
    assert theirs[0] == ours[0] and theirs[2] == ours[2]
    one, other = (wire.unpack(reply) for reply in (theirs[1], ours[1]))
    assert one.keys() == other.keys() and one[wire.REQUEST_ID] == 8
    assert (one[wire.ACTIONS] == other[wire.ACTIONS]).all() and (one[wire.ACTIONS] == 3.0).all()


def test_each_robot_gets_its_own_answer() -> None:
    async def main() -> None:
        policy = Echo()
        async with living(policy) as app:
            peers = [await robot(app) for _ in range(5)]
            await peers[0].ask(-1)
            assert await asyncio.to_thread(policy.thinking.wait, WAIT_S)
            for number, peer in enumerate(peers[1:]):
                await peer.ask(number)
            await peers[2].tell("websocket.disconnect", code=1006)  # one that leaves costs nobody an answer
            await peers[2].done
            policy.release.set()
            numbers = [await peer.answered() for peer in (peers[0], peers[1], peers[3], peers[4])]
            assert numbers == [-1, 0, 2, 3]

    asyncio.run(main())


def test_strangers_are_told_what_the_server_tells_them() -> None:
    key = (b"authorization", b"Api-Key secret")

    async def main() -> None:
        async with living(Echo(), groups=(Group("cell", "secret", robots=1),)) as app:
            expected = (401, "expected a header Authorization: Api-Key KEY\n")
            assert await refused(app, []) == expected
            assert await refused(app, [(b"authorization", b"Api-Key other")]) == expected
            status, _ = await refused(app, [key, (b"origin", b"https://example.org")])
            assert status == 403
            await robot(app, [key])
            second = Peer(app, headers=[key])
            await second.tell("websocket.connect")
            assert (await second.told())["type"] == "websocket.accept"
            assert (await second.told())["text"].startswith("not now: cell has 1 robots connected")
            for path, headers, status in (
                ("/healthz", [], 200),
                ("/metrics", [], 401),
                ("/metrics", [key], 200),
                ("/", [key], 426),
            ):
                page = Peer(app, "http", path, headers)
                assert (await page.told())["status"] == status
                body = (await page.told())["body"]
                assert ("xr0_connections" in body.decode()) == (path == "/metrics" and status == 200)

    asyncio.run(main())


@pytest.mark.parametrize("replica", [True, False])
def test_a_robot_without_room_is_parted_with_where_it_may_find_some(replica: bool) -> None:
    """Half a second a batch of one, and plans of 0.6 s: there is room for one robot."""

    async def main() -> None:
        async with living(Echo(0.5), largest_batch=1, replica=replica) as app:
            served, other = await robot(app), await robot(app)
            await served.ask(1, deadline_ms=600)
            assert await served.answered() == 1
            await other.ask(2, deadline_ms=600)
            assert (await other.answered()).startswith("not now: the server is full")
            if replica:
                assert (await other.told())["code"] == 1013
                await other.done
            else:
                await other.ask(3)  # without a deadline: nobody waits for it
                assert await other.answered() == 3
            await served.ask(4, deadline_ms=600)
            assert await served.answered() == 4
            assert app.service is not None
            figures = app.service.figures()
            assert figures.full == 1 and figures.late == 0 and figures.load > 0

    asyncio.run(main())


def test_our_client_comes_again_after_it_was_parted_with() -> None:
    """To the only replica there is, which the other robot has left meanwhile."""
    images = {camera.key: np.zeros((camera.height, camera.width, 3), np.uint8) for camera in BRICKS.cameras}
    observation, urgency = Observation(images, np.ones(7), "go", 3.0), Urgency(0.6, 1.6)
    with running(Echo(0.5), settings=Settings(port=0, largest_batch=1, replica=True)) as port:
        url = f"ws://{HOST}:{port}"
        with Client(url) as client:
            with Client(url) as first:
                first.infer(observation, urgency=urgency)
                with pytest.raises(NotNow, match="the server is full"):
                    client.infer(observation, urgency=urgency)
            deadline_s = time.monotonic() + WAIT_S
            while time.monotonic() < deadline_s:
                with contextlib.suppress(ConnectionError):
                    assert (client.infer(observation, urgency=urgency).actions == 1.0).all()
                    return
    pytest.fail("it was not served again")


def test_a_shutdown_answers_what_is_here_and_nothing_more() -> None:
    policy = Echo()

    async def main() -> None:
        app = Application(policy, Serving())
        life = Peer(app, "lifespan")
        await life.tell("lifespan.startup")
        await life.told()
        waiting, late = await robot(app), await robot(app)
        await waiting.ask(-1)
        assert await asyncio.to_thread(policy.thinking.wait, WAIT_S)
        await life.tell("lifespan.shutdown")
        await asyncio.sleep(0.1)
        await late.ask(2)
        assert await late.answered() == "not now: the server is stopping"
        page = Peer(app, "http", "/healthz")
        assert (await page.told())["status"] == 503
        policy.release.set()
        assert await waiting.answered() == -1
        assert (await life.told())["type"] == "lifespan.shutdown.complete"

    asyncio.run(main())


def test_a_front_door_without_lifespans_is_told_so() -> None:
    async def main() -> None:
        peer = Peer(Application(Echo(), Serving()))
        with pytest.raises(RuntimeError, match="lifespan"):
            await peer.done

    asyncio.run(main())
