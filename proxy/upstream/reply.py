"""The answer to one request as it comes in: its head, then its body, from the parser's callback to a sink with no task switch.

httptools parses RFC 9112, this file keeps what it tells and wakes who waits for it. Connections, requests and clocks are not
its affair: connection.py has those.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import httptools

from proxy.call import Failure

Sink = Callable[[bytes], None]

#: Bytes of an answer that are held for a slow reader before reading from the provider pauses.
HOLD = 256 * 1024
FRAMED = frozenset({"content-length", "transfer-encoding"})
UNASKED = "the provider sent an answer nobody had asked for"


class Reply:
    """`head`, then `read` pieces until b"" or `pump` into a sink; or `whole` if all of it is there.

    Waiting methods raise Failure. `status` and `headers` (names in lower case) stand after `head`; `complete` when the body
    has ended well, and `reusable` whether the connection may then carry another exchange.
    """

    __slots__ = (
        "_closed", "_failure", "_head_size", "_header_limit", "_held", "_loop", "_nudged", "_parser", "_paused", "_pieces",
        "_sink", "_slow", "_until_close", "_waiter", "active", "complete", "headed", "headers", "heard", "reusable", "status",
        "transport",
    )  # fmt: skip

    def __init__(self, loop: asyncio.AbstractEventLoop, header_limit: int) -> None:
        self._loop = loop
        self._header_limit = header_limit
        self._parser = httptools.HttpResponseParser(self)
        self._waiter: asyncio.Future[None] | None = None
        self._closed = False
        self.transport: asyncio.Transport
        self.active = False
        self.reusable = False
        self._reset()

    def abort(self) -> None:
        """Close the connection at once: what the provider still sends is refused, not drained."""
        self.active = False
        if not self._closed:
            self._closed = True
            self.transport.abort()

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
        self._slow = False
        self._nudged = False

    def head(self) -> asyncio.Future[None]:
        """Wait for status and headers. Raises Stale when the connection turned out to be dead already."""
        waiter = self._waiter = self._loop.create_future()
        if self._failure is not None:
            waiter.set_exception(self._failure)
        elif self.headed:
            waiter.set_result(None)
        return waiter

    def whole(self) -> bytes | None:
        """The answer's body if all of it has come and none was read, else None."""
        if not self.complete or self._failure is not None:
            return None
        pieces, self._pieces = self._pieces, []
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    async def read(self) -> bytes:
        """The pieces that have come, joined; b"" when the answer is complete or somebody nudged."""
        while not (self._pieces or self.complete or self._nudged):
            await self._wait()
        if not self._pieces:
            self._nudged = False
        data = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        self._pieces.clear()
        self._held = 0
        self._go_on()
        return data

    async def pump(self, sink: Sink) -> None:
        """Hand every further piece to `sink` in the loop turn in which it is read, until the answer is complete."""
        self._go_on()
        self._sink = sink
        for piece in self._pieces:
            sink(piece)
        self._pieces.clear()
        self._held = 0
        while not self.complete:
            await self._wait()

    def nudge(self) -> None:
        """Let a `read` return with nothing, the waiting one or the next."""
        self._nudged = True
        self._wake()

    def pause(self) -> None:
        """The reader is slow: stop reading from the provider until `resume`."""
        self._slow = True
        self._hold_back()

    def resume(self) -> None:
        self._slow = False
        self._go_on()

    def _hold_back(self) -> None:
        if not self._paused and not self._closed and self.active and not self.complete:
            self._paused = True
            self.transport.pause_reading()

    def _go_on(self) -> None:
        if self._paused and not self._slow:
            self._paused = False
            if not self._closed:
                self.heard = self._loop.time()
                self.transport.resume_reading()

    def forget(self) -> None:
        """The exchange is over, and the connection: its failure holds frames that hold it, and its sink may be its own."""
        self._failure = None
        self._sink = _refuse

    # ---- waiting and failing

    async def _wait(self) -> None:
        if self._failure is not None:
            raise self._failure
        self._waiter = self._loop.create_future()
        await self._waiter

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def _fail(self, failure: BaseException) -> None:
        if self._failure is not None or self.complete:
            return
        self._failure = failure
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_exception(failure)

    def _break(self, detail: str) -> None:
        self._fail(Failure("provider_error", detail))
        self._sink = _refuse
        self.abort()

    # ---- httptools callbacks

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.headed:
            return
        lower = _names.get(name) or lower_name(name)
        self.headers.append((lower, value.decode("latin-1")))
        if lower in FRAMED:
            self._until_close = False

    def on_headers_complete(self) -> None:
        if self.complete:
            self._break(UNASKED)
            return
        status = self._parser.get_status_code()
        if status < 200:
            self.headers.clear()
            self._until_close = True
            return
        if self._head_size > self._header_limit and size_of(self.headers) > self._header_limit:
            self._break(f"the provider's headers are longer than {self._header_limit} bytes")
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
        if self._waiter is not None:
            self._wake()

    def _hold(self, data: bytes) -> None:
        self._pieces.append(data)
        self._held += len(data)
        if self._held > HOLD:
            self._hold_back()
        if self._waiter is not None:
            self._wake()


_names: dict[bytes, str] = {}


def lower_name(name: bytes) -> str:
    """A header's name in lower case, as text; the ones that providers send are few and remembered."""
    lower = name.decode("latin-1").lower()
    if len(_names) < 512:
        _names[name] = lower
    return lower


def size_of(headers: list[tuple[str, str]]) -> int:
    return sum(len(name) + len(value) + 4 for name, value in headers)


def _refuse(data: bytes) -> None:
    """The sink of a connection that is broken or over."""
