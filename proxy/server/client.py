"""The open response of a call, written straight to the transport.

aiohttp's response machinery, a task switch and several objects for each write, is left out. A response is framed here
as RFC 9112 has it: by content-length, in chunks, or by the end of the connection. Its bytes are somebody else's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from email.utils import formatdate
from http import HTTPStatus
from socket import SO_LINGER, SOL_SOCKET
from struct import pack
from time import time

from aiohttp.http_writer import HttpVersion11

from proxy.call import Failure, Headers, Source
from proxy.receipt import TRAILER
from proxy.server.connection import ClientConnection, Request

#: How long an application may leave the end of its answer unread.
DRAIN_SECONDS = 60.0
#: RFC 9110, section 6.4.1: what never has a body.
BODILESS = frozenset({204, 304})
#: Lingering is on, for no time at all: closing is a reset.
AT_ONCE = pack("ii", 1, 0)
REASONS = {int(status): status.phrase for status in HTTPStatus} | {499: "Client Closed Request", 529: "Overloaded"}


class OpenResponse:
    """A Client. Writes after the application has gone are dropped: its task is being cancelled."""

    __slots__ = (
        "_chunked",
        "_connection",
        "_head",
        "_http11",
        "_open_ended",
        "_trailer",
        "_trails",
        "_transport",
        "keep_alive",
        "outlive",
        "request",
        "source",
        "started",
    )

    def __init__(self, request: Request, connection: ClientConnection) -> None:
        self.request = request
        self._connection = connection
        self._transport: asyncio.WriteTransport | None = connection.transport
        self._http11 = request.head.version >= HttpVersion11
        self._chunked = False
        self._open_ended = False
        self._head = b""
        #: Whether headers may end the body, and the lines of those that do.
        self._trails = False
        self._trailer = ""
        self.keep_alive = not request.head.should_close
        self.source: Source | None = None
        #: Asked when the application has gone: whether its call goes on for others.
        self.outlive: Callable[[], bool] | None = None
        self.started = False
        connection.client = self

    def follow(self, source: Source | None) -> None:
        """From now on `source` pauses while the application reads too slowly; None when the answer is over."""
        self.source = source
        if source is not None and self._connection.writing_paused:
            source.pause()

    def start(self, status: int, headers: Headers) -> None:
        """The point of no return. Without a content-length the body is chunked, or for HTTP/1.0 ends with the connection."""
        self.started = True
        framing = ""
        for name, _ in headers:
            if name == "content-length":
                break
        else:
            bodiless = status in BODILESS or self.request.head.method == "HEAD"
            self._chunked = self._http11 and not bodiless
            self._open_ended = not (self._http11 or bodiless)
            self.keep_alive = self.keep_alive and not self._open_ended
            framing = "transfer-encoding: chunked\r\n" if self._chunked else ""
            if self._chunked and "trailers" in self.request.head.headers.get("te", "").lower():
                framing += f"trailer: {TRAILER}\r\n"
                self._trails = True
        if not self.keep_alive:
            framing += "connection: close\r\n"
        lines = "\r\n".join(map(": ".join, headers))
        head = f"HTTP/1.1 {status} {REASONS.get(status, '')}\r\n{framing}date: {http_date()}\r\n{lines}\r\n\r\n"
        # Held until the first bytes of the body, so that both leave in one write.
        self._head = head.encode("latin-1", "replace")

    def write(self, data: bytes) -> None:
        """Nothing to write sends the head that is held."""
        if not data:
            self._send_head()
            return
        if self._chunked:
            data = b"%x\r\n%b\r\n" % (len(data), data)
        if self._head:
            data, self._head = self._head + data, b""
        if self._transport is not None:
            self._transport.write(data)

    async def finish(self) -> None:
        """End the body, and wait until the transport has taken it. Failure("client_gone") when nobody reads it."""
        if self._chunked or self._head:
            self._send(self._head + (b"0\r\n%b\r\n" % self._trailer.encode("latin-1") if self._chunked else b""))
            self._head = b""
        if self._connection.writing_paused and self._transport is not None:
            await self._drain()

    async def _drain(self) -> None:
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                await self._connection._drain_helper()
        except TimeoutError:
            self.keep_alive = False
            if self._transport is not None:
                self._transport.abort()
            raise Failure("client_gone", f"the application read nothing for {DRAIN_SECONDS:g} seconds") from None

    def trail(self, headers: Headers) -> None:
        """Headers that end the body, before `finish`; whoever did not ask for trailers gets none (RFC 9110, section 6.5.1)."""
        if self._trails:
            self._trailer = "".join([f"{name}: {value}\r\n" for name, value in headers])

    def interrupt(self) -> None:
        """Cancel whoever works on the answer."""
        self._connection.interrupt()

    def lose(self) -> bool:
        """The application has gone. Whether its call goes on all the same."""
        self._transport = None
        self.keep_alive = False
        return self.outlive is not None and self.outlive()

    @property
    def gone(self) -> bool:
        return self._transport is None

    def close(self) -> bool:
        """Whether the connection lives on."""
        self._connection.client = None
        return self.keep_alive

    def cut(self, told: bool = False) -> None:
        """End the connection without ending the body: what the application has is not the whole.

        Where the body ends with the connection, only a reset says so, unless the application was `told` already.
        """
        self.keep_alive = False
        if self._transport is None:
            return
        if self._open_ended and not told:
            self._transport.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, AT_ONCE)
            self._transport.abort()
        self._transport.close()
        self._transport = None

    def proceed(self) -> None:
        """RFC 9110, section 10.1.1: the application waits for leave to send its body."""
        self._send(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _send_head(self) -> None:
        """An application that waits for an answer's first words learns that they will come."""
        if self._head:
            self._send(self._head)
            self._head = b""

    def _send(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)


_date = (0, "")


def http_date() -> str:
    """The current second as RFC 9110 writes it, made once a second."""
    global _date
    now = int(time())
    if _date[0] != now:
        _date = (now, formatdate(now, usegmt=True))
    return _date[1]
