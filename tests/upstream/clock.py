"""A loop whose clock stands still until a test moves it. Sockets stay real: they belong to the running loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

from proxy.upstream.connection import Connection


class Timer:
    def __init__(self, at: float, callback: Callable[[], object]) -> None:
        self.at = at
        self.callback = callback
        self.off = False

    def cancel(self) -> None:
        self.off = True


class Clock:
    """What connections and pools ask of a loop: the time, timers and futures."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now
        self.timers: list[Timer] = []

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        return cast(asyncio.AbstractEventLoop, self)

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, callback: Callable[[], object]) -> Timer:
        self.timers.append(Timer(when, callback))
        return self.timers[-1]

    def call_later(self, delay: float, callback: Callable[[], object]) -> Timer:
        return self.call_at(self.now + delay, callback)

    def create_future(self) -> asyncio.Future[None]:
        return asyncio.get_running_loop().create_future()

    def advance(self, seconds: float) -> None:
        """Move the time on, and run every timer at its own moment on the way."""
        until = self.now + seconds
        while due := [timer for timer in self.timers if not timer.off and timer.at <= until]:
            first = min(due, key=lambda timer: timer.at)
            self.timers.remove(first)
            self.now = max(self.now, first.at)
            first.callback()
        self.now = until

    def watch(self, connection: Connection, seconds: float) -> float | None:
        """Advance as an exact keeper of `due` would. When the connection gave up, or None if it still lives."""
        until = self.now + seconds
        while connection.active and not connection.complete and connection.due <= until:
            self.now = max(self.now, connection.due)
            before = connection.due
            connection.check_time(self.now)
            assert not connection.active or connection.due > before, "a check must move `due` on"
        if connection.active:
            self.now = until
        return None if connection.active else self.now
