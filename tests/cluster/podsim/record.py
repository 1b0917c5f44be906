"""What happened in a pod, in order: the events that tests ask about."""

from __future__ import annotations

import asyncio
import time
from typing import NamedTuple

PATIENCE = 30.0


class Event(NamedTuple):
    """at: monotonic seconds. container: its name, empty for the pod."""

    at: float
    container: str
    what: str
    detail: str = ""


class Record:
    """Started, Ready, NotReady, Exited, Restarting, Killing, Signalled, FailedMount, and phases, as they come."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._news = asyncio.Event()

    def add(self, container: str, what: str, detail: str = "") -> None:
        self.events.append(Event(time.monotonic(), container, what, detail))
        self._news.set()

    def every(self, container: str, what: str) -> list[Event]:
        return [event for event in self.events if (event.container, event.what) == (container, what)]

    def first(self, container: str, what: str) -> Event:
        """The first such event; an AssertionError shows all there were."""
        found = self.every(container, what)
        assert found, f"{container} was never {what}: {self}"
        return found[0]

    async def wait(self, container: str, what: str, times: int = 1) -> Event:
        """Until it has happened so many times, at most half a minute."""
        try:
            async with asyncio.timeout(PATIENCE):
                while len(found := self.every(container, what)) < times:
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"{container} was not {what} {times} times: {self}") from None
        return found[times - 1]

    def order(self, *wanted: tuple[str, str]) -> bool:
        """Whether the first events of these kinds came in this order."""
        places = [self.events.index(self.first(*pair)) for pair in wanted]
        return places == sorted(places)

    def __str__(self) -> str:
        begin = self.events[0].at if self.events else 0.0
        return "\n".join(f"{e.at - begin:7.3f} {e.container or '-':14} {e.what} {e.detail}" for e in self.events)
