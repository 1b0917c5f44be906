"""A provider's answer as it comes: its bytes in the provider's own dialect, piece by piece, with the time of each.

What is kept is what the provider said and not what a caller heard, so that it can be told in any dialect. What the bytes mean
is not known here. Its written form, for a store that other pods read, is checked as a whole before anything of it is believed.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from typing import Any

import orjson

from proxy.call import BUCKETS, Call, Json, Source, Usage

FORMAT = b"outrider-recording-2\n"
CHECK = 16
#: Bytes that one takes besides its body, roughly.
BESIDES = 1024
#: What is told of a recording, and as what.
FACTS: Mapping[str, type] = {
    **dict.fromkeys(("provider", "model", "asked", "kind", "dialect", "operation", "id"), str),
    "stream": bool,
    "created": int,
    **dict.fromkeys(("dropped", "translated"), list),
}


#: The times of what is no stream.
NONE = array("f")


class Recording:
    """A Tape, and the Source that the first caller's client follows: both slow down the provider, and others may have a say.

    `begun` and `complete` say how far it is; `fits` whether all of it was kept. `heard` is told of each piece, `landed` of the
    end: the first caller may take long to read the rest. `slow`: whether it reads too slowly; `balanced` is asked to do what is
    right then, where others listen too. `source` is there as long as anything comes from it.
    provider, model, kind: of the target that answered. asked: the model as it was asked for. id: of the call that it answered.
    created: seconds since the epoch.
    kept_at, ttl: since when and for how long, in seconds since the epoch, once it is in a cache.
    """

    provider: str
    model: str
    kind: str
    dialect: str
    operation: str
    asked: str
    stream: bool
    id: str
    created: int
    # What each begins with is the class's: most are whole replies, of which these stay as they are.
    begun = complete = slow = False
    fits = True
    size = 0
    _began = kept_at = ttl = 0.0
    times = NONE
    cuts: Sequence[int] = ()
    dropped: Sequence[str] = ()
    translated: Sequence[str] = ()
    usage: Usage | None = None
    #: A whole reply as JSON, for a moment, where somebody has read it anyway.
    reply: Json | None = None
    heard: Callable[[bytes], None] | None = None
    landed: Callable[[], None] | None = None
    source: Source | None = None
    balanced: Callable[[], None] | None = None

    def __init__(self, limit: int, clock: Callable[[], float]) -> None:
        """`limit` in bytes; `clock` in seconds, for the times of pieces."""
        self._limit = limit
        self._clock = clock
        self.pieces: list[bytes] = []

    # ---- a Tape

    def begin(self, call: Call, words: Any, created: int) -> None:
        """From here on the client has heard of the answer."""
        assert call.target is not None
        self.provider, self.model = call.target.name, call.target.model
        self.asked = call.model
        self.kind, self.dialect = call.target.endpoint.kind, words.theirs.name
        self.operation, self.stream = call.operation, call.stream
        self.id, self.created = call.id, created
        self.dropped, self.translated = words.dropped, words.translated
        if call.stream:
            self._began = self._clock()
            self.times = array("f")
        self.begun = True

    def whole(self, call: Call, words: Any, created: int, body: bytes, reply: Json | None) -> None:
        """`begin`, `keep` and `end` of what is no stream."""
        target = call.target
        assert target is not None
        self.provider, self.model, self.kind = target.name, target.model, target.endpoint.kind
        self.asked, self.operation, self.stream, self.id = call.model, call.operation, False, call.id
        self.dialect, self.created = words.theirs.name, created
        self.dropped, self.translated = words.dropped, words.translated
        self.size = len(body)
        self.fits = self.size <= self._limit
        if self.fits:
            self.pieces.append(body)
        self.begun = True
        self.end(reply, call.usage)

    def keep(self, data: bytes) -> None:
        size = self.size = self.size + len(data)
        if size > self._limit:
            self.fits = False
            self.pieces = []
        if self.fits:
            self.pieces.append(data)
            if self.stream:
                self.times.append(self._clock() - self._began)
        if self.heard is not None:
            self.heard(data)

    def end(self, reply: Json | None = None, usage: Usage | None = None) -> None:
        self.reply, self.usage = reply, usage
        self.complete = True
        # From here on the connection may be somebody else's.
        self.source = None
        if self.landed is not None:
            self.landed()

    # ---- a Source

    def follow(self, source: Source) -> Source:
        """What the first caller's client follows in place of `source`."""
        self.source = source
        return self

    def pause(self) -> None:
        self.slow = True
        self.balance()

    def resume(self) -> None:
        self.slow = False
        self.balance()

    def balance(self) -> None:
        if self.balanced is not None:
            self.balanced()
        elif self.source is not None:
            self.source.pause() if self.slow else self.source.resume()

    # ---- what is kept

    @property
    def body(self) -> bytes:
        return self.pieces[0] if len(self.pieces) == 1 else b"".join(self.pieces)

    @property
    def weight(self) -> int:
        """Bytes of memory, roughly."""
        return self.size + BESIDES + 8 * len(self.cuts or self.pieces)

    def pack(self) -> None:
        """In one piece, and where it was cut: a stream is kept so."""
        if self.stream and not self.cuts:
            self.cuts = array("I", [len(piece) for piece in self.pieces])
            self.pieces = [self.body]
        self.heard = self.landed = self.reply = self.source = self.balanced = None

    def timeline(self) -> list[tuple[float, bytes]]:
        """Seconds since the beginning, and what was heard then."""
        if not self.cuts:
            return list(zip(self.times or (0.0,), self.pieces, strict=True))
        body, start, found = self.body, 0, []
        for at, length in zip(self.times, self.cuts, strict=True):
            found.append((at, body[start : start + length]))
            start += length
        return found

    def age(self, now: float) -> float:
        return max(0.0, now - self.kept_at)


def written(recording: Recording, key: str) -> bytes:
    """For another pod: under which key it is kept, its facts, its body, and a check over all of it."""
    recording.pack()
    facts: Json = {name: kind(getattr(recording, name)) for name, kind in FACTS.items()}
    usage = recording.usage
    facts |= {
        "key": key,
        "kept_at": recording.kept_at,
        "ttl": recording.ttl,
        "times": list(recording.times or (0.0,)),
        "cuts": list(recording.cuts or (recording.size,)),
        "usage": None if usage is None else [getattr(usage, name) for name in BUCKETS],
        "estimated": usage is not None and usage.estimated,
    }
    head = orjson.dumps(facts)
    data = b"%b%d\n%b%b" % (FORMAT, len(head), head, recording.body)
    return blake2b(data, digest_size=CHECK).digest() + data


def read(data: bytes, key: str, clock: Callable[[], float]) -> Recording | None:
    """What `written` wrote under this key; None for anything else, or a ValueError, KeyError, TypeError or OverflowError."""
    check, rest = data[:CHECK], data[CHECK:]
    if not rest.startswith(FORMAT) or blake2b(rest, digest_size=CHECK).digest() != check:
        return None
    length, _, rest = rest[len(FORMAT) :].partition(b"\n")
    facts = orjson.loads(rest[: int(length)])
    if facts["key"] != key:
        return None
    found = Recording(0, clock)
    for name, kind in FACTS.items():
        if type(facts[name]) is not kind:
            return None
        setattr(found, name, facts[name])
    found.kept_at, found.ttl = float(facts["kept_at"]), float(facts["ttl"])
    found.times, found.cuts = array("f", facts["times"]), array("I", facts["cuts"])
    if facts["usage"] is not None:
        found.usage = Usage(**dict(zip(BUCKETS, facts["usage"], strict=True)), estimated=facts["estimated"])
    body = rest[int(length) :]
    found.pieces, found.size = [body], len(body)
    found.begun = found.complete = True
    return found if sum(found.cuts) == len(body) and len(found.times) == len(found.cuts) else None
