"""A provider whose every byte the test writes itself. It knows where requests end, and no dialect."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, cast

import orjson

PATIENCE = 10.0
EVENT_STREAM = "text/event-stream"


class Link(asyncio.Protocol):
    """One connection that the sidecar made. `gone` is set when the sidecar has closed it, in whatever way."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._buffer = bytearray()
        self.transport: asyncio.Transport
        self.gone = asyncio.Event()
        self.writable = asyncio.Event()
        self.writable.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._provider.links.append(self)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (request := self._next()) is not None:
            self._provider.take(request)

    def _next(self) -> Asked | None:
        head, found, rest = bytes(self._buffer).partition(b"\r\n\r\n")
        if not found:
            return None
        asked = Asked(self, head)
        length = int(asked.headers.get("content-length", "0"))
        if len(rest) < length:
            return None
        asked.body = rest[:length]
        del self._buffer[: len(head) + 4 + length]
        return asked

    def pause_writing(self) -> None:
        self.writable.clear()

    def resume_writing(self) -> None:
        self.writable.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self.gone.set()
        self.writable.set()

    async def is_closed(self) -> None:
        """Wait until the sidecar has closed this connection; TimeoutError when it does not."""
        async with asyncio.timeout(PATIENCE):
            await self.gone.wait()

    # ---- answering

    def send(self, data: bytes) -> None:
        self.transport.write(data)

    def start(self, kind: str = EVENT_STREAM, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        """The head of a chunked answer."""
        more = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
        self.send(f"HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ntransfer-encoding: chunked\r\n{more}\r\n".encode())

    def chunk(self, data: bytes) -> None:
        """Nothing where there is nothing to say: a chunk of no length would end the answer."""
        if data:
            self.send(b"%x\r\n%b\r\n" % (len(data), data))

    def finish(self) -> None:
        self.send(b"0\r\n\r\n")

    def whole(self, body: bytes | dict[str, Any], status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        data = body if isinstance(body, bytes) else orjson.dumps(body)
        more = {"content-type": "application/json", "content-length": str(len(data))} | dict(headers or {})
        lines = "".join(f"{name}: {value}\r\n" for name, value in more.items())
        self.send(f"HTTP/1.1 {status} X\r\n{lines}\r\n".encode() + data)

    def stream(self, data: bytes, kind: str = EVENT_STREAM) -> None:
        """A whole stream in one chunk, well ended."""
        self.start(kind)
        self.chunk(data)
        self.finish()

    def cut(self) -> None:
        """Die once everything sent so far has left."""
        self.transport.close()


class Asked:
    """One request as it arrived. `headers` are keyed in lower case."""

    def __init__(self, link: Link, head: bytes) -> None:
        self.link = link
        self.head = head
        lines = head.decode("latin-1").split("\r\n")
        self.line = lines[0]
        self.headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        self.body = b""

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = orjson.loads(self.body)
        return found


class Provider:
    """A server on a free port. Requests are answered by `answer`, or by the test that takes them with `asked`."""

    def __init__(self, answer: Callable[[Asked], None] | None = None) -> None:
        self.answer = answer
        self.links: list[Link] = []
        self.requests: list[Asked] = []
        self._waiting: asyncio.Queue[Asked] = asyncio.Queue()
        self._server: asyncio.Server
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def take(self, asked: Asked) -> None:
        self.requests.append(asked)
        if self.answer is None:
            self._waiting.put_nowait(asked)
        else:
            self.answer(asked)

    async def asked(self) -> Asked:
        async with asyncio.timeout(PATIENCE):
            return await self._waiting.get()

    async def __aenter__(self) -> Provider:
        self._server = await asyncio.get_running_loop().create_server(lambda: Link(self), "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for link in self.links:
            link.transport.abort()
        for link in self.links:
            await link.gone.wait()
