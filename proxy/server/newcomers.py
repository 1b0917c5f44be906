"""Connections on which nobody has been let in yet: how many there may be, for how long, and what is taken in from them.

Where callers are asked who they are, the port is reached by those who have no answer, too. They are not worth memory: one that
says nothing goes after a while, one that says too much at once, and of a crowd the longest there. Who is let in is not known.
"""

from __future__ import annotations

import asyncio
from typing import Any

from proxy.server.connection import LINGER_SECONDS, ClientConnection, Server

#: A moment is enough for whoever has a token; the rest of the connection's life is up to the application.
SECONDS = 30.0
MOST = 1024
#: RFC 6585, section 5.
TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class GuardedConnection(ClientConnection):
    """`welcome` it once somebody is let in, `deafen` it when what it still sends is of no use. Until then it is a newcomer."""

    __slots__ = ("_deaf", "_newcomers", "_overdue", "_unparsed")

    def __init__(self, newcomers: Newcomers, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._newcomers = newcomers
        self._overdue: asyncio.TimerHandle | None = None
        self._unparsed = 0
        self._deaf = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._overdue = self._loop.call_later(self._newcomers.seconds, self.expel)
        self._newcomers.add(self)

    def connection_lost(self, exc: BaseException | None) -> None:
        self.welcome()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            return
        super().data_received(data)
        if self._overdue is not None:
            self._weigh(len(data))

    def _weigh(self, size: int) -> None:
        """What was received while a request is waited for and has not come is the beginning of its head."""
        waits = self._waiter is not None and not self._waiter.done()
        self._unparsed = self._unparsed + size if waits else 0
        if self._unparsed > self._newcomers.head_limit and self.transport is not None:
            self.transport.write(TOO_LARGE)
            self.force_close()

    def welcome(self) -> None:
        if self._overdue is not None:
            self._overdue.cancel()
            self._overdue = None
            self._newcomers.discard(self)

    def deafen(self) -> None:
        """The body of a request that is refused is not even unpacked, which costs a thousand times what sending it does."""
        self._deaf = True

    def expel(self) -> None:
        transport = self.transport
        self.welcome()
        self.force_close()
        if transport is not None:
            transport.abort()

    async def _linger(self, payload: Any) -> None:
        if not self._deaf:
            await super()._linger(payload)
            return
        self._resume_transport_reading()
        if self.transport is not None and self.transport.can_write_eof():
            self.transport.write_eof()
        await asyncio.sleep(LINGER_SECONDS)  # or until the application goes, which cancels this


class Newcomers:
    """Those that are there. head_limit: bytes that a request's head may have. seconds: for which nobody need be let in."""

    def __init__(self, head_limit: int, seconds: float = SECONDS, most: int = MOST) -> None:
        self.head_limit = head_limit
        self.seconds = seconds
        self._most = most
        self._there: dict[GuardedConnection, None] = {}

    @property
    def fill(self) -> tuple[int, int]:
        return len(self._there), self._most

    def add(self, connection: GuardedConnection) -> None:
        self._there[connection] = None
        if len(self._there) > self._most:
            next(iter(self._there)).expel()

    def discard(self, connection: GuardedConnection) -> None:
        self._there.pop(connection, None)


class GuardedServer(Server):
    def __init__(self, newcomers: Newcomers, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._newcomers = newcomers

    def __call__(self) -> GuardedConnection:
        return GuardedConnection(self._newcomers, self, loop=self._loop, **self._kwargs)
