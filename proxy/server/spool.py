"""What has come of a body before it is known where it goes: in memory while it is short, else in a file without a name.

The file goes with the process, and what is in it is nobody else's. Who fills it says how long it may grow.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from tempfile import SpooledTemporaryFile

MEMORY = 64 << 10
PIECE = 256 << 10


class Spool:
    """`add`, then `read` any stretch of it, then `close`. OSError where there is no place for a file."""

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(MEMORY)  # noqa: SIM115 - closed by `close`
        self.size = 0

    async def add(self, data: bytes) -> None:
        self.size += len(data)
        if self.size <= MEMORY:
            self._file.write(data)
        else:
            await asyncio.to_thread(self._file.write, data)

    async def read(self, start: int, end: int) -> AsyncIterator[bytes]:
        self._file.seek(start)
        while start < end and (piece := await asyncio.to_thread(self._file.read, min(PIECE, end - start))):
            start += len(piece)
            yield piece

    def close(self) -> None:
        self._file.close()
