"""Texts kept for a short while: bounded in bytes, the one not asked for longest goes first. The clock is handed in."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable


class Kept:
    """At most `limit` characters, each text for at most `seconds`. `size` is what is held, for a gauge."""

    def __init__(self, limit: int, seconds: float, clock: Callable[[], float]) -> None:
        self.size = 0
        self._limit = limit
        self._seconds = seconds
        self._clock = clock
        self._held: OrderedDict[Hashable, tuple[str, float]] = OrderedDict()

    def get(self, key: Hashable) -> str | None:
        found = self._held.get(key)
        if found is None:
            return None
        text, until = found
        if until <= self._clock():
            self._drop(key)
            return None
        self._held.move_to_end(key)
        return text

    def put(self, key: Hashable, text: str) -> None:
        """A text larger than everything that may be held is not."""
        self._drop(key)
        if len(text) > self._limit:
            return
        self._held[key] = (text, self._clock() + self._seconds)
        self.size += len(text)
        while self.size > self._limit:
            self._drop(next(iter(self._held)))

    def _drop(self, key: Hashable) -> None:
        found = self._held.pop(key, None)
        if found is not None:
            self.size -= len(found[0])
