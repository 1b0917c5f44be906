"""An application's end of a call, as the cache and its flights see it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from proxy.call import Source


class App:
    """An application's open response: what it has heard, whether it reads, and whether it has gone."""

    def __init__(self) -> None:
        self.started = False
        self.heard = b""
        self.full = False
        self.ends: list[str] = []
        self.outlive: Callable[[], bool] | None = None
        self.source: Source | None = None
        self.gone = False
        self.task: asyncio.Task[Any] | None = None

    def follow(self, source: Source | None) -> None:
        self.source = source
        if source is not None and self.full:
            source.pause()

    def start(self, status: int, headers: Any) -> None:
        assert not self.started, "told twice"
        self.started = True

    def write(self, data: bytes) -> None:
        assert self.started
        self.heard += data

    async def finish(self) -> None:
        while self.full:  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0)
        self.ends.append("finish")

    def cut(self) -> None:
        self.ends.append("cut")
        self.gone = True

    def interrupt(self) -> None:
        assert self.task is not None
        self.task.cancel()

    # ---- what the application does

    def stop_reading(self) -> None:
        self.full = True
        if self.source is not None:
            self.source.pause()

    def read(self) -> None:
        self.full = False
        if self.source is not None:
            self.source.resume()

    def hang_up(self) -> None:
        self.gone = True
        if self.outlive is None or not self.outlive():
            self.interrupt()
