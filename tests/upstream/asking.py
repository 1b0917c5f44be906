"""Asking one connection for one answer, over a socket or over a wire whose pieces the test decides."""

from __future__ import annotations

import asyncio
from typing import Any, NamedTuple, cast

import pytest

from proxy.call import Failure
from proxy.upstream.connection import Connection
from tests.upstream.raw import RawUpstream, Script, Visit

REQUEST = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}"
FAR = 1e12


class Answer(NamedTuple):
    status: int
    headers: list[tuple[str, str]]
    body: bytes
    reusable: bool


async def connect(raw: RawUpstream) -> Connection:
    loop = asyncio.get_running_loop()
    return (await loop.create_connection(lambda: Connection(loop), "127.0.0.1", raw.port))[1]


async def read_all(connection: Connection) -> bytes:
    pieces = []
    while piece := await connection.read():
        pieces.append(piece)
    return b"".join(pieces)


async def ask(connection: Connection, request: bytes = REQUEST) -> Answer:
    connection.send(request, 5, 5, FAR)
    await connection.head()
    body = await read_all(connection)
    return Answer(connection.status, connection.headers, body, connection.done())


async def ask_once(*pieces: bytes) -> Answer:
    """The answer a provider gives by sending `pieces` and closing the connection after it."""

    async def script(visit: Visit) -> None:
        await visit.answer(*pieces)
        visit.close()

    async with RawUpstream(script) as raw:
        connection = await connect(raw)
        try:
            return await ask(connection)
        finally:
            connection.abort()


async def failure_of(script: Script) -> Failure:
    async with RawUpstream(script) as raw:
        connection = await connect(raw)
        with pytest.raises(Failure) as caught:
            await ask(connection)
        connection.abort()
        return caught.value


class Wire:
    """A transport without a socket, for bytes that must arrive in exactly these pieces."""

    def __init__(self) -> None:
        self.aborted = False
        self.reading = True

    def write(self, data: bytes) -> None: ...

    def abort(self) -> None:
        self.aborted = True

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def is_closing(self) -> bool:
        return self.aborted

    def get_write_buffer_size(self) -> int:
        return 0


def wired() -> tuple[Connection, Wire]:
    connection, wire = Connection(asyncio.get_running_loop()), Wire()
    connection.connection_made(cast(Any, wire))
    connection.send(REQUEST, 5, 5, FAR)
    return connection, wire


async def fed(*pieces: bytes) -> Answer:
    """What a connection makes of an answer that arrives in these pieces and then ends with the connection."""
    connection, _ = wired()
    for piece in pieces:
        connection.data_received(piece)
    reusable = connection.complete and connection.reusable
    connection.connection_lost(None)
    await connection.head()
    return Answer(connection.status, connection.headers, await read_all(connection), reusable)
