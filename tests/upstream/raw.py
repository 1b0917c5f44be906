"""A provider made of bytes: each connection plays a script that sends what it likes, when it likes, and ends as it likes.

It knows no HTTP beyond where a request ends. What arrived and how the peer left is kept for the test to read.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import cast

import httptools
from yarl import URL

PATIENCE = 5.0
LINGER_ZERO = struct.pack("ii", 1, 0)

Script = Callable[["Visit"], Awaitable[None]]


class Visit(asyncio.Protocol):
    """One connection, seen by the provider. `left` is "" while the peer is there, then "closed" or "reset"."""

    def __init__(self, raw: RawUpstream, script: Script) -> None:
        self.received = bytearray()
        self.left = ""
        self.transport: asyncio.Transport
        self._raw = raw
        self._script = script
        self._taken = 0
        self._news = asyncio.Event()

    # ---- for scripts

    def send(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.transport.write(piece)

    async def request(self) -> bytes:
        """The next whole request, head and body."""
        await self.until(lambda: self._request_end() > 0)
        start, self._taken = self._taken, self._request_end()
        return bytes(self.received[start : self._taken])

    async def answer(self, *pieces: bytes) -> bytes:
        request = await self.request()
        self.send(*pieces)
        return request

    async def drip(self, *pieces: bytes) -> None:
        """Send piece by piece, with loop turns between in which a peer on the same loop reads."""
        for piece in pieces:
            self.send(piece)
            await turns(3)

    def stop_reading(self) -> None:
        self.transport.pause_reading()

    def half_close(self) -> None:
        self.transport.write_eof()

    def close(self) -> None:
        self.transport.close()

    def reset(self) -> None:
        """End with RST, so that what the peer had not read yet may be lost."""
        self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_ZERO)
        self.transport.abort()

    async def gone(self) -> None:
        """Until the peer has left."""
        await self.until(lambda: bool(self.left))

    async def more_than(self, size: int) -> None:
        """Until so many bytes have come, or the peer has left."""
        await self.until(lambda: len(self.received) > size or bool(self.left))

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not condition():
                if self.left and not condition():
                    raise ConnectionAbortedError(f"the peer has {self.left} the connection")
                self._news.clear()
                await self._news.wait()

    def _request_end(self) -> int:
        """Where the request that begins at `_taken` ends, 0 while it has not."""
        head, mark, _ = bytes(self.received[self._taken :]).partition(b"\r\n\r\n")
        if not mark:
            return 0
        length = next(
            (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
        )
        end = self._taken + len(head) + len(mark) + length
        return end if end <= len(self.received) else 0

    # ---- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._raw.play(self, self._script)

    def data_received(self, data: bytes) -> None:
        self.received += data
        self._news.set()

    def eof_received(self) -> bool:
        self._leave("closed")
        return not isinstance(self.transport.get_extra_info("sslcontext"), ssl.SSLContext)

    def connection_lost(self, exc: Exception | None) -> None:
        self._leave("closed" if exc is None else "reset")

    def _leave(self, how: str) -> None:
        self.left = self.left or how
        self._news.set()


class RawUpstream:
    """Listens while it is entered. The n-th connection plays the n-th script; the last one serves all further ones."""

    def __init__(
        self, *scripts: Script, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1", port: int = 0
    ) -> None:
        self.visits: list[Visit] = []
        self.port = port
        self._scripts = scripts
        self._tls = tls
        self._host = host
        self._tasks: list[asyncio.Task[None]] = []
        self._welcomed = 0
        self._arrived = asyncio.Event()

    @property
    def origin(self) -> URL:
        host = f"[{self._host}]" if ":" in self._host else self._host
        return URL(f"{'https' if self._tls else 'http'}://{host}:{self.port}")

    async def visit(self, number: int = 0) -> Visit:
        """The connection of that number, waited for."""
        async with asyncio.timeout(PATIENCE):
            while len(self.visits) <= number:
                self._arrived.clear()
                await self._arrived.wait()
        return self.visits[number]

    def play(self, visit: Visit, script: Script) -> None:
        self.visits.append(visit)
        self._arrived.set()
        self._tasks.append(asyncio.ensure_future(script(visit)))

    async def __aenter__(self) -> RawUpstream:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._welcome, self._host, self.port, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        """A script that failed fails the test; one that still waits is ended."""
        self._server.close()
        for task in self._tasks:
            task.cancel()
        ends = await asyncio.gather(*self._tasks, return_exceptions=True)
        for visit in self.visits:
            visit.transport.abort()
        await asyncio.sleep(0)
        for end in ends:
            if isinstance(end, Exception) and not isinstance(end, ConnectionAbortedError):
                raise end

    def _welcome(self) -> Visit:
        script = self._scripts[min(self._welcomed, len(self._scripts) - 1)]
        self._welcomed += 1
        return Visit(self, script)


async def turns(count: int) -> None:
    """Let the loop turn: what is on a socket is read, what was scheduled is run."""
    for _ in range(count):
        await asyncio.sleep(0)


def always(*pieces: bytes) -> Script:
    """The same answer to every request, on as many connections as come."""

    async def script(visit: Visit) -> None:
        while True:
            await visit.answer(*pieces)

    return script


async def silent(visit: Visit) -> None:
    await visit.gone()


# ---- bytes of answers


def head(status: int = 200, *lines: str) -> bytes:
    return "\r\n".join((f"HTTP/1.1 {status} Some Reason", *lines, "", "")).encode()


def plain(body: bytes, status: int = 200, *lines: str) -> bytes:
    """An answer with a content-length."""
    return head(status, "content-type: application/json", f"content-length: {len(body)}", *lines) + body


def chunk(data: bytes, extension: bytes = b"") -> bytes:
    return b"%x%b\r\n%b\r\n" % (len(data), extension, data)


LAST = b"0\r\n\r\n"
STREAM_HEAD = head(200, "content-type: text/event-stream", "transfer-encoding: chunked")


def stream(*pieces: bytes) -> bytes:
    """A whole chunked event stream, each piece a chunk of its own."""
    return STREAM_HEAD + b"".join(map(chunk, pieces)) + LAST


class RequestHead:
    """Request line and headers (lower case) of a request, read by a parser that is not ours."""

    def __init__(self, request: bytes) -> None:
        self.headers: list[tuple[str, str]] = []
        self.url = ""
        self.body = b""
        parser = httptools.HttpRequestParser(self)
        with suppress(httptools.HttpParserUpgrade):  # what follows a CONNECT is not HTTP
            parser.feed_data(request)
        self.method = parser.get_method().decode()

    def on_url(self, url: bytes) -> None:
        self.url += url.decode()

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.decode().lower(), value.decode("latin-1")))

    def on_body(self, body: bytes) -> None:
        self.body += body

    def all(self, name: str) -> list[str]:
        return [value for found, value in self.headers if found == name]
