"""The application's side of a call: its connection, and the open response on it, written straight to the transport.

aiohttp's server parses requests and keeps connections alive; its response machinery (one task switch and several objects per
write) is left out. A response is framed here as RFC 9112 has it: by content-length, in chunks, or by the end of the connection.
"""

from __future__ import annotations

import asyncio
from email.utils import formatdate
from http import HTTPStatus
from time import time
from typing import Any

import orjson
from aiohttp import web
from aiohttp.http_writer import HttpVersion11
from aiohttp.web_protocol import RequestHandler

from proxy.call import Headers, Source

REASONS = {int(status): status.phrase for status in HTTPStatus} | {499: "Client Closed Request", 529: "Overloaded"}


class ClientConnection(RequestHandler):
    """aiohttp's protocol, which tells the open response when the application reads too slowly, and says its refusals as JSON."""

    __slots__ = ("client",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.client: OpenResponse | None = None

    def pause_writing(self) -> None:
        super().pause_writing()
        if self.client is not None and self.client.source is not None:
            self.client.source.pause()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self.client is not None and self.client.source is not None:
            self.client.source.resume()

    def handle_error(
        self, request: web.BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        """What is not HTTP never reaches the gateway: the parser's words, in OpenAI's error shape, and the end of the connection."""
        kind = "internal_error" if status >= 500 else "invalid_request"
        detail = message or "the request is not valid HTTP"
        error = {"message": detail.splitlines()[0][:200], "type": kind, "param": None, "code": kind}
        response = web.Response(status=status, body=orjson.dumps({"error": error}), content_type="application/json")
        response.force_close()
        return response


class Server(web.Server):
    """aiohttp's low-level server with our connection class."""

    def __call__(self) -> ClientConnection:
        return ClientConnection(self, loop=self._loop, **self._kwargs)


class Written:
    """What a handler returns when the response is on the wire already: aiohttp has nothing left to prepare or write."""

    __slots__ = ("keep_alive",)

    def __init__(self, keep_alive: bool) -> None:
        self.keep_alive = keep_alive

    async def prepare(self, request: web.BaseRequest) -> None: ...

    async def write_eof(self) -> None: ...


KEEP, CLOSE = Written(True), Written(False)


class OpenResponse:
    """A Client. Writes after the application has gone are dropped: its task is being cancelled."""

    __slots__ = ("_chunked", "_connection", "_head", "_http11", "_transport", "keep_alive", "request", "source", "started")

    def __init__(self, request: web.BaseRequest, connection: ClientConnection) -> None:
        self.request = request
        self._connection = connection
        self._transport: asyncio.WriteTransport | None = connection.transport
        self._http11 = request.version >= HttpVersion11
        self._chunked = False
        self._head = b""
        self.keep_alive = request.keep_alive
        self.source: Source | None = None
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
        if not any(name == "content-length" for name, _ in headers):
            self._chunked = self._http11
            self.keep_alive = self.keep_alive and self._http11
            framing = "transfer-encoding: chunked\r\n" if self._http11 else ""
        if not self.keep_alive:
            framing += "connection: close\r\n"
        lines = "".join([f"{name}: {value}\r\n" for name, value in headers])
        reason = REASONS.get(status, "")
        # Held until the first bytes of the body, so that both leave in one write.
        self._head = f"HTTP/1.1 {status} {reason}\r\n{lines}{framing}date: {http_date()}\r\n\r\n".encode("latin-1", "replace")

    def write(self, data: bytes) -> None:
        if not data:
            return
        if self._chunked:
            data = b"%x\r\n%b\r\n" % (len(data), data)
        if self._head:
            data, self._head = self._head + data, b""
        transport = self._transport
        if transport is not None and not transport.is_closing():
            transport.write(data)

    async def finish(self) -> None:
        """End the body, and wait until the transport has taken it."""
        if self._chunked or self._head:
            self._send(self._head + (b"0\r\n\r\n" if self._chunked else b""))
            self._head = b""
        if self._connection.writing_paused:
            await self._connection._drain_helper()

    def cut(self) -> None:
        """End the connection without ending the body: what the application has is not the whole."""
        self.keep_alive = False
        if self._transport is not None:
            self._transport.close()

    def proceed(self) -> None:
        """RFC 9110, section 10.1.1: the application waits for leave to send its body."""
        self._send(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _send(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)


_date = (0, "")


def http_date() -> str:
    """The current second as RFC 9110 writes it, made once a second."""
    global _date
    now = int(time())
    if _date[0] != now:
        _date = (now, formatdate(now, usegmt=True))
    return _date[1]
