"""An answer that arrived together with the end of its connection is still to be had."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import cast

import pytest

from proxy.upstream.connection import Connection
from proxy.upstream.last_words import last_words
from tests.upstream.raw import LINGER_ZERO


class Silent(asyncio.Protocol):
    """Reads nothing by itself; `words` is what could be had in the end."""

    def __init__(self) -> None:
        self.words = b""
        self.lost = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.transport.pause_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self.words = last_words(self.transport)
        self.lost.set_result(None)


async def gone(said: bytes) -> Silent:
    """Somebody who writes to a peer that has said this and left, with a reset."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        _, protocol = await asyncio.get_running_loop().create_connection(Silent, "127.0.0.1", port)
        peer, _ = listener.accept()
    peer.send(said)
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_ZERO)
    peer.close()
    protocol.transport.write(b"x")
    async with asyncio.timeout(5):
        await protocol.lost
    return protocol


async def test_an_answer_is_heard_after_the_end() -> None:
    assert (await gone(b"HTTP/1.1 413 X\r\n\r\n")).words == b"HTTP/1.1 413 X\r\n\r\n"


async def test_who_said_nothing_has_no_last_words() -> None:
    assert (await gone(b"")).words == b""


async def test_an_answer_is_heard_by_who_was_still_sending() -> None:
    loop = asyncio.get_running_loop()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        _, connection = await loop.create_connection(lambda: Connection(loop), "127.0.0.1", port)
        peer, _ = listener.accept()

    async def pieces() -> AsyncIterator[bytes]:
        yield b"a"
        peer.send(b"HTTP/1.1 413 X\r\ncontent-length: 2\r\n\r\nno")
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_ZERO)
        peer.close()
        while True:
            yield b"b"

    connection.send(b"POST / HTTP/1.1\r\ncontent-length: 99\r\n\r\n", 5, 5, loop.time() + 5)
    # Nothing is read by the loop itself, as if it had had no time to.
    connection.pause()
    assert not await connection.pour(pieces(), 5)
    await connection.head()
    assert (connection.status, await connection.read()) == (413, b"no")
    assert not connection.done()


class Nothing(asyncio.BaseTransport):
    """A transport that knows only what it is told to."""

    def __init__(self, **extra: object) -> None:
        super().__init__(extra)


@pytest.mark.parametrize("encrypted", [False, True])
def test_what_is_encrypted_is_left_alone(encrypted: bool) -> None:
    here, there = socket.socketpair()
    with here, there:
        there.send(b"words")
        extra = {"ssl_object": object()} if encrypted else {}
        assert last_words(Nothing(socket=here, **extra)) == (b"" if encrypted else b"words")


def test_a_closed_socket_or_none_says_nothing() -> None:
    here, there = socket.socketpair()
    here.close()
    there.close()
    assert last_words(Nothing(socket=here)) == b""
    assert last_words(Nothing()) == b""
