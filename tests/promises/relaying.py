"""A provider that takes and gives bodies as streams, and a caller's words for requests of any method.

Each connection plays a script, which reads and writes as it likes; what arrived is the test's to judge.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

from tests.promises.caller import Caller
from tests.promises.sidecars import InLoop, openai_like, sidecar

PATIENCE = 20.0
BIG = b"x" * (1 << 20)
Script = Callable[["Visit"], Awaitable[None]]


class Asked(NamedTuple):
    """The head of a request; names in lower case."""

    method: str
    target: str
    headers: dict[str, str]


class Visit:
    """One connection of the sidecar's, from the provider's side. `gone` is set when it has ended, in whatever way."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.gone = asyncio.Event()
        self.asked: Asked

    async def head(self) -> Asked:
        raw = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        line, *lines = raw.split("\r\n")[:-2]
        method, target, _ = line.split(" ")
        pairs = [line.partition(":") for line in lines]
        names = [name.lower() for name, _, _ in pairs]
        assert len(set(names)) == len(names), f"a header comes twice: {names}"
        self.asked = Asked(method, target, {name.lower(): value.strip() for name, _, value in pairs})
        return self.asked

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body of the request, as its head says how it ends."""
        if self.asked.headers.get("transfer-encoding") == "chunked":
            while size := int(await self.reader.readuntil(b"\r\n"), 16):
                yield (await self.reader.readexactly(size + 2))[:-2]
            assert await self.reader.readuntil(b"\r\n") == b"\r\n"
            return
        left = int(self.asked.headers.get("content-length", "0"))
        while left:
            piece = await self.reader.read(min(left, 1 << 18))
            if not piece:
                raise ConnectionResetError
            left -= len(piece)
            yield piece

    async def body(self) -> bytes:
        return b"".join([piece async for piece in self.pieces()])

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    def answer(self, status: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> None:
        named = {"content-length": str(len(body)), **(headers or {})}
        lines = "".join(f"{name}: {value}\r\n" for name, value in named.items())
        self.send(f"HTTP/1.1 {status} X\r\n{lines}\r\n".encode() + body)

    async def is_left(self) -> None:
        """Wait until the sidecar has closed this connection; TimeoutError when it does not."""
        async with asyncio.timeout(PATIENCE):
            await self.gone.wait()


class Store:
    """`url` is where it listens; `visits` are all connections so far."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self.visits: list[Visit] = []
        self.url = ""
        self._tasks: list[asyncio.Task[None]] = []
        self.failures: list[BaseException] = []

    async def play(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visit = Visit(reader, writer)
        self.visits.append(visit)
        task = asyncio.current_task()
        assert task is not None
        self._tasks.append(task)
        try:
            await self._script(visit)
            while await reader.read(1 << 16):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        except AssertionError as failure:
            self.failures.append(failure)
        finally:
            visit.gone.set()
            writer.close()

    async def end(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@asynccontextmanager
async def store(script: Script) -> AsyncIterator[Store]:
    there = Store(script)
    server = await asyncio.start_server(there.play, "127.0.0.1", 0, limit=1 << 18)
    there.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield there
    finally:
        server.close()
        await there.end()
    assert not there.failures, there.failures


def asking(method: str, path: str, body: bytes | None = None, /, **headers: str) -> bytes:
    """A request as bytes, framed by content-length where it has a body."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if body is not None:
        named["content-length"] = str(len(body))
    lines = "".join(f"{name}: {value}\r\n" for name, value in named.items())
    return f"{method} {path} HTTP/1.1\r\nhost: sidecar\r\n{lines}\r\n".encode() + (body or b"")


UPLOAD = asking("POST", "/providers/up/files", content_length=str(1 << 30))
DOWNLOAD = asking("GET", "/providers/up/files/1/content")


class Scene(NamedTuple):
    there: Store
    running: InLoop
    caller: Caller


@asynccontextmanager
async def scene(tmp_path: Path, script: Script, receive_buffer: int = 0, **entry: Any) -> AsyncIterator[Scene]:
    """A provider called `up` that plays `script`, a sidecar, and an application that is connected."""
    async with (
        store(script) as there,
        sidecar(tmp_path, {"up": openai_like(there.url, **entry)}) as running,
    ):
        yield Scene(there, running, await running.caller(receive_buffer))


async def echo(visit: Visit) -> None:
    """Every request is answered with what it was."""
    while True:
        asked = await visit.head()
        body = await visit.body()
        said = f"{asked.method} {asked.target}\n".encode() + body
        visit.answer(200, said, {"content-type": "application/octet-stream", "x-secret": "no"})


async def silent(visit: Visit) -> None:
    """Takes what comes, and says nothing."""
    await visit.head()
    await visit.body()


async def deaf(visit: Visit) -> None:
    """Reads the head, and then nothing."""
    await visit.head()
    await asyncio.Event().wait()


async def endless(visit: Visit) -> None:
    await visit.head()
    visit.send(b"HTTP/1.1 200 OK\r\ncontent-length: 1073741824\r\n\r\n")
    while True:
        visit.send(BIG)
        await visit.writer.drain()


async def stuck(visit: Visit) -> None:
    await visit.head()
    visit.send(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc")
