"""One connection to a provider that misbehaves on purpose: what a script may do to it, and what was asked on it.

It knows where a request ends, and no dialect. Which script plays is upstream.py's affair.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from typing import Protocol, cast

LINGER_ZERO = struct.pack("ii", 1, 0)


class Gone(Exception):
    """The sidecar has closed the connection."""


class Asked:
    """One request, from its head on; `body` comes with `Visit.whole`. `at` is on the loop's clock, headers in lower case.

    `cancelled` is when the sidecar left before the act was over, on the same clock; None while it did not.
    """

    def __init__(self, head: bytes, at: float) -> None:
        lines = head.decode("latin-1").split("\r\n")
        self.line = lines[0]
        self.headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        self.at = at
        self.body = b""
        self.cancelled: float | None = None

    @property
    def length(self) -> int:
        return int(self.headers.get("content-length", "0"))

    @property
    def stream(self) -> bool:
        return "event-stream" in self.headers.get("accept", "")


class Host(Protocol):
    """Who is visited: it says what is played."""

    text: str
    visits: list[Visit]
    tasks: set[asyncio.Task[None]]
    left: bool

    def next_welcome(self) -> Welcome | None: ...

    def next_act(self, asked: Asked) -> Act: ...


class Visit(asyncio.Protocol):
    """One connection. What is sent is lost silently once the sidecar has gone; what waits raises Gone."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.transport: asyncio.Transport
        self.asked: list[Asked] = []
        self.ended = False
        self.lost = asyncio.Event()
        self._buffer = bytearray()
        self._news = asyncio.Event()
        self._task: asyncio.Task[None]

    # ---- for scripts

    async def whole(self, asked: Asked) -> bytes:
        """The body of the request, all of it."""
        if not self.lost.is_set():
            self.transport.resume_reading()
        await self.until(lambda: len(self._buffer) >= asked.length)
        asked.body = bytes(self._buffer[: asked.length])
        del self._buffer[: asked.length]
        return asked.body

    def send(self, *pieces: bytes) -> None:
        if not self.lost.is_set():
            self.transport.write(b"".join(pieces))

    async def drip(self, data: bytes, every: float = 0.05) -> None:
        """One byte at a time."""
        for at in range(len(data)):
            self.send(data[at : at + 1])
            await self.pause(every)

    async def flood(self, data: bytes, every: float = 0.005) -> None:
        """Without end."""
        while True:
            self.send(data)
            await self.pause(every)

    async def pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self.stall()
        except TimeoutError:
            return

    async def stall(self) -> None:
        """Say nothing more until the sidecar has gone."""
        await self.lost.wait()
        raise Gone

    def close(self) -> None:
        """Once everything sent so far has left."""
        self.ended = True
        self.transport.close()

    def reset(self) -> None:
        """End with RST; what was sent may be lost with it."""
        if self.lost.is_set() or self.transport.is_closing():
            raise Gone
        self.ended = True
        self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_ZERO)
        self.transport.abort()

    def half_close(self) -> None:
        if not self.lost.is_set():
            self.transport.write_eof()

    async def until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            if self.lost.is_set():
                raise Gone
            self._news.clear()
            await self._news.wait()

    async def hears(self, size: int) -> bytes:
        """So many bytes of whatever comes, which need be no HTTP; they stay."""
        await self.until(lambda: len(self._buffer) >= size)
        return bytes(self._buffer)

    # ---- serving

    async def serve(self) -> None:
        try:
            welcome = self.host.next_welcome()
            if welcome is not None:
                await welcome(self)
            while not self.ended:
                await self._serve_next()
        except Gone:
            return

    async def _serve_next(self) -> None:
        await self.until(lambda: b"\r\n\r\n" in self._buffer)
        head, _, rest = bytes(self._buffer).partition(b"\r\n\r\n")
        self.transport.pause_reading()
        self._buffer = bytearray(rest)
        asked = Asked(head, asyncio.get_running_loop().time())
        self.asked.append(asked)
        act = self.host.next_act(asked)
        try:
            await act(self, asked)
        except Gone:
            if not self.host.left:
                asked.cancelled = asyncio.get_running_loop().time()
            raise
        if not self.lost.is_set() and not self.ended:
            self.transport.resume_reading()

    # ---- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.host.visits.append(self)
        self._task = asyncio.ensure_future(self.serve())
        self.host.tasks.add(self._task)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._news.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.set()
        self._news.set()


#: What happens to one request, from its head on, and what happens to a connection before its first one.
Act = Callable[[Visit, Asked], Awaitable[None]]
Welcome = Callable[[Visit], Awaitable[None]]
