"""Work that blocks and may never end (a resolver, a disk that hangs), done in a thread that nobody waits for."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")


async def aside(work: Callable[[], T], seconds: float) -> T:
    """What it returns or raises. TimeoutError after `seconds`; the thread is left alone then and ends with the process."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def deliver(settle: Callable[[], None]) -> None:
        # Its loop may have ended meanwhile.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(lambda: None if done.done() else settle())

    def run() -> None:
        try:
            result = work()
        except (OSError, ValueError) as error:
            trouble = error
            deliver(lambda: done.set_exception(trouble))
        else:
            deliver(lambda: done.set_result(result))

    threading.Thread(target=run, daemon=True).start()
    async with asyncio.timeout(seconds):
        return await done
