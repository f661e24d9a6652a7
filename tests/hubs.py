"""A hub on a free port, in a thread of its own."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from xr0_robot.fleet.people import People, hashed
from xr0_robot.fleet.server import Settings, listening

HOST = "127.0.0.1"
PASSWORD = "correct horse"
KEY = "robots only"


@contextmanager
def hub(journal: Path, patience_s: float = 60.0) -> Iterator[int]:
    """Its port."""
    people = People({"ada": hashed(PASSWORD)})
    settings = Settings(people, port=0, robot_key=KEY, patience_s=patience_s, journal=journal)
    ready, ports, stop = threading.Event(), [], {}

    async def run() -> None:
        stop["loop"], stop["event"] = asyncio.get_running_loop(), asyncio.Event()
        async with listening(settings) as port:
            ports.append(port)
            ready.set()
            await stop["event"].wait()

    thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
    thread.start()
    assert ready.wait(20)
    try:
        yield ports[0]
    finally:
        stop["loop"].call_soon_threadsafe(stop["event"].set)
        thread.join(20)
