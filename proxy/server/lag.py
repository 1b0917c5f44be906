"""How late the event loop runs: the first thing to look at when everything is slow. One timer, no thread."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable

INTERVAL = 0.25
MEMORY = 60.0


class LoopLag:
    """All in seconds. `start` inside the loop to watch, `stop` before it closes; reading is possible at any time."""

    def __init__(
        self, time: Callable[[], float] = time.monotonic, interval: float = INTERVAL, memory: float = MEMORY
    ) -> None:
        self._time = time
        self._interval = interval
        self._recent: deque[float] = deque([0.0], maxlen=max(1, round(memory / interval)))
        self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        self._due = self._time() + self._interval
        self._timer = asyncio.get_running_loop().call_later(self._interval, self._tick)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def current(self) -> float:
        """How late the timer came last time, or how late it already is this time, whichever is more."""
        return max(self._recent[-1], self._overdue())

    def worst(self) -> float:
        """The most within `memory`."""
        return max(*self._recent, self._overdue())

    def _overdue(self) -> float:
        return 0.0 if self._timer is None else max(0.0, self._time() - self._due)

    def _tick(self) -> None:
        self._recent.append(self._overdue())
        self.start()
