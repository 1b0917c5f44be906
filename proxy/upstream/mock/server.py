"""The mock's side of its connections: HTTP/1.1 requests in, scripts played out, one socket pair for each connection.

Runs on the caller's event loop, with callbacks and no task: a script waits on a timer or for the client to read, and
stops at once when the client hangs up. It knows routes and framing; what is answered is written in script.py.
"""

from __future__ import annotations

import asyncio
import hashlib
import socket
from collections.abc import Callable, Iterator
from typing import cast

import httptools
import orjson

from proxy.call import Failure, Json
from proxy.upstream.mock import MockSettings, ProtocolT
from proxy.upstream.mock.embeddings import embeddings_script
from proxy.upstream.mock.models import Behaviour, parse_model
from proxy.upstream.mock.openai import OPENAI
from proxy.upstream.mock.script import chat_script, count_script, error_script, models_script, refusal_script
from proxy.upstream.mock.steps import End, Script, Step
from proxy.upstream.mock.wire import Operation, Wire

BODY_LIMIT = 64 << 20
#: How many unfinished `mock-flaky` requests are remembered; beyond it the oldest is forgotten and begins again.
FLAKY_LIMIT = 1000

TOO_LARGE = f"The body has more than {BODY_LIMIT} bytes."


class MockServer:
    """The provider. Counters: `requests` answered or being answered, `cancelled` by a hang-up, `active` now."""

    def __init__(self, settings: MockSettings, wire: Wire = OPENAI) -> None:
        self.wire = wire
        self.requests = 0
        self.cancelled = 0
        self.active = 0
        self._settings = settings
        self._closed = False
        self._connections: set[Connection] = set()
        self._failures: dict[bytes, int] = {}

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return len(self._connections)

    async def connect(self, protocol_factory: Callable[[], ProtocolT]) -> tuple[asyncio.Transport, ProtocolT]:
        """A new connection, as loop.create_connection gives it. Raises ConnectionRefusedError once closed."""
        if self._closed:
            raise ConnectionRefusedError("the mock provider is closed")
        loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair()
        try:
            await loop.create_unix_connection(lambda: Connection(self), sock=ours)
        except BaseException:
            ours.close()
            theirs.close()
            raise
        try:
            return await loop.create_unix_connection(protocol_factory, sock=theirs)
        except BaseException:
            theirs.close()
            raise

    def close(self) -> None:
        """End every connection and refuse new ones."""
        self._closed = True
        for connection in tuple(self._connections):
            connection.abort()

    def opened(self, connection: Connection) -> None:
        self._connections.add(connection)

    def lost(self, connection: Connection) -> None:
        self._connections.discard(connection)

    def answer(self, method: bytes, path: bytes, body: bytes) -> Script:
        """The script for one request."""
        self.requests += 1
        operation = self.wire.routes.get((method, path))
        if operation is None:
            text = f"Invalid URL ({method.decode('latin-1')} {path.decode('latin-1')})"
            return error_script(self.wire, 404, text, code="unknown_url")
        if operation == "models":
            return models_script(self.wire)
        if operation == "embeddings":
            return embeddings_script(self.wire, body)
        return self._asked(operation, body)

    def too_large(self) -> Script:
        return error_script(self.wire, 413, TOO_LARGE)

    def _asked(self, operation: Operation, body: bytes) -> Script:
        try:
            request = self.wire.checks[operation](orjson.loads(body))
        except orjson.JSONDecodeError as error:
            return error_script(self.wire, 400, f"The body is not valid JSON: {error}")
        except Failure as refusal:
            return refusal_script(self.wire, refusal)
        return count_script(self.wire, request) if operation == "count" else self._chat(request, body)

    def _chat(self, request: Json, body: bytes) -> Script:
        digest = hashlib.blake2b(body, digest_size=12).digest()
        behaviour = parse_model(request["model"])
        if behaviour.kind == "flaky":
            behaviour = self._flaky(behaviour.times, digest)
        return chat_script(self.wire, request, behaviour, digest, self._settings)

    def _flaky(self, times: int, digest: bytes) -> Behaviour:
        failed = self._failures.pop(digest, 0)
        if failed >= times:
            return Behaviour()
        if len(self._failures) >= FLAKY_LIMIT:
            del self._failures[next(iter(self._failures))]
        self._failures[digest] = failed + 1
        return Behaviour("status", status=503)


class Connection(asyncio.Protocol):
    """One connection, one request at a time: a client that sends the next before the answer has ended is cut off."""

    def __init__(self, server: MockServer) -> None:
        self._server = server
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        self._steps: Iterator[Step] | None = None
        self._end: End = "keep"
        self._timer: asyncio.TimerHandle | None = None
        self._paused = False
        self._overrun = False
        self._last = False
        self._expect()

    def abort(self) -> None:
        self._stop()
        self._transport.abort()

    # Called by the transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._server.opened(self)

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._refuse()
            return
        if self._overrun:
            self.abort()
        elif self._complete:
            self._answer()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._stop():
            self._server.cancelled += 1
        self._server.lost(self)

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False
        if self._timer is None:
            self._play()

    # Called by the parser

    def on_message_begin(self) -> None:
        self._overrun = self._complete or self._steps is not None

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_body(self, body: bytes) -> None:
        self._size += len(body)
        if self._size <= BODY_LIMIT:
            self._body.append(body)

    def on_message_complete(self) -> None:
        self._complete = True
        self._last = not self._parser.should_keep_alive()

    # The request in, the script out

    def _expect(self) -> None:
        self._url = b""
        self._body: list[bytes] = []
        self._size = 0
        self._complete = False

    def _refuse(self) -> None:
        if self._steps is not None:
            self.abort()
        else:
            self._start(error_script(self._server.wire, 400, "The request is not HTTP/1.1.", end="close"))

    def _answer(self) -> None:
        method, path, body = self._parser.get_method(), self._url.partition(b"?")[0], b"".join(self._body)
        fits = self._size <= BODY_LIMIT
        self._expect()
        script = self._server.answer(method, path, body) if fits else self._server.too_large()
        self._start(Script(script.steps, "close") if self._last and script.end == "keep" else script)

    def _start(self, script: Script) -> None:
        self._server.active += 1
        self._steps, self._end = iter(script.steps), script.end
        self._play()

    def _play(self) -> None:
        """Send what is due, up to the next pause; the transport's high-water mark is a pause as well."""
        while self._steps is not None and not self._paused and not self._transport.is_closing():
            step = next(self._steps, None)
            if step is None:
                return self._finish()
            if step.pause > 0:
                self._timer = self._loop.call_later(step.pause, self._send, step.data)
                return None
            self._transport.write(step.data)
        return None

    def _send(self, data: bytes) -> None:
        self._timer = None
        self._transport.write(data)
        self._play()

    def _finish(self) -> None:
        if self._end != "hang":
            self._stop()
        if self._end == "close":
            self._transport.close()

    def _stop(self) -> bool:
        """Drop the script that is being played; False when there was none."""
        if self._steps is None:
            return False
        self._steps = None
        self._server.active -= 1
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        return True
