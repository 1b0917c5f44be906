"""JSON lines, incrementally and at the level of bytes: one payload a line, https://github.com/ndjson/ndjson-spec.

Lines end in LF; a CR before it and blank lines are passed over. A line is complete at its LF and not before: where a server
leaves the last one out, `end` returns what stood after it, and whoever reads decides whether that is a payload or the
beginning of one. It refuses to know JSON.
"""

from __future__ import annotations

from proxy.wire.events import Event, TooLong


class Reader:
    """`feed` bytes in any pieces, get the lines they complete. `end` returns what was begun and never finished.

    Raises TooLong when one line grows past `limit` bytes. `pending` is what was begun so far.
    """

    __slots__ = ("_limit", "pending")

    def __init__(self, limit: int = 16 << 20) -> None:
        self.pending = bytearray()
        self._limit = limit

    def feed(self, data: bytes) -> list[Event]:
        cut = data.rfind(b"\n") + 1
        if not cut:
            self._keep(data)
            return []
        whole = data[:cut]
        if self.pending:
            whole = bytes(self.pending) + whole
            self.pending.clear()
        if cut < len(data):
            self._keep(data[cut:])
        return [Event("", line) for piece in whole.split(b"\n") if (line := piece.strip(b" \t\r"))]

    def end(self) -> bytes:
        """What came after the last LF, without the white space around it."""
        rest = bytes(self.pending).strip(b" \t\r")
        self.pending.clear()
        return rest

    def _keep(self, rest: bytes) -> None:
        self.pending += rest
        if len(self.pending) > self._limit:
            raise TooLong(f"a line of more than {self._limit} bytes")
