"""Server-sent events, incrementally and at the level of bytes.

Follows the WHATWG HTML standard, section 9.2.6: lines end in LF, CRLF or CR, a blank line ends an event, one space after
the colon is optional, comments begin with a colon, several `data` lines are joined by LF, a leading BOM is ignored.
It refuses to know what the data means. `retry` and `id` are not kept: a provider's stream is never resumed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import cast

from proxy.wire.events import Event, TooLong

BOM = b"\xef\xbb\xbf"


#: What the class does when it is called, without the call of Python that it makes.
new_event = cast(Callable[[tuple[str, bytes]], Event], partial(tuple.__new__, Event))

#: What nearly every event of every provider looks like, and a piece that is just one of them. A dot is anything but LF.
PLAIN = re.compile(rb"(?:event: (.*)\n)?data: (.*)")
WHOLE = re.compile(rb"(?:event: (.*)\n)?data: (.*)\n\n")


class Reader:
    """`feed` bytes in any pieces, get the events they complete. `end` returns what was begun and never finished.

    Raises TooLong when one event grows past `limit` bytes. `pending` is what was begun so far.
    """

    __slots__ = ("_first", "_limit", "_swallow_lf", "pending")

    def __init__(self, limit: int = 16 << 20) -> None:
        self.pending = bytearray()
        self._limit = limit
        self._first = True
        self._swallow_lf = False

    def feed(self, data: bytes) -> list[Event]:
        if not (self._first or self._swallow_lf or self.pending or b"\r" in data):
            plain = WHOLE.fullmatch(data)
            if plain is not None:
                name, payload = plain.groups(b"")
                return [new_event((name.decode("utf-8", "replace"), payload))]
        if self._first:
            data = self._without_bom(data)
        if self._swallow_lf or b"\r" in data:
            data = self._with_lf_only(data)
        if self.pending:
            return self._feed_rest(data)
        cut = data.rfind(b"\n\n")
        if cut + 2 < len(data) or cut < 0:
            self._keep(data if cut < 0 else data[cut + 2 :])
        return read_blocks(data[:cut]) if cut >= 0 else []

    def end(self) -> bytes:
        """What is left is no event: the standard has it discarded, and it tells that the stream was cut."""
        rest = bytes(self.pending)
        self.pending.clear()
        return rest

    def _feed_rest(self, data: bytes) -> list[Event]:
        buffer = self.pending
        unseen = len(buffer) - 1
        buffer += data
        cut = buffer.rfind(b"\n\n", unseen)
        if cut < 0:
            self._keep(b"")
            return []
        events = read_blocks(bytes(buffer[:cut]))
        del buffer[: cut + 2]
        self._keep(b"")
        return events

    def _without_bom(self, data: bytes) -> bytes:
        held = bytes(self.pending) + data
        self.pending.clear()
        if len(held) < len(BOM) and BOM.startswith(held):
            self.pending += held
            return b""
        self._first = False
        return held.removeprefix(BOM)

    def _with_lf_only(self, data: bytes) -> bytes:
        if self._swallow_lf and data:
            data = data.removeprefix(b"\n")
            self._swallow_lf = False
        if data.endswith(b"\r"):
            self._swallow_lf = True
        return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _keep(self, rest: bytes) -> None:
        self.pending += rest
        if len(self.pending) > self._limit:
            raise TooLong(f"an event of more than {self._limit} bytes")


def read_blocks(blocks: bytes) -> list[Event]:
    """Events of a run of blocks, a blank line between them."""
    if b"\n\n" not in blocks:
        event = read_block(blocks)
        return [] if event is None else [event]
    return [event for block in blocks.split(b"\n\n") if (event := read_block(block)) is not None]


def read_block(block: bytes) -> Event | None:
    """The lines of one event, LF between them. None when it carries no data."""
    plain = PLAIN.fullmatch(block)
    if plain is not None:
        name_bytes, payload = plain.groups(b"")
        return new_event((name_bytes.decode("utf-8", "replace"), payload))
    name = ""
    data: list[bytes] = []
    for line in block.split(b"\n"):
        field, _, value = line.partition(b":")
        if value[:1] == b" ":
            value = value[1:]
        if field == b"data":
            data.append(value)
        elif field == b"event":
            name = value.decode("utf-8", "replace")
    if not data:
        return None
    return Event(name, data[0] if len(data) == 1 else b"\n".join(data))
