"""A server in a thread of the test's own process."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from concurrent.futures import Future

from xr0.serve import keys
from xr0.serve.dispatch import Policy
from xr0.serve.server import Settings, listening

HOST = "127.0.0.1"


@contextlib.contextmanager
def running(
    policy: Policy, port: int = 0, api_key: str | None = None, settings: Settings | None = None
) -> Iterator[int]:
    """Yields the port."""
    started: Future = Future()
    given = settings or Settings(HOST, port, keys.groups(api_key, None))

    async def main() -> None:
        stop = asyncio.Event()
        async with listening(policy, given) as bound_port:
            started.set_result((bound_port, asyncio.get_running_loop(), stop))
            await stop.wait()

    def run() -> None:
        try:
            asyncio.run(main())
        except (OSError, ValueError) as error:
            started.set_exception(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        bound_port, loop, stop = started.result(60)
        try:
            yield bound_port
        finally:
            loop.call_soon_threadsafe(stop.set)
    finally:
        thread.join(10)
