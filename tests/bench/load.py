"""The load: callers that ask again as soon as they are answered, and streams that are open at the same time.

Raw protocols on one event loop, as cheap as they can be and still refuse everything that is not a complete 200: a fast
wrong answer must never look good in the table. What is measured while they run, and for how long, is decided elsewhere.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Iterable
from functools import partial
from itertools import count
from typing import Any, cast

from tests.bench.applications import Application
from tests.bench.framing import PLACEHOLDER
from tests.bench.wires import OPENED

PATIENCE = 20.0

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_OPENED = OPENED.encode()
#: No two requests of a run have the same one.
_NUMBERS = count(1)


class BenchError(Exception):
    """The run cannot be trusted: a refused, cut, incomplete or wrong answer, or a process that did not start."""


class Load:
    """The connections of one cell, and the first thing that went wrong with any of them."""

    def __init__(self) -> None:
        self.running = True
        self.replies = 0
        self.events = 0
        self.latencies: list[int] = []
        self.waiting = 0
        self._all_arrived = asyncio.Event()
        self._broken: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def expect(self, count: int) -> None:
        self.waiting = count
        self._all_arrived.clear()

    def arrived(self) -> None:
        self.waiting -= 1
        if self.waiting == 0:
            self._all_arrived.set()

    def fail(self, why: str) -> None:
        if not self._broken.done():
            self._broken.set_result(why)

    async def run(self, seconds: float) -> None:
        """Let the load run; raises BenchError as soon as a connection fails."""
        await asyncio.wait({self._broken}, timeout=seconds)
        self._raise_broken()

    async def settled(self, what: str) -> None:
        """Until all that was expected has arrived; BenchError after PATIENCE seconds."""
        arrival = asyncio.ensure_future(self._all_arrived.wait())
        either: set[asyncio.Future[Any]] = {self._broken, arrival}
        await asyncio.wait(either, timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
        arrival.cancel()
        self._raise_broken()
        if self.waiting:
            raise BenchError(f"{self.waiting} {what} did not arrive within {PATIENCE:.0f} s")

    def _raise_broken(self) -> None:
        if self._broken.done():
            raise BenchError(self._broken.result())


class Connection(asyncio.Protocol):
    def __init__(self, load: Load, payload: bytes) -> None:
        self._load = load
        self._payload = payload
        self._rest = b""
        self._done = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._ask()

    def _ask(self) -> None:
        self._transport.write(self._payload)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._done:
            self._load.fail(f"connection lost before the end of an answer ({exc}): {self._rest[:300]!r}")

    def close(self) -> None:
        self._done = True
        self._transport.close()


class Caller(Connection):
    """Asks, reads the whole answer, asks again."""

    def data_received(self, data: bytes) -> None:
        data = self._rest + data if self._rest else data
        if not self._complete(data):
            self._rest = data
            return
        self._rest = b""
        self._load.replies += 1
        if self._load.running:
            self._ask()
        else:
            self.close()
            self._load.arrived()

    def _complete(self, data: bytes) -> bool:
        end = data.find(b"\r\n\r\n")
        if end < 0:
            return False
        if not data.startswith(b"HTTP/1.1 200"):
            self._load.fail(f"not a 200: {data[:500]!r}")
        length = _LENGTH.search(data, 0, end)
        return len(data) >= end + 4 + int(length[1]) if length else data.endswith(b"0\r\n\r\n")


class Curious(Caller):
    """Asks for something else each time, in as many bytes: the placeholder of its request becomes a number."""

    def __init__(self, load: Load, payload: bytes) -> None:
        super().__init__(load, payload)
        self._before, self._after = payload.split(PLACEHOLDER)

    def _ask(self) -> None:
        self._transport.write(b"%b%016d%b" % (self._before, next(_NUMBERS), self._after))


class Stream(Connection):
    """Reads one stream: its opening, its stamped events, its proper end."""

    def __init__(self, application: Application, load: Load, payload: bytes) -> None:
        super().__init__(load, payload)
        self._application = application
        self._open = False
        self._tail = b""

    def data_received(self, data: bytes) -> None:
        now = time.monotonic_ns()
        if not self._load.running:
            self._tail += data
        data = self._rest + data if self._rest else data
        if not self._open:
            self._read_opening(data)
            return
        stamps = self._application.stamp.findall(data)
        self._load.events += len(stamps)
        self._load.latencies += [now - int(stamp) for stamp in stamps]
        self._rest = data[data.rfind(b"\n") + 1 :]
        if self._tail.endswith(b"0\r\n\r\n"):
            self._end()

    def _read_opening(self, data: bytes) -> None:
        self._rest = data
        if _OPENED in data:
            if not data.startswith(b"HTTP/1.1 200"):
                self._load.fail(f"not a 200: {data[:500]!r}")
            self._open, self._rest = True, b""
            self._load.arrived()
        elif not b"HTTP/1.1 200".startswith(data[:12]):
            self._load.fail(f"not a 200: {data[:500]!r}")

    def _end(self) -> None:
        if not self._application.ended(self._tail):
            self._load.fail(f"a stream did not end as its dialect has it: {self._tail[-500:]!r}")
        self.close()
        self._load.arrived()


async def connect(load: Load, kind: Callable[[Load, bytes], Connection], port: int, payloads: Iterable[bytes]) -> None:
    """One connection for each payload; each begins at once."""
    loop = asyncio.get_running_loop()
    for payload in payloads:
        await loop.create_connection(partial(kind, load, payload), "127.0.0.1", port)
