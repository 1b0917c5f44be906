"""The calls that ended lately, numbered, for whoever follows them: a ring of the latest, and a bell for each listener.

A call that ends costs an append; what a listener reads is made when it reads, once for all that read the same. Nothing waits for
a listener: it has a place in the ring and no queue, and what the ring has let go meanwhile it has missed, which it is told.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import NamedTuple

from proxy.call import Call, Failure, Outcome
from proxy.logs.lines import CallLine, call_line
from proxy.server.cleaned import Clean, render_clean

#: Calls kept, and listeners at once.
REMEMBERED = 200
LISTENERS = 20


class News(NamedTuple):
    """Events as text/event-stream, the number of the last one, and how many calls before them are gone."""

    events: bytes
    last: int
    missed: int


class TooMany(Exception):
    """As many listen as may."""


class Feed:
    """`ended` is told of each call; `listening` gives a bell that rings when there is more to read after a number.

    wall: seconds since the epoch. Numbers begin with it, in microseconds, so that they go on rising over a restart.
    clean: takes secrets out of what is about to be shown.
    """

    def __init__(self, wall: Callable[[], float], clean: Clean) -> None:
        self._wall = wall
        self._clean = clean
        self._ring: deque[CallLine] = deque(maxlen=REMEMBERED)
        self.first = int(wall() * 1e6)
        self._count = 0
        self._bells: set[asyncio.Event] = set()
        self._same: tuple[int, News] = (-1, News(b"", -1, 0))
        self.closed = False
        self.missed = 0
        self.let_go = 0

    # ---- a call

    def ended(self, call: Call, end: Outcome | Failure, duration: float, line: CallLine | None = None) -> None:
        """`duration` is in seconds; `line` is what the log says of the call, where it says something."""
        self._ring.append(line or call_line(self._wall(), call, end, duration))
        self._count += 1
        if self._bells:
            self._ring_bells()

    def _ring_bells(self) -> None:
        for bell in self._bells:
            bell.set()

    # ---- a listener

    @property
    def last(self) -> int:
        """The number of the latest call, or of none yet."""
        return self.first + self._count

    @property
    def listeners(self) -> tuple[int, int]:
        """How many there are, and how many there may be."""
        return len(self._bells), LISTENERS

    @contextmanager
    def listening(self) -> Iterator[asyncio.Event]:
        """Raises TooMany."""
        if len(self._bells) >= LISTENERS:
            raise TooMany
        bell = asyncio.Event()
        self._bells.add(bell)
        try:
            yield bell
        finally:
            self._bells.discard(bell)

    def since(self, number: int) -> News:
        """What came after it. A number that is not of here, such as 0, stands for the time before everything."""
        last = self.last
        if self._same[0] == number and self._same[1].last == last:
            return self._same[1]
        after = number if self.first <= number <= last else self.first
        kept = min(last - after, len(self._ring))
        begins = last - kept + 1
        lines = islice(self._ring, len(self._ring) - kept, None)
        events = b"".join(self._event(begins + at, line) for at, line in enumerate(lines))
        news = News(events, last, last - after - kept if number == after else 0)
        self._same = number, news
        return news

    def _event(self, number: int, line: CallLine) -> bytes:
        """https://html.spec.whatwg.org/multipage/server-sent-events.html; the JSON has no line end in it."""
        return b"event: call\nid: %d\ndata: %b\n\n" % (number, render_clean(line.fields(), self._clean))

    def close(self) -> None:
        """Whoever listens is woken to go."""
        self.closed = True
        self._ring_bells()
