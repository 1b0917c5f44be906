"""The beginning of a stream, while an error inside a 200 can still be answered as one: held until the model has spoken.

It is bounded in bytes and in time. What is an error, the dialect says.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from proxy.call import Call, Failure
from proxy.dialects import Dialect
from proxy.upstream.body import Relay, Translation
from proxy.upstream.connection import Connection
from proxy.wire.events import FrameError
from proxy.wire.framing import FRAMINGS


class Opening:
    """Bounded in bytes; its time is the caller's."""

    __slots__ = ("_left", "_read_event", "_reader", "over")

    def __init__(self, theirs: Dialect, limit: int = 64 * 1024) -> None:
        self._reader = FRAMINGS[theirs.framing].reader(max(limit, 1 << 20))
        self._read_event = theirs.read_event
        self._left = limit
        self.over = False

    def feed(self, data: bytes) -> None:
        """Failure when it is an error event. `over` when the model has spoken or the bytes are used up."""
        self._left -= len(data)
        try:
            events = self._reader.feed(data)
        except FrameError as error:
            raise Failure("provider_error", f"the provider sent {error}") from None
        for event in events:
            if self._read_event(event) != "wait":
                self.over = True
                return
        self.over = self._left <= 0


async def hear_opening(
    call: Call,
    connection: Connection,
    body: Relay | Translation,
    opening: Opening,
    limit: float,
    pieces: list[bytes],
    loop: asyncio.AbstractEventLoop,
    time: Callable[[], float],
) -> bytes:
    """What the client gets first, in `pieces` as the provider sent it; `limit` in seconds.

    Failure while nothing has been said is the attempt's, not the stream's.
    """
    held: list[bytes] = []
    call.phase = "opening"
    timer = None
    began = time()
    try:
        while not opening.over:
            data = await hear(connection)
            if not data and connection.complete:
                raise Failure("provider_error", "the provider ended its stream before the model had said anything")
            if not data:
                break
            opening.feed(data)
            pieces.append(data)
            held.append(body.feed(data))
            timer = timer or loop.call_later(limit, connection.nudge)
    finally:
        if timer is not None:
            timer.cancel()
    now = time()
    call.upstream_seconds += now - began
    call.ttft = now - call.started
    return b"".join(held)


async def hear(connection: Connection) -> bytes:
    try:
        return await connection.read()
    except Failure as failure:
        if failure.kind != "provider_stream_cut":
            raise
        raise Failure(
            "network_error", "the provider closed the connection before the model had said anything"
        ) from None
