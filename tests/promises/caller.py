"""The application's side, byte by byte: what it sends is the test's, and what it gets is never read further than asked."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

import orjson

PATIENCE = 10.0
CHAT = "/v1/chat/completions"
Body = bytes | Mapping[str, Any]


async def until(condition: Callable[[], bool | Awaitable[bool]], seconds: float = PATIENCE) -> None:
    """Wait for what nothing tells of; TimeoutError when it does not come about."""
    async with asyncio.timeout(seconds):
        while not await so(condition()):  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.001)


async def so(answer: bool | Awaitable[bool]) -> bool:
    return answer if isinstance(answer, bool) else await answer


class Cut(Exception):
    """The connection ended before the answer did."""


class Head(NamedTuple):
    """Status and headers, names in lower case."""

    status: int
    headers: dict[str, str]


class Answer(NamedTuple):
    """A whole answer. `complete` says whether it ended as HTTP has it."""

    status: int
    headers: dict[str, str]
    body: bytes
    complete: bool = True

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = orjson.loads(self.body)
        return found

    @property
    def error(self) -> dict[str, Any]:
        found: dict[str, Any] = self.json["error"]
        return found


def chat(model: str = "up:m", text: str = "hello", **fields: Any) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": text}], **fields}


def http(body: Body, headers: Mapping[str, str] | None = None, path: str = CHAT) -> bytes:
    """A POST as bytes, framed by content-length."""
    data = body if isinstance(body, bytes) else orjson.dumps(body)
    named = {"host": "sidecar", "content-type": "application/json", "content-length": str(len(data))} | dict(
        headers or {}
    )
    lines = "".join(f"{name}: {value}\r\n" for name, value in named.items())
    return f"POST {path} HTTP/1.1\r\n{lines}\r\n".encode() + data


class Caller:
    """One connection to the sidecar. Reading raises Cut where the answer ends early, TimeoutError where nothing comes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._headers: dict[str, str] = {}

    @classmethod
    async def connect(cls, port: int, receive_buffer: int = 0) -> Caller:
        """`receive_buffer` in bytes makes a reader that can be slow: the kernel takes no more on its behalf."""
        sock = socket.socket()
        if receive_buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", port))
        reader, writer = await asyncio.open_connection(sock=sock, limit=receive_buffer or 1 << 20)
        return cls(reader, writer)

    # ---- saying

    def send(self, data: bytes) -> None:
        self._writer.write(data)

    def post(self, body: Body, headers: Mapping[str, str] | None = None, path: str = CHAT) -> None:
        self.send(http(body, headers, path))

    def no_more(self) -> None:
        """Close the way there; the way back stays open."""
        self._writer.write_eof()

    def hang_up(self) -> None:
        self._writer.close()

    def reset(self) -> None:
        """Go away without a word: the other side gets an RST."""
        sock = self._writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    async def sent(self) -> None:
        async with asyncio.timeout(PATIENCE):
            await self._writer.drain()

    # ---- hearing

    async def head(self) -> Head:
        async with asyncio.timeout(PATIENCE):
            try:
                raw = await self._reader.readuntil(b"\r\n\r\n")
            except (asyncio.IncompleteReadError, ConnectionResetError) as error:
                raise Cut(repr(error)) from None
        lines = raw.decode("latin-1").split("\r\n")
        self._headers = {
            name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:-2])
        }
        return Head(int(lines[0].split(" ", 2)[1]), self._headers)

    async def chunk(self) -> bytes | None:
        """The next chunk of a chunked answer, None for the one that ends it."""
        async with asyncio.timeout(PATIENCE):
            try:
                size = int(await self._reader.readuntil(b"\r\n"), 16)
                data = await self._reader.readexactly(size + 2)
            except (asyncio.IncompleteReadError, ConnectionResetError) as error:
                raise Cut(repr(error)) from None
        assert data.endswith(b"\r\n")
        return data[:-2] or None

    async def piece(self) -> bytes:
        """Some more bytes as they come; b"" when the connection has ended."""
        async with asyncio.timeout(PATIENCE):
            return await self._reader.read(1 << 16)

    async def rest(self) -> tuple[bytes, bool]:
        """What is left of the body, and whether it ended as its head had announced."""
        pieces: list[bytes] = []
        if self._headers.get("transfer-encoding") == "chunked":
            try:
                while (piece := await self.chunk()) is not None:
                    pieces.append(piece)
            except Cut:
                return b"".join(pieces), False
            return b"".join(pieces), True
        async with asyncio.timeout(PATIENCE):
            if "content-length" not in self._headers:
                return await self._reader.read(), True
            length = int(self._headers["content-length"])
            try:
                return await self._reader.readexactly(length), True
            except asyncio.IncompleteReadError as error:
                return error.partial, False

    async def answer(self) -> Answer:
        status, headers = await self.head()
        body, complete = await self.rest()
        return Answer(status, headers, body, complete)

    async def ask(self, body: Body, headers: Mapping[str, str] | None = None, path: str = CHAT) -> Answer:
        self.post(body, headers, path)
        return await self.answer()

    async def everything(self) -> bytes:
        """All bytes until the sidecar ends the connection, in whatever way."""
        pieces = []
        async with asyncio.timeout(PATIENCE):
            try:
                while data := await self._reader.read(1 << 16):
                    pieces.append(data)
            except ConnectionResetError:
                pass
        return b"".join(pieces)

    async def is_closed(self) -> bool:
        return await self.everything() == b""


async def latest_events(port: int) -> bytes:
    """What the ops port tells first to one who asks for all calls that it knows to have ended."""
    caller = await Caller.connect(port)
    try:
        caller.send(b"GET /status/events?after=0 HTTP/1.1\r\nhost: localhost\r\n\r\n")
        assert (await caller.head()).status == 200
        events = await caller.chunk()
    finally:
        caller.hang_up()
    assert events is not None
    assert b"event: status" in events
    return events


async def get(port: int, path: str, method: str = "GET") -> Answer:
    caller = await Caller.connect(port)
    try:
        caller.send(f"{method} {path} HTTP/1.1\r\nhost: localhost\r\n\r\n".encode())
        return await caller.answer()
    finally:
        caller.hang_up()
