"""One rendering for all who ask for a page at the same time, with pauses in it for what else there is to do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable


class SharedPage:
    """Renders one page for all who asked before the rendering began: nobody misses what happened before he asked."""

    def __init__(self, blocks: Callable[[], Iterable[bytes]]) -> None:
        self._blocks = blocks
        self._lock = asyncio.Lock()
        self._begun = 0
        self._finished = 0
        self._page = b""

    async def latest(self) -> bytes:
        asked = self._begun
        async with self._lock:
            if self._finished <= asked:
                await self._render()
            return self._page

    async def _render(self) -> None:
        self._begun += 1
        blocks = []
        for block in self._blocks():
            blocks.append(block)
            await asyncio.sleep(0)
        self._page = b"".join(blocks)
        self._finished = self._begun
