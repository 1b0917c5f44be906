"""What a relayed stream said of its tokens and its end, read once from its kept head and tail.

No event in between is ever parsed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import partial

import orjson

from proxy.call import Call, Failure, Json, Usage
from proxy.dialects import Dialect
from proxy.estimate import model_of
from proxy.upstream.guess import fill, fill_begun, tokens_of
from proxy.wire.events import Event, FrameError
from proxy.wire.framing import FRAMINGS

#: Bytes that are kept of the beginning and of the end. Few: what is kept has left the processor's cache when it is freed,
#: and a relay of many streams feels that.
HEAD = 2048
TAIL = 2048
#: Bytes that may come before the end is cut anew.
FRESH = 4096
#: The last event is kept whole up to this length.
LONGEST = 64 * 1024
#: Most of an event that is read at all: more is never kept.
LARGEST = 1 << 20


class Meter:
    """`note` every piece in order, then ask for `usage`, and `verdict` at a clean end. `pass_on` notes, then writes."""

    __slots__ = ("_clean", "_dialect", "_forgotten", "_framing", "_head", "_kept", "_kept_size", "_limit", "write")

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._framing = FRAMINGS[dialect.framing]
        self._clean = True  # what is kept begins with an event
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
        """Keep the end, from the beginning of the last event, unless that event is too long to keep."""
        kept = b"".join(self._kept)
        if len(self._head) < HEAD:
            self._head += kept[: HEAD - len(self._head)]
        last = max(len(kept) - TAIL, 0)
        mark = self._framing.mark
        start = kept.rfind(mark, 0, last) if mark else -1
        tail = kept[start + len(mark) :] if start >= 0 else self._framing.cut(kept, last)
        self._clean = tail is not None and len(tail) <= LONGEST
        if tail is None or not self._clean:
            tail = kept[last:]
        self._limit = max(TAIL + FRESH, 2 * len(tail))
        self._forgotten += len(kept) - len(tail)
        self._kept = [tail]
        self._kept_size = len(tail)

    def usage(self, call: Call) -> Usage | None:
        """As reported; what is missing from that is estimated, and marked as such."""
        return fill_begun(call, self.told(), partial(self.said, model_of(call)))

    def told(self) -> Usage | None:
        """As reported."""
        mark = self._dialect.usage_mark
        first, last = (
            [payload for event in events if (payload := load_usage(event, mark)) is not None]
            for events in (self._read(self._head), self._tail_events())
        )
        if not last and (found := find_usage(b"".join(self._kept), mark)) is not None:
            last = [found]
        return self._dialect.gather_usage(first + last)

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
        """Whether the last piece left an event unfinished whose data had begun, so that nothing can be added to it."""
        tail = b"".join(self._kept)
        if not self._clean:
            rest = self._framing.resume(tail)
            return rest is None or (bool(rest) and self._framing.midway(rest))
        return self._framing.midway(tail)

    def _tail_events(self) -> list[Event]:
        tail = b"".join(self._kept)
        # One that begins somewhere inside an event: drop that one.
        return self._read(tail if self._clean else self._framing.resume(tail) or b"")

    def _read(self, data: bytes) -> list[Event]:
        """What is whole in `data`. The pieces of a provider that breaks its framing are read as far as they go."""
        reader = self._framing.reader(LARGEST)
        try:
            events = reader.feed(data)
        except FrameError:
            return []
        rest = reader.end().strip() if self._framing.last_may_be_open else b""
        return [*events, Event("", rest)] if rest else events

    def _is_end_of_event(self) -> bool:
        """Whether the tail is nothing but the end of one event, whole but longer than what is kept."""
        return not self._clean and self._framing.resume(b"".join(self._kept)) == b""

    def said(self, model: str) -> int:
        """Tokens of what the model has said, by estimate: what is between head and tail is taken to be as dense as the denser."""
        last = self._tokens(self._tail_events(), model)
        if not self._forgotten:
            return last
        first = self._tokens(self._read(self._head), model) / len(self._head)
        begun = min(len(self._head), self._forgotten)
        densest = max(first, last / max(self._kept_size, 1))
        return round(first * begun + densest * (self._forgotten - begun)) + last

    def _tokens(self, events: list[Event], model: str) -> int:
        words = [self._dialect.text_in(payload) for event in events if (payload := load(event)) is not None]
        return tokens_of("".join(words), model)


class Ending:
    """A whole reply that is too long to hold, on its way: nearly everyone says at the end of one what it took."""

    __slots__ = ("_mark", "_parse", "_tail", "_write")

    def __init__(self, mark: bytes, parse: Callable[[Json], Usage | None], write: Callable[[bytes], None]) -> None:
        self._mark = mark
        self._parse = parse
        self._write = write
        self._tail = b""

    def write(self, data: bytes) -> None:
        self._tail = (self._tail + data)[-TAIL:]
        self._write(data)

    def usage(self, call: Call) -> Usage | None:
        """As reported. Where nothing was, the prompt is estimated; of an answer like that nobody knows what is a word."""
        found = find_usage(self._tail, self._mark)
        return fill(call, None if found is None else self._parse(found), lambda: 0)


def load_usage(event: Event, mark: bytes) -> Json | None:
    """The payload of an event that mentions usage."""
    return load(event) if mark in event.data else None


def load(event: Event) -> Json | None:
    """An event's payload; None where it is no object."""
    try:
        payload = orjson.loads(event.data)
    except orjson.JSONDecodeError:
        return None
    return payload if isinstance(payload, dict) else None


def find_usage(tail: bytes, mark: bytes) -> Json | None:
    """From the end of an event whose beginning was too far away to keep: its last members, from the first about usage on."""
    if mark not in tail:
        return None
    for member in re.finditer(rb'"\w*%b\w*"\s*:' % re.escape(mark.strip(b'"')), tail):
        try:
            said, _ = json.JSONDecoder().raw_decode("{" + tail[member.start() :].decode("utf-8", "replace"))
        except (ValueError, RecursionError):
            continue
        return dict(said)
    return None
