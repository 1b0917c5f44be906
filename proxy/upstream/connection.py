"""One HTTP/1.1 connection to a provider, one exchange at a time: requests out, time limits, and how it can end.

The answer itself is read in reply.py. It refuses to know what the bytes mean, who else wants a connection, and what happens
after a failure.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import cast

import httptools

from proxy.call import Failure
from proxy.upstream.last_words import last_words
from proxy.upstream.reply import UNASKED, Reply


class Stale(Exception):
    """A reused connection was closed before anything of the answer had come: safe to send again on a fresh one."""


class Connection(Reply, asyncio.Protocol):
    """`send` a request, take its answer as Reply has it, then ask whether it is `done` well; `abort` at any time.

    Where the body of a request is not at hand yet, `send` its head and `pour` the rest, beside whoever waits for the answer.

    Who lends the connection calls `check_time` once `due` has passed (seconds on the loop's clock).
    """

    __slots__ = (
        "_begin_by",
        "_deadline",
        "_drained",
        "_full",
        "_idle",
        "_pouring",
        "due",
        "idle_since",
        "on_lost",
        "reused",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop, header_limit: int = 64 * 1024) -> None:
        super().__init__(loop, header_limit)
        self.due = 0.0
        self.reused = False
        self.idle_since = 0.0
        self.on_lost: Callable[[Connection], None] | None = None
        self._pouring = False
        self._full = False
        self._drained: asyncio.Future[None] | None = None

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
        self._begin_by = now + first_byte
        self.due = min(self._begin_by, now + idle, deadline)
        self.transport.write(request)

    def done(self) -> bool:
        """End the exchange. Whether the connection may be used again."""
        self.active = False
        self._sink = self._hold
        transport = self.transport
        return self.complete and self.reusable and not transport.is_closing() and not transport.get_write_buffer_size()

    # ---- a body that comes bit by bit

    async def pour(self, pieces: AsyncIterator[bytes], total: float) -> bool:
        """Send `pieces` no faster than the provider takes them. Each gives the exchange `total` seconds anew. Whether all went.

        Failure("timeout") when the provider takes nothing for as long as it may be quiet, and whatever `pieces` raises.
        """
        self._pouring = True
        try:
            async for piece in pieces:
                # A provider that has answered and gone is heard only by who reads before writing.
                await asyncio.sleep(0)
                if self._closed:
                    return False
                self.transport.write(piece)
                self.extend(total)
                if self._full:
                    await self._drain()
            return not self._closed
        finally:
            self._pouring = False
            self._begin_by = self.extend(total)
            if self.heard:
                self.heard = self._loop.time()
            self.due = min(self.due, self._begin_by)

    def extend(self, seconds: float) -> float:
        """The exchange goes on: it may take so many seconds more. When that is, on the loop's clock."""
        self._deadline = self._loop.time() + seconds
        return self._deadline

    def fail(self, failure: BaseException) -> None:
        """Let whoever waits for the answer, or will, see this."""
        self._fail(failure)

    async def _drain(self) -> None:
        self._drained = self._loop.create_future()
        try:
            async with asyncio.timeout(self._idle):
                await self._drained
        except TimeoutError:
            detail = f"the provider took nothing of the request for {self._idle:g} seconds"
            raise Failure("timeout", detail) from None

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False
        waiter, self._drained = self._drained, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    # ---- time

    def check_time(self, now: float) -> None:
        """`due` has passed: first byte, idle and total are told apart only now, so that no byte pays for a timer."""
        if not self.active or self.complete:
            return
        quiet_until = self.heard + self._idle if self.heard else self._begin_by
        if now >= self._deadline:
            self._time_out("the provider did not finish in the time the call was given")
        elif self._paused or self._pouring or now < quiet_until:
            at = now + self._idle if self._paused or self._pouring else quiet_until
            self.due = min(at, now + self._idle, self._deadline)
        elif not self.heard:
            self._time_out("the provider did not begin to answer in time")
        else:
            self._time_out(f"the provider sent nothing for {self._idle:g} seconds")

    def _time_out(self, detail: str) -> None:
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
        if self.complete or not self.active:
            self._break(UNASKED)
            return
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
        if exc is not None and self._pouring and not self._closed and (words := last_words(self.transport)):
            self.data_received(words)
        self._closed = True
        self.reusable = False
        self.resume_writing()
        if self.active and not self.complete:
            self._lose(exc)
        if self.on_lost is not None:
            self.on_lost(self)
        # It knows methods of this connection: both would wait for the collector.
        del self._parser

    def _lose(self, exc: Exception | None) -> None:
        if self.headed and self._until_close and exc is None:
            self.complete = True
            self._wake()
        elif self.headed:
            self._fail(Failure("provider_stream_cut", "the provider closed the connection in the middle of its answer"))
        elif self.reused and not self.heard:
            self._fail(Stale())
        else:
            self._fail(Failure("network_error", "the provider closed the connection before it answered"))
