"""Large bodies in flat memory: 200 MB each way, or 2 GB where OUTRIDER_TEST_GIGABYTES says so."""

from __future__ import annotations

import asyncio
import os
from hashlib import sha256
from pathlib import Path

import pytest

from tests.promises.relaying import Visit, asking, store
from tests.promises.sidecars import InProcess, openai_like, process

SIZE = (2 << 30) if os.environ.get("OUTRIDER_TEST_GIGABYTES") else 200 << 20
PIECE = os.urandom(1 << 20)
PIECES = SIZE // len(PIECE)
#: What a sidecar may take besides what it had before: the buffers on the way, of sockets, parser and transports.
GROWTH = 12 << 20


def digest() -> str:
    whole = sha256()
    for _ in range(PIECES):
        whole.update(PIECE)
    return whole.hexdigest()


async def keep(visit: Visit) -> None:
    """An upload is answered with its hash; a download is SIZE bytes."""
    while True:
        asked = await visit.head()
        if asked.method == "GET":
            visit.send(f"HTTP/1.1 200 OK\r\ncontent-length: {SIZE}\r\n\r\n".encode())
            for _ in range(PIECES):
                visit.send(PIECE)
                await visit.writer.drain()
            continue
        found = sha256()
        async for piece in visit.pieces():
            found.update(piece)
        visit.answer(200, found.hexdigest().encode())


class Watch:
    """The most memory that the sidecar has had, looked at while something else goes on."""

    def __init__(self, running: InProcess) -> None:
        self._running = running
        self.before = running.resident
        self.most = self.before

    async def __aenter__(self) -> Watch:
        self._task = asyncio.create_task(self._look())
        return self

    async def _look(self) -> None:
        while True:
            self.most = max(self.most, self._running.resident)
            await asyncio.sleep(0.01)

    async def __aexit__(self, *error: object) -> None:
        self._task.cancel()


async def upload(running: InProcess, chunked: bool) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
    framing = {"transfer_encoding": "chunked"} if chunked else {"content_length": str(SIZE)}
    writer.write(asking("POST", "/providers/up/files", **framing))
    for _ in range(PIECES):
        writer.write(b"%x\r\n%b\r\n" % (len(PIECE), PIECE) if chunked else PIECE)
        await writer.drain()
    writer.write(b"0\r\n\r\n" if chunked else b"")
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    found = await reader.readexactly(64)
    writer.close()
    return found


async def download(running: InProcess) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", running.port, limit=1 << 20)
    writer.write(asking("GET", "/providers/up/files/1/content"))
    assert f"content-length: {SIZE}".encode() in await reader.readuntil(b"\r\n\r\n")
    found, left = sha256(), SIZE
    while left:
        piece = await reader.read(1 << 20)
        assert piece
        left -= len(piece)
        found.update(piece)
    writer.close()
    return found.hexdigest().encode()


@pytest.mark.parametrize("way", ["up", "up in chunks", "down"])
async def test_a_large_body_passes_in_flat_memory(way: str, tmp_path: Path) -> None:
    async with store(keep) as there, process(tmp_path, {"up": openai_like(there.url)}) as running:
        async with Watch(running) as watch:
            found = await (download(running) if way == "down" else upload(running, way == "up in chunks"))
        assert found == digest().encode()
        assert watch.most - watch.before < GROWTH
