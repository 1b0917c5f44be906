"""Connections without sockets for a pool to lend, and what became of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

from proxy.upstream.connection import Connection
from proxy.upstream.pool import Limits, Pool
from tests.upstream.asking import REQUEST
from tests.upstream.clock import Clock
from tests.upstream.raw import plain

FAR = 1e12


class Line:
    """A transport without a socket that tells its connection of the end in the next loop turn, as real ones do."""

    def __init__(self, connection: Connection) -> None:
        self.open = True
        self._connection = connection

    def write(self, data: bytes) -> None: ...

    def abort(self) -> None:
        if self.open:
            self.open = False
            asyncio.get_running_loop().call_soon(self._connection.connection_lost, None)

    def is_closing(self) -> bool:
        return not self.open

    def get_write_buffer_size(self) -> int:
        return 0


class Exchanges:
    """Dials connections on Lines, and keeps them all. `gate` holds a dial back, `fault` makes it fail."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.dialled: list[Connection] = []
        self.gate: asyncio.Event | None = None
        self.fault: Callable[[], BaseException] | None = None
        self._loop = loop

    async def dial(self) -> Connection:
        if self.gate is not None:
            await self.gate.wait()
        if self.fault is not None:
            raise self.fault()
        connection = Connection(self._loop)
        connection.connection_made(cast(Any, Line(connection)))
        self.dialled.append(connection)
        return connection

    def open(self) -> list[Connection]:
        return [connection for connection in self.dialled if not connection.transport.is_closing()]


def pooled(clock: Clock | None = None, **limits: float) -> tuple[Pool, Exchanges]:
    loop = clock.loop if clock is not None else asyncio.get_running_loop()
    exchanges = Exchanges(loop)
    return Pool("up", exchanges.dial, Limits(**cast(Any, limits)), loop), exchanges


def numbers(pool: Pool) -> tuple[int, int, int]:
    """(active, idle, waiting)"""
    found = pool.statistics()
    assert found["available"] == found["maximum"] - found["active"]
    return found["active"], found["idle"], found["waiting"]


async def use(connection: Connection) -> None:
    """Carry one exchange to its end."""
    connection.send(REQUEST, 5, 5, FAR)
    connection.data_received(plain(b"{}"))
    await connection.head()
    assert connection.done()
