"""The elements of one JSON array, incrementally and at the level of bytes, RFC 8259: each is given with its last byte.

Google streams so where it is not asked for server-sent events. It refuses to know what the elements mean, and looks no closer at
them than it takes to find their ends: whether an element is JSON is for whoever reads it.
"""

from __future__ import annotations

import re
from typing import Literal

from proxy.wire.events import Event, FrameError, TooLong

BOM = b"\xef\xbb\xbf"
BLANKS = re.compile(rb"[ \t\r\n]*")
#: Within a string only these matter, outside of one these.
IN_STRING = re.compile(rb'["\\]')
OUTSIDE = re.compile(rb'["\[\]{},]')
QUOTE, BACKSLASH, COMMA = b'"\\,'
OPENING, CLOSING = frozenset(b"[{"), frozenset(b"]}")

#: `start`: before the array. `first`: an element or its end. `element`: an element. `after`: behind one. `over`: after the array.
Place = Literal["start", "first", "element", "after", "over"]


class Reader:
    """`feed` bytes in any pieces, get the elements they complete. `end` returns what was begun and never finished.

    Raises FrameError for bytes that are no array, TooLong when one element grows past `limit` bytes. `pending` is what was begun
    so far.
    """

    __slots__ = ("_at", "_depth", "_limit", "_place", "_quoted", "pending")

    def __init__(self, limit: int = 16 << 20) -> None:
        self.pending = bytearray()
        self._limit = limit
        self._place: Place = "start"
        self._begin()

    def feed(self, data: bytes) -> list[Event]:
        self.pending += data
        events: list[Event] = []
        while self._step(events):
            pass
        if len(self.pending) > self._limit:
            raise TooLong(f"an array element of more than {self._limit} bytes")
        return events

    def end(self) -> bytes:
        """What is left of an element that was begun, without the white space after it."""
        rest = bytes(self.pending).rstrip(b" \t\r\n")
        self.pending.clear()
        return rest

    def _begin(self) -> None:
        self._at = self._depth = 0
        self._quoted = False

    def _step(self, events: list[Event]) -> bool:
        """One element, or one mark between them. False when there is nothing more to be done with these bytes."""
        if not self._at:
            del self.pending[: blanks(self.pending)]
        if not self.pending:
            return False
        if self._place in ("first", "element"):
            return self._element(events)
        return self._mark()

    def _mark(self) -> bool:
        if self._place == "start" and BOM.startswith(self.pending[:3]):
            if len(self.pending) < len(BOM):
                return False
            del self.pending[:3]
            return True
        mark = self.pending[:1]
        following = MARKS.get((self._place, bytes(mark)))
        if following is None:
            raise FrameError("bytes that are no JSON array")
        del self.pending[:1]
        self._place = following
        return True

    def _element(self, events: list[Event]) -> bool:
        if self._place == "first" and self.pending[:1] == b"]":
            return self._mark()
        end = self._find_end()
        if end is None:
            return False
        element = bytes(self.pending[:end]).rstrip(b" \t\r\n")
        if not element:
            raise FrameError("a JSON array with a comma too many")
        del self.pending[:end]
        self._begin()
        self._place = "after"
        events.append(Event("", element))
        return True

    def _find_end(self) -> int | None:
        """Where the element that was begun ends; None when it is still to come."""
        buffer = self.pending
        while (found := (IN_STRING if self._quoted else OUTSIDE).search(buffer, self._at)) is not None:
            mark, self._at = buffer[found.start()], found.end()
            if mark == BACKSLASH:
                if self._at == len(buffer):
                    self._at -= 1
                    return None
                self._at += 1
            elif mark == QUOTE:
                self._quoted = not self._quoted
            elif mark in OPENING:
                self._depth += 1
            elif not self._depth:
                return found.start()
            elif mark in CLOSING:
                self._depth -= 1
                if not self._depth:
                    return found.end()
        self._at = len(buffer)
        return None


#: (where, byte) -> where it leads.
MARKS: dict[tuple[Place, bytes], Place] = {
    ("start", b"["): "first",
    ("first", b"]"): "over",
    ("after", b","): "element",
    ("after", b"]"): "over",
}


def blanks(data: bytearray) -> int:
    found = BLANKS.match(data)
    return found.end() if found else 0
