"""What stands for a Service: it hands each connection to the next of several ports, and every byte both ways."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import cycle
from types import TracebackType


class Balancer:
    """Listens on `port` as long as it is entered."""

    def __init__(self, ports: Sequence[int]) -> None:
        self._ports = cycle(ports)
        self._server: asyncio.Server
        self._open: dict[asyncio.Task[None], tuple[asyncio.StreamWriter, ...]] = {}
        self.port = 0

    async def __aenter__(self) -> Balancer:
        self._server = await asyncio.start_server(self._take, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for writers in self._open.values():
            for writer in writers:
                writer.close()
        await asyncio.gather(*self._open)

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        there, onward = await asyncio.open_connection("127.0.0.1", next(self._ports))
        self._open[task] = writer, onward
        try:
            await asyncio.gather(carry(reader, onward), carry(there, writer))
        finally:
            del self._open[task]


async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Until the end, which is carried too; a side that has broken off ends both."""
    try:
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    writer.close()
