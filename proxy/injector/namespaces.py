"""The annotations of namespaces, kept for a while. It knows no HTTP, and an admission never waits long for it.

A namespace that cannot be read is no reason to refuse a pod: what was known before is told, or that nothing is known.
"""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

Read = Callable[[str], Awaitable[Mapping[str, Any]]]
#: A DNS label, RFC 1123: anything else is no namespace and must not get into a path.
NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)


class Bounds(NamedTuple):
    """Seconds: how long annotations hold, how long after a failure nobody asks, how long one who asks waits; and how
    many namespaces are kept, how many readings there are at once."""

    holds: float = 30.0
    pause: float = 5.0
    patience: float = 1.0
    kept: int = 1000
    readings: int = 50


class Known(NamedTuple):
    """until: when it has to be read again. annotations: None where they never could be read."""

    until: float
    annotations: Mapping[str, str] | None


class Namespaces:
    """read: an object by its name, raising `failures`. clock: seconds. report: `ok`, `failed` or `late`."""

    def __init__(
        self,
        read: Read,
        failures: type[Exception],
        clock: Callable[[], float],
        report: Callable[[str], None],
        bounds: Bounds | None = None,
    ) -> None:
        self._read = read
        self._failures = failures
        self._clock = clock
        self._report = report
        self._bounds = bounds or Bounds()
        self._known: OrderedDict[str, Known] = OrderedDict()
        self._readings: dict[str, asyncio.Task[None]] = {}

    async def annotations(self, name: str) -> Mapping[str, str] | None:
        """None where they are not known."""
        if not NAME.fullmatch(name):
            return None
        known = self._known.get(name)
        if known is None or self._clock() >= known.until:
            await self._wait(name)
            known = self._known.get(name)
        return known.annotations if known else None

    async def close(self) -> None:
        for task in self._readings.values():
            task.cancel()
        await asyncio.gather(*self._readings.values(), return_exceptions=True)

    async def _wait(self, name: str) -> None:
        """One reading for all who ask for a namespace at once; it goes on when they have stopped waiting."""
        task = self._readings.get(name)
        if task is None:
            if len(self._readings) >= self._bounds.readings:
                return self._report("late")
            task = self._readings[name] = asyncio.create_task(self._renew(name))
            task.add_done_callback(lambda done: self._readings.pop(name))
        done, _ = await asyncio.wait({task}, timeout=self._bounds.patience)
        return None if done else self._report("late")

    async def _renew(self, name: str) -> None:
        before = self._known.get(name)
        try:
            found = annotations_of(await self._read(name))
            self._report("ok")
            known = Known(self._clock() + self._bounds.holds, found)
        except self._failures:
            self._report("failed")
            known = Known(self._clock() + self._bounds.pause, before.annotations if before else None)
        self._known[name] = known
        self._known.move_to_end(name)
        while len(self._known) > self._bounds.kept:
            self._known.popitem(last=False)


def annotations_of(namespace: Mapping[str, Any]) -> Mapping[str, str]:
    metadata = namespace.get("metadata")
    found = metadata.get("annotations") if isinstance(metadata, dict) else None
    return (
        {name: value for name, value in (found or {}).items() if isinstance(value, str)}
        if isinstance(found, dict)
        else {}
    )
