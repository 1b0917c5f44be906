"""Another configuration while the sidecar runs: read anew, checked whole, and handed on; one with a fault changes nothing.

It is asked for by the operator, by SIGHUP, and by a source that has changed. What handing on means is the caller's affair.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Protocol

from proxy.config import Config, ConfigError, fingerprint

#: Seconds between looks at the source.
EVERY = 2.0
log = logging.getLogger(__name__)


class Source(Protocol):
    """`load` reads and checks, and raises ConfigError; `changed` says whether that is worth while. Both run off the loop."""

    def load(self) -> Config: ...
    def changed(self) -> bool: ...


class Reloads:
    """`now` reloads; `start` watches the source, `close` ends that.

    adopt: takes a configuration over. Failure to do so raises ConfigError too.
    wall:  seconds since the epoch. every: seconds between looks.
    """

    def __init__(
        self,
        source: Source | None,
        current: Callable[[], str],
        adopt: Callable[[Config], None],
        wall: Callable[[], float],
        every: float = EVERY,
    ) -> None:
        self.made = 0
        self.refused = 0
        self.last = 0.0
        self.faults: list[str] = []
        self._source = source
        self._current = current
        self._adopt = adopt
        self._wall = wall
        self._lock = asyncio.Lock()
        self._every = every
        self._task: asyncio.Task[dict[str, Any]] | None = None
        self._watching: asyncio.Task[None] | None = None

    @property
    def failed(self) -> bool:
        """Whether what is there now has a fault, so that an older configuration goes on."""
        return self._source is not None and bool(self.faults)

    def start(self) -> None:
        if self._source is not None and self._watching is None:
            self._watching = asyncio.ensure_future(self._watch(self._source))

    async def close(self) -> None:
        tasks = [task for task in (self._watching, self._task) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _watch(self, source: Source) -> None:
        while True:
            await asyncio.sleep(self._every)
            if await asyncio.to_thread(source.changed):
                await self.now()

    def soon(self) -> None:
        """Begin to reload; who has begun already goes on."""
        if self._task is None or self._task.done():
            self._task = asyncio.ensure_future(self.now())

    async def now(self) -> dict[str, Any]:
        """What came of it: `reloaded`, `faults`, and the fingerprint that holds now."""
        async with self._lock:
            before = self._current()
            self.faults = await self._attempt(before)
            return {"reloaded": self._current() != before, "faults": self.faults, "config_fingerprint": self._current()}

    async def _attempt(self, before: str) -> list[str]:
        if self._source is None:
            return ["there is no configuration file to read anew"]
        try:
            config = await asyncio.to_thread(self._source.load)
            if fingerprint(config) != before:
                self._adopt(config)
                self.made += 1
                self.last = self._wall()
                log.info("the configuration was read anew", extra={"config_fingerprint": self._current()})
        except ConfigError as error:
            faults = [str(fault) for fault in error.every]
            self.refused += 1
            log.warning("the configuration has a fault; the old one goes on", extra={"faults": faults})
            return faults
        except Exception:
            # Whoever watches goes on to watch: what is at fault here may be mended there.
            self.refused += 1
            log.exception("a fault of the sidecar itself; the old configuration goes on")
            return ["the sidecar has a fault; its log says more"]
        return []
