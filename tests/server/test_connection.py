"""The loop over the requests of one connection, with a handler that answers what it read. Real sockets on the loopback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from proxy.server.client import OpenResponse
from proxy.server.connection import ClientConnection, Request, Server

HEAD = b"HTTP/1.1 200 OK\r\n"


class Echo:
    """Answers with method, path and body. `/unread` leaves the body alone, `/wait` never answers, `/fault` raises."""

    def __init__(self) -> None:
        self.cancelled = asyncio.Event()
        self.waiting = asyncio.Event()

    async def handle(self, request: Request, connection: ClientConnection) -> bool:
        client = OpenResponse(request, connection)
        if request.head.path == "/wait":
            await self._wait()
        if request.head.path == "/fault":
            raise RuntimeError("a fault of the handler")
        body = b"" if request.head.path == "/unread" else await request.body.read()
        said = f"{request.head.method} {request.head.path} ".encode() + body
        client.start(200, [("content-length", str(len(said)))])
        client.write(said)
        await client.finish()
        return client.close()

    async def _wait(self) -> None:
        self.waiting.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.cancelled.set()


@asynccontextmanager
async def talking(echo: Echo) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter, Server]]:
    loop = asyncio.get_running_loop()
    server = Server(echo.handle, max_field_size=1000)
    listener = await loop.create_server(server, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*listener.sockets[0].getsockname())
    try:
        yield reader, writer, server
    finally:
        writer.close()
        listener.close()
        await server.shutdown(1)


async def no_connections(server: Server) -> None:
    for _ in range(1000):
        if not server.connections:
            return
        await asyncio.sleep(0)
    raise AssertionError("the server still has a connection")


async def answer(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    async with asyncio.timeout(5):
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        return head, await reader.readexactly(length)


async def test_one_request_after_the_other() -> None:
    async with talking(Echo()) as (reader, writer, _):
        for number in range(3):
            writer.write(b"POST /%d HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\nhi" % number)
            assert (await answer(reader))[1] == b"POST /%d hi" % number


async def test_pipelined_requests_are_answered_in_order() -> None:
    async with talking(Echo()) as (reader, writer, _):
        writer.write(b"".join(b"GET /%d HTTP/1.1\r\nhost: x\r\n\r\n" % number for number in range(40)))
        assert [(await answer(reader))[1] for _ in range(40)] == [b"GET /%d " % number for number in range(40)]


async def test_a_request_in_pieces() -> None:
    async with talking(Echo()) as (reader, writer, _):
        for byte in b"POST /slow HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n":
            writer.write(bytes([byte]))
            await writer.drain()
        assert (await answer(reader))[1] == b"POST /slow hi"


@pytest.mark.parametrize(
    ("request_line", "header"), [(b"GET / HTTP/1.0", b""), (b"GET / HTTP/1.1", b"connection: close\r\n")]
)
async def test_the_connection_ends_when_the_application_wants_it(request_line: bytes, header: bytes) -> None:
    async with talking(Echo()) as (reader, writer, _):
        writer.write(request_line + b"\r\nhost: x\r\n" + header + b"\r\n")
        head, _ = await answer(reader)
        assert b"connection: close" in head
        assert await reader.read() == b""


@pytest.mark.parametrize("protocol", [b"h2c", b"websocket"])
async def test_an_upgrade_is_declined_and_the_connection_goes_on(protocol: bytes) -> None:
    """Java's client asks for h2c with its first request, body and all."""
    async with talking(Echo()) as (reader, writer, _):
        asks = b"connection: upgrade, http2-settings\r\nupgrade: %b\r\nhttp2-settings: AAMAAABk\r\n" % protocol
        for number in range(2):
            writer.write(b"POST /%d HTTP/1.1\r\nhost: x\r\n%bcontent-length: 2\r\n\r\nhi" % (number, asks))
            assert (await answer(reader))[1] == b"POST /%d hi" % number


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GARBAGE\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"GET / HTTP/1.1\r\nlong: " + b"x" * 2000 + b"\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
    ],
)
async def test_what_is_not_http_is_refused_in_json_and_the_connection_ends(garbage: bytes) -> None:
    async with talking(Echo()) as (reader, writer, _):
        writer.write(garbage)
        head, body = await answer(reader)
        assert head.startswith(b"HTTP/1.1 400 ")
        assert body.startswith(b'{"error":{"message":')
        assert await reader.read() == b""


async def test_a_body_nobody_read_is_taken_in_before_the_connection_ends() -> None:
    """Else the application, still sending, would get a reset in place of its answer."""
    async with talking(Echo()) as (reader, writer, _):
        writer.write(b"POST /unread HTTP/1.1\r\nhost: x\r\ncontent-length: 3000000\r\n\r\n")
        writer.write(b"x" * 3_000_000)
        assert (await answer(reader))[1] == b"POST /unread "
        await writer.drain()
        assert await reader.read() == b""


async def test_the_handler_is_cancelled_when_the_application_goes() -> None:
    echo = Echo()
    async with talking(echo) as (_, writer, server):
        writer.write(b"GET /wait HTTP/1.1\r\nhost: x\r\n\r\n")
        async with asyncio.timeout(5):
            await echo.waiting.wait()
            writer.transport.abort()
            await echo.cancelled.wait()
            await no_connections(server)


async def test_a_fault_of_the_handler_ends_the_connection_and_no_other() -> None:
    errors: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: errors.append(context.get("exception")))
    async with talking(Echo()) as (reader, writer, server):
        writer.write(b"GET /fault HTTP/1.1\r\nhost: x\r\n\r\n")
        async with asyncio.timeout(5):
            assert await reader.read() == b""
            await no_connections(server)


def test_it_is_still_aiohttps_protocol() -> None:
    assert issubclass(Server, web.Server)
