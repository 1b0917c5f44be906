"""Looking, every second, whether something on the disk is another one than before: a mounted Secret changes while we run.

Looking is done off the loop. What is looked at, and what is then done, is others' to say.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

#: Kubelet takes a minute to bring a Secret; what has come is heeded within two of these.
EVERY = 1.0


class Looking:
    """`stamp` tells one state of the disk from another and raises nothing; `changed` is awaited on the loop when it differs.

    `look` looks once, the first time always with a change. `start` makes a task that does so for ever, `close` ends it.
    """

    def __init__(
        self, stamp: Callable[[], object], changed: Callable[[], Awaitable[None]], every: float = EVERY
    ) -> None:
        self._stamp = stamp
        self._changed = changed
        self._every = every
        self._seen: object = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        if self._task is None:
            self._task = asyncio.ensure_future(self._keep_looking())

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def look(self) -> None:
        stamp = await asyncio.to_thread(self._stamp)
        if stamp != self._seen:
            self._seen = stamp
            await self._changed()

    async def _keep_looking(self) -> None:
        while True:
            await asyncio.sleep(self._every)
            await self.look()
