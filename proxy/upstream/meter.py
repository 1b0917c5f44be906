"""What a relayed stream said of its tokens and its end, read once from its kept head and tail: no event in between is ever parsed."""

from __future__ import annotations

import orjson

from proxy.call import Call, Failure, Usage
from proxy.dialects import Dialect
from proxy.wire.sse import Event, Reader

HEAD = 4096
TAIL = 8192
#: Rough length of a token in bytes of a JSON request, for providers that say nothing.
BYTES_PER_TOKEN = 4


class Meter:
    """`note` every piece in order; then ask for `usage`, and `verdict` at a clean end."""

    __slots__ = ("_dialect", "_head", "_kept", "_kept_size", "size")

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._head = b""
        self._kept: list[bytes] = []
        self._kept_size = 0
        self.size = 0

    def note(self, data: bytes) -> None:
        self.size += len(data)
        self._kept.append(data)
        self._kept_size += len(data)
        if self._kept_size > TAIL + HEAD:
            self._compact()

    def _compact(self) -> None:
        kept = b"".join(self._kept)
        if len(self._head) < HEAD:
            self._head += kept[: HEAD - len(self._head)]
        self._kept = [kept[-TAIL:]]
        self._kept_size = len(self._kept[0])

    def usage(self, call: Call) -> Usage:
        """As reported; else an estimate, marked as such."""
        found: Usage | None = None
        for event in self._events():
            usage = self._usage_of(event)
            if usage is not None:
                found = usage if found is None else merged(found, usage)
        return found or self._estimate(call)

    def verdict(self) -> None:
        """Failure when the stream ended without the dialect's own ending, or with an error event (which the client has then seen).

        A last event longer than the tail cannot be read: then the clean end of the connection has to do.
        """
        events = self._tail_events()
        ended = not events
        for event in events:
            try:
                ended = self._dialect.read_event(event) == "end" or ended
            except Failure as failure:
                failure.told = True
                raise
        if not ended:
            raise Failure("provider_stream_cut", "the provider's stream ended before the model had finished")

    def _usage_of(self, event: Event) -> Usage | None:
        if b"usage" not in event.data:
            return None
        try:
            payload = orjson.loads(event.data)
        except orjson.JSONDecodeError:
            return None
        return self._dialect.parse_usage(payload) if isinstance(payload, dict) else None

    def _events(self) -> list[Event]:
        return Reader().feed(self._head) + self._tail_events()

    def _tail_events(self) -> list[Event]:
        tail = b"".join(self._kept)
        if self.size > len(tail):
            # The tail begins somewhere inside an event: drop that one.
            tail = tail.replace(b"\r\n", b"\n").partition(b"\n\n")[2]
        return Reader().feed(tail)

    def _estimate(self, call: Call) -> Usage:
        events = len(Reader().feed(self._head)) or len(self._tail_events())
        sampled = len(self._head) or self.size
        output = round(self.size * events / sampled) if sampled else 0
        return Usage(input=len(call.body) // BYTES_PER_TOKEN, output=output, estimated=True)


def merged(usage: Usage, later: Usage) -> Usage:
    usage.merge(later)
    return usage
