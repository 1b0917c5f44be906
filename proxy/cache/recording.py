"""A provider's answer as it comes: its bytes in the provider's own dialect, piece by piece, with the time of each.

What is kept is what the provider said and not what a caller heard, so that it can be told in any dialect. What the bytes mean
is not known here. Its written form, for a store that other pods read, is checked as a whole before anything of it is believed.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Any

import orjson

from proxy.call import BUCKETS, Call, Json, Source, Usage

FORMAT = b"outrider-recording-2\n"
CHECK = 16
#: Bytes that one takes besides its body, roughly.
BESIDES = 1024
FACTS = (
    "provider",
    "model",
    "asked",
    "kind",
    "dialect",
    "operation",
    "stream",
    "id",
    "created",
    "dropped",
    "translated",
)


class Recording:
    """A Tape, and the Source that the first caller's client follows: both slow down the provider, and others may have a say.

    `begun` and `complete` say how far it is; `fits` whether all of it was kept, `heard` is told of each piece. `slow`: whether
    the first caller reads too slowly; `balanced` is asked to do what is right then, where others listen too.
    provider, model, kind: of the target that answered. asked: the model as it was asked for. id: of the call that it answered. created: seconds since the epoch.
    kept_at, ttl: since when and for how long, in seconds since the epoch, once it is in a cache.
    """

    __slots__ = (
        "_began", "_clock", "_limit", "balanced", "begun", "complete", "cuts", "fits", "heard", "kept_at", "pieces", "reply",
        "size", "slow", "source", "times", "ttl", "usage", *FACTS,
    )  # fmt: skip

    def __init__(self, limit: int, clock: Callable[[], float]) -> None:
        """`limit` in bytes; `clock` in seconds, for the times of pieces."""
        self._limit = limit
        self._clock = clock
        self._began = 0.0
        self.begun = self.complete = False
        self.fits = True
        self.pieces: list[bytes] = []
        self.times = array("f")
        self.cuts: Sequence[int] = ()
        self.size = 0
        self.usage: Usage | None = None
        #: A whole reply as JSON, for a moment, where somebody has read it anyway.
        self.reply: Json | None = None
        self.heard: Callable[[bytes], None] | None = None
        self.source: Source | None = None
        self.slow = False
        self.balanced: Callable[[], None] | None = None
        self.kept_at = self.ttl = 0.0
        self.dropped: Sequence[str] = ()
        self.translated: Sequence[str] = ()

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
        self._began = self._clock()
        self.begun = True

    def keep(self, data: bytes) -> None:
        self.size += len(data)
        if self.fits and self.size > self._limit:
            self.fits = False
            self.pieces = []
        if self.fits:
            self.pieces.append(data)
            self.times.append(self._clock() - self._began)
        if self.heard is not None:
            self.heard(data)

    def end(self, reply: Json | None = None) -> None:
        self.reply = reply
        self.complete = True

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
        return self.size + BESIDES + 8 * len(self.cuts)

    def pack(self) -> None:
        """In one piece, and where it was cut: a stream is kept so."""
        if not self.cuts:
            self.cuts = array("I", [len(piece) for piece in self.pieces])
            self.pieces = [self.body]
        self.heard = self.reply = self.source = self.balanced = None

    def timeline(self) -> list[tuple[float, bytes]]:
        """Seconds since the beginning, and what was heard then."""
        if not self.cuts:
            return list(zip(self.times, self.pieces, strict=True))
        body, start, found = self.body, 0, []
        for at, length in zip(self.times, self.cuts, strict=True):
            found.append((at, body[start : start + length]))
            start += length
        return found

    def age(self, now: float) -> float:
        return max(0.0, now - self.kept_at)


def written(recording: Recording, key: str) -> bytes:
    """For another pod: under which key it is kept, its facts, its body, and a check over all of it."""
    facts: Json = {name: getattr(recording, name) for name in FACTS}
    usage = recording.usage
    facts |= {
        "key": key,
        "kept_at": recording.kept_at,
        "ttl": recording.ttl,
        "times": list(recording.times),
        "cuts": list(recording.cuts),
        "usage": None if usage is None else [getattr(usage, name) for name in BUCKETS],
        "estimated": usage is not None and usage.estimated,
    }
    head = orjson.dumps(facts)
    data = b"%b%d\n%b%b" % (FORMAT, len(head), head, recording.body)
    return blake2b(data, digest_size=CHECK).digest() + data


def read(data: bytes, key: str, clock: Callable[[], float]) -> Recording | None:
    """What `written` wrote under this key; None for anything else."""
    check, rest = data[:CHECK], data[CHECK:]
    if not rest.startswith(FORMAT) or blake2b(rest, digest_size=CHECK).digest() != check:
        return None
    length, _, rest = rest[len(FORMAT) :].partition(b"\n")
    facts = orjson.loads(rest[: int(length)])
    if facts["key"] != key:
        return None
    found = Recording(0, clock)
    for name in FACTS:
        setattr(found, name, facts[name])
    found.kept_at, found.ttl = facts["kept_at"], facts["ttl"]
    found.times, found.cuts = array("f", facts["times"]), array("I", facts["cuts"])
    if facts["usage"] is not None:
        found.usage = Usage(**dict(zip(BUCKETS, facts["usage"], strict=True)), estimated=facts["estimated"])
    body = rest[int(length) :]
    found.pieces, found.size = [body], len(body)
    found.begun = found.complete = True
    return found
