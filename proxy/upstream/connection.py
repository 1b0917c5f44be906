"""One HTTP/1.1 connection to a provider, one exchange at a time, from parser callback to sink with no task switch between.

It speaks RFC 9112 as a client on a connected transport: httptools parses, this file keeps the state. It refuses to know
what the bytes mean, who else wants a connection, and what happens after a failure.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

import httptools

from proxy.call import Failure

Sink = Callable[[bytes], None]

#: Bytes of an answer that are held for a slow reader before reading from the provider pauses.
HOLD = 256 * 1024


class Stale(Exception):
    """A reused connection was closed before anything of the answer had come: safe to send again on a fresh one."""


class Connection(asyncio.Protocol):
    """`send`, then `head`, then `read` pieces until b"" or `pump` into a sink; `abort` at any time.

    Waiting methods raise Failure. `status` and `headers` (names in lower case) stand after `head`. `reusable` tells whether
    the connection may carry another exchange after `complete`.
    """

    __slots__ = (
        "_closed", "_deadline", "_failure", "_head_size", "_header_limit", "_held", "_idle", "_loop", "_nudged", "_parser", "_paused",
        "_pieces", "_sink", "_timer", "_until_close", "_waiter", "active", "complete", "headers", "heard", "headed",
        "idle_since", "on_lost", "reusable", "reused", "status", "transport",
    )  # fmt: skip

    def __init__(self, loop: asyncio.AbstractEventLoop, header_limit: int = 64 * 1024) -> None:
        self._loop = loop
        self._header_limit = header_limit
        self._parser = httptools.HttpResponseParser(self)
        self._waiter: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False
        self.transport: asyncio.Transport
        self.active = False
        self.reused = False
        self.reusable = False
        self.idle_since = 0.0
        self.on_lost: Callable[[Connection], None] | None = None
        self._reset()

    def _reset(self) -> None:
        self.status = 0
        self.headers: list[tuple[str, str]] = []
        self.headed = False
        self.complete = False
        self.heard = 0.0
        self._head_size = 0
        self._until_close = True
        self._failure: BaseException | None = None
        self._pieces: list[bytes] = []
        self._held = 0
        self._sink: Sink = self._hold
        self._paused = False

    # ---- for the exchange

    def send(self, request: bytes, first_byte: float, idle: float, deadline: float) -> None:
        """Begin an exchange. `first_byte` and `idle` are seconds, `deadline` is on the loop's clock."""
        if self._closed:
            raise Stale
        self._reset()
        self.active = True
        self.reusable = False
        self._idle = idle
        self._deadline = deadline
        now = self._loop.time()
        self._timer = self._loop.call_at(min(now + first_byte, deadline), self._check_time)
        self.transport.write(request)

    async def head(self) -> None:
        """Wait for status and headers. Raises Stale when the connection turned out to be dead already."""
        while not self.headed:
            await self._wait()

    async def read(self) -> bytes:
        """The pieces that have come, joined; b"" when the answer is complete or somebody nudged."""
        self._nudged = False
        while not (self._pieces or self.complete or self._nudged):
            await self._wait()
        data = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        self._pieces.clear()
        self._held = 0
        self.resume()
        return data

    async def pump(self, sink: Sink) -> None:
        """Hand every further piece to `sink` in the loop turn in which it is read, until the answer is complete."""
        self.resume()
        self._sink = sink
        for piece in self._pieces:
            sink(piece)
        self._pieces.clear()
        self._held = 0
        while not self.complete:
            await self._wait()

    @property
    def pending(self) -> bool:
        return bool(self._pieces)

    def nudge(self) -> None:
        """Let a waiting `read` return with what there is."""
        self._nudged = True
        self._wake()

    def pause(self) -> None:
        """The reader is slow: stop reading from the provider."""
        if not self._paused and not self._closed and self.active and not self.complete:
            self._paused = True
            self.transport.pause_reading()

    def resume(self) -> None:
        if self._paused:
            self._paused = False
            if not self._closed:
                self.heard = self._loop.time()
                self.transport.resume_reading()

    def done(self) -> bool:
        """End the exchange. Whether the connection may be used again."""
        self._stop_timer()
        self.active = False
        self._sink = self._hold
        unsent = self.transport.get_write_buffer_size() if not self._closed else 1
        return self.complete and self.reusable and not unsent

    def abort(self) -> None:
        """Close at once: what the provider still sends is refused, not drained."""
        self._stop_timer()
        self.active = False
        if not self._closed:
            self._closed = True
            self.transport.abort()

    # ---- waiting and time

    async def _wait(self) -> None:
        if self._failure is not None:
            raise self._failure
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def _fail(self, failure: BaseException) -> None:
        if self._failure is None and not self.complete:
            self._failure = failure
            self._wake()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _check_time(self) -> None:
        """One timer serves first byte, idle and total: when it fires it looks at the clock and is set anew."""
        now = self._loop.time()
        quiet_until = self.heard + self._idle if self.heard else now
        if now >= self._deadline:
            self._time_out("the provider did not finish in the time the call was given")
        elif self._paused or now < quiet_until:
            at = now + self._idle if self._paused else quiet_until
            self._timer = self._loop.call_at(min(at, self._deadline), self._check_time)
        elif not self.heard:
            self._time_out("the provider did not begin to answer in time")
        else:
            self._time_out(f"the provider sent nothing for {self._idle:g} seconds")

    def _time_out(self, detail: str) -> None:
        self._timer = None
        if self._paused:
            self._fail(Failure("client_gone", "the application did not read its answer in time"))
        else:
            self._fail(Failure("timeout", detail))
        self.abort()

    # ---- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self.heard = self._loop.time()
        if not self.headed:
            self._head_size += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserCallbackError as error:
            # A sink has raised: its own exception is what the exchange must see.
            self._fail(error.__context__ or error)
            self.abort()
            return
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._break(f"the provider's answer is not HTTP/1.1: {error}")
            return
        if not self.headed and self._head_size > self._header_limit:
            self._break(f"the provider's headers are longer than {self._header_limit} bytes")

    def connection_lost(self, exc: Exception | None) -> None:
        self._closed = True
        self.reusable = False
        if self.active and not self.complete:
            self._lose()
        if self.on_lost is not None:
            self.on_lost(self)

    def _lose(self) -> None:
        if self.headed and self._until_close:
            self.complete = True
            self._wake()
        elif self.headed:
            self._fail(Failure("provider_stream_cut", "the provider closed the connection in the middle of its answer"))
        elif self.reused and not self.heard:
            self._fail(Stale())
        else:
            self._fail(Failure("network_error", "the provider closed the connection before it answered"))

    def _break(self, detail: str) -> None:
        self._fail(Failure("provider_error", detail))
        self._sink = _refuse
        self.abort()

    # ---- httptools callbacks

    def on_message_begin(self) -> None:
        if not self.active or self.complete:
            self._break("the provider sent an answer nobody had asked for")

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.headed:
            return
        lower = _names.get(name) or lower_name(name)
        self.headers.append((lower, value.decode("latin-1")))
        if lower in FRAMED:
            self._until_close = False

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if status < 200:
            self.headers.clear()
            self._until_close = True
            return
        self.status = status
        self.headed = True
        self._wake()

    def on_body(self, data: bytes) -> None:
        self._sink(data)

    def on_message_complete(self) -> None:
        if not self.headed:
            return
        self.complete = True
        self.reusable = self._parser.should_keep_alive()
        self._wake()

    def _hold(self, data: bytes) -> None:
        self._pieces.append(data)
        self._held += len(data)
        if self._held > HOLD:
            self.pause()
        self._wake()


_names: dict[bytes, str] = {}


def lower_name(name: bytes) -> str:
    """A header's name in lower case, as text; the ones that providers send are few and remembered."""
    lower = name.decode("latin-1").lower()
    if len(_names) < 512:
        _names[name] = lower
    return lower


def _refuse(data: bytes) -> None:
    """The sink of a broken connection."""


FRAMED = frozenset({"content-length", "transfer-encoding"})
