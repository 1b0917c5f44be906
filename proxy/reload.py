"""Another configuration while the sidecar runs: read anew, checked whole, and handed on; one with a fault changes nothing.

It is asked for by the operator, by SIGHUP, and by a file that has changed. What handing on means is the caller's affair.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from proxy.config import Config, ConfigError, fingerprint
from proxy.upstream.credentials.watched import Watched

log = logging.getLogger(__name__)


class Source(NamedTuple):
    """`load` reads and checks, off the loop, and raises ConfigError. `files`: what it reads."""

    load: Callable[[], Config]
    files: tuple[Path, ...] = ()


class Reloads:
    """`now` reloads; `start` watches the files, `close` ends that.

    adopt: takes a configuration over. Failure to do so raises ConfigError too.
    wall:  seconds since the epoch.
    """

    def __init__(
        self,
        source: Source | None,
        current: Callable[[], str],
        adopt: Callable[[Config], None],
        wall: Callable[[], float],
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
        self._watched = Watched(list(source.files) if source is not None else [], self._changed)
        self._task: asyncio.Task[dict[str, Any]] | None = None

    def start(self) -> None:
        self._watched.start()

    async def close(self) -> None:
        self._watched.close()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

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
        return []

    def _changed(self, path: Path, text: str) -> bool:
        self.soon()
        return True
