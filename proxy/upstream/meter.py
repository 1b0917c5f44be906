"""What a relayed stream said of its tokens and its end, read once from its kept head and tail.

No event in between is ever parsed.
"""

from __future__ import annotations

from collections.abc import Callable

import orjson

from proxy.call import Call, Failure, Json, Usage
from proxy.dialects import Dialect
from proxy.wire.sse import Event, Reader, read_block

#: Bytes that are kept of the beginning and of the end. Few: what is kept has left the processor's cache when it is freed,
#: and a relay of many streams feels that.
HEAD = 2048
TAIL = 2048
#: Bytes that may come before the end is cut anew.
FRESH = 4096
#: The last event is kept whole up to this length.
LONGEST = 64 * 1024
#: Rough length of a token in bytes of a JSON request, for providers that say nothing.
BYTES_PER_TOKEN = 4


class Meter:
    """`note` every piece in order, then ask for `usage`, and `verdict` at a clean end. `pass_on` notes, then writes."""

    __slots__ = ("_dialect", "_forgotten", "_head", "_kept", "_kept_size", "_limit", "write")

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._head = b""
        self._kept: list[bytes] = []
        self._kept_size = 0
        self._forgotten = 0
        self._limit = TAIL + FRESH
        self.write: Callable[[bytes], None]

    @property
    def size(self) -> int:
        return self._forgotten + self._kept_size

    def note(self, data: bytes) -> None:
        self._kept.append(data)
        self._kept_size += len(data)
        if self._kept_size > self._limit:
            self._compact()

    def pass_on(self, data: bytes) -> None:
        """The sink of a relay: one call between the parser's callback and the client's write."""
        self._kept.append(data)
        self._kept_size += len(data)
        if self._kept_size > self._limit:
            self._compact()
        self.write(data)

    def _compact(self) -> None:
        """Keep the end, from the blank line that the last event begins behind, unless that event is too long to keep."""
        kept = b"".join(self._kept)
        if len(self._head) < HEAD:
            self._head += kept[: HEAD - len(self._head)]
        cut = max(len(kept) - TAIL, 0)
        start = kept.rfind(b"\n\n", 0, cut)
        tail = kept[start if start >= 0 and len(kept) - start <= LONGEST else cut :]
        self._limit = max(TAIL + FRESH, 2 * len(tail))
        self._forgotten += len(kept) - len(tail)
        self._kept = [tail]
        self._kept_size = len(tail)

    def usage(self, call: Call) -> Usage:
        """As reported; else an estimate, marked as such."""
        payloads = [payload for event in self._events() if (payload := load_usage(event)) is not None]
        return self._dialect.gather_usage(payloads) or self._estimate(call)

    def verdict(self) -> None:
        """Failure when the stream ended without the dialect's own ending, or with an error event, which the client has then seen.

        A last event longer than the tail cannot be read: then it has to do that it came whole.
        """
        ended = self._is_end_of_event()
        for event in self._tail_events():
            try:
                ended = self._dialect.read_event(event) == "end" or ended
            except Failure as failure:
                failure.told = True
                raise
        if not ended:
            raise Failure("provider_stream_cut", "the provider's stream ended before the model had finished")

    def midway(self) -> bool:
        """Whether the last piece left an event unfinished whose data had begun: a blank line would complete it."""
        tail = b"".join(self._kept).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        _, boundary, rest = tail.rpartition(b"\n\n")
        return read_block(rest) is not None or (not boundary and self._forgotten > 0)

    def _events(self) -> list[Event]:
        return Reader().feed(self._head) + self._tail_events()

    def _tail_events(self) -> list[Event]:
        tail = b"".join(self._kept)
        if self.size > len(tail):
            # The tail begins somewhere inside an event: drop that one.
            tail = tail.replace(b"\r\n", b"\n").partition(b"\n\n")[2]
        return Reader().feed(tail)

    def _is_end_of_event(self) -> bool:
        """Whether the tail is nothing but the end of one event, whole but longer than what is kept."""
        tail = b"".join(self._kept)
        if self.size == len(tail):
            return False
        _, blank, rest = tail.replace(b"\r\n", b"\n").partition(b"\n\n")
        return bool(blank) and not rest

    def _estimate(self, call: Call) -> Usage:
        events = len(Reader().feed(self._head)) or len(self._tail_events())
        sampled = len(self._head) or self.size
        output = round(self.size * events / sampled) if sampled else 0
        return Usage(input=len(call.body) // BYTES_PER_TOKEN, output=output, estimated=True)


def load_usage(event: Event) -> Json | None:
    """The payload of an event that mentions usage."""
    if b"usage" not in event.data:
        return None
    try:
        payload = orjson.loads(event.data)
    except orjson.JSONDecodeError:
        return None
    return payload if isinstance(payload, dict) else None
