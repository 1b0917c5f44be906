"""What the model said in an answer, for a line of the log: its bytes are kept while it passes, up to a bound, and read later.

A stream's events are read as little as ever while they pass. It knows nothing of lines.
"""

from __future__ import annotations

from typing import Any

from proxy.call import Call, Json, Source, Tape, Usage
from proxy.upstream.meter import load
from proxy.wire.events import Event, FrameError
from proxy.wire.framing import FRAMINGS

#: Bytes that a character takes in a stream of small events, and most that are kept of one answer.
BYTES_PER_CHARACTER = 96
LARGEST = 256 << 10
#: Most that is kept of all answers under way.
ROOM = 16 << 20


class Room:
    """Bytes that answers under way may take together."""

    def __init__(self, limit: int = ROOM) -> None:
        self.limit = limit
        self.held = 0

    @property
    def fill(self) -> tuple[int, int]:
        return self.held, self.limit


class Overheard:
    """A Tape before another one, or none. `answer` tells what was said, once `close` has let go of everything else.

    characters: how many of them are wanted.
    """

    def __init__(self, room: Room, characters: int, tape: Tape | None) -> None:
        self._room = room
        self._limit = min(characters * BYTES_PER_CHARACTER, LARGEST)
        self._tape = tape
        self._pieces: list[bytes] = []
        self._size = 0
        self._fits = True
        self._words: Any = None
        self._stream = False
        self._complete = False

    @property
    def begun(self) -> bool:
        return self._words is not None

    # ---- a Tape

    def begin(self, call: Call, words: Any, created: int) -> None:
        self._words, self._stream = words, call.stream
        if self._tape is not None:
            self._tape.begin(call, words, created)

    def follow(self, source: Source) -> Source:
        return source if self._tape is None else self._tape.follow(source)

    def whole(self, call: Call, words: Any, created: int, body: bytes, reply: Json | None) -> None:
        self._words, self._stream = words, False
        self._hold(body)
        self._complete = True
        if self._tape is not None:
            self._tape.whole(call, words, created, body, reply)

    def keep(self, data: bytes) -> None:
        self._hold(data)
        if self._tape is not None:
            self._tape.keep(data)

    def _hold(self, data: bytes) -> None:
        size = len(data)
        self._fits = self._fits and self._size + size <= self._limit and self._room.held + size <= self._room.limit
        if self._fits:
            self._pieces.append(data)
            self._size += size
            self._room.held += size

    def end(self, reply: Json | None = None, usage: Usage | None = None) -> None:
        self._complete = True
        if self._tape is not None:
            self._tape.end(reply, usage)

    # ---- afterwards

    def close(self) -> None:
        self._room.held -= self._size
        self._tape = None

    def answer(self) -> tuple[str, bool]:
        """What was said, and whether that is all. Any thread may ask, once."""
        data = b"".join(self._pieces)
        self._pieces = []
        dialect = self._words.theirs
        if self._stream:
            payloads = [load(event) for event in read(dialect.framing, data)]
        else:
            payloads = [load(Event("", data))]
        try:
            said = [dialect.text_in(payload) for payload in payloads if payload is not None]
        except RecursionError:
            return "", False
        return "".join(said), self._fits and self._complete


def read(framing: str, data: bytes) -> list[Event]:
    """Whole events; none of a stream that breaks its framing."""
    reader = FRAMINGS[framing].reader(LARGEST)
    try:
        return reader.feed(data)
    except FrameError:
        return []
