"""AWS event streams, application/vnd.amazon.eventstream: binary frames with headers and two checksums, incrementally.

A frame is: total length, length of the headers, CRC of these two, headers, payload, CRC of all that (lengths and CRCs are
big-endian 32-bit; CRC32 as of gzip). A header is a name, one of ten types, a value. This file refuses to know what a payload
means. Source: https://docs.aws.amazon.com/lexv2/latest/dg/event-stream-encoding.html and
https://smithy.io/2.0/aws/amazon-eventstream.html (`:message-type`, `:event-type`, `:exception-type`, `:error-code`).
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from typing import cast
from zlib import crc32

from proxy.wire.events import Event, FrameError, TooLong

Header = bool | int | bytes | str

#: What the class does when it is called, without the call of Python that it makes.
new_event = cast(Callable[[tuple[str, bytes]], Event], partial(tuple.__new__, Event))

PRELUDE = struct.Struct(">III")
CHECKSUM = struct.Struct(">I")
OVERHEAD = PRELUDE.size + CHECKSUM.size
LIMIT = 16 << 20
LONGEST_HEADERS = 128 << 10
#: Headers up to this length are read once: streams repeat a handful of them.
REMEMBERED = 256

TRUE, FALSE, BYTES, STRING, UUID = 0, 1, 6, 7, 9
#: byte, short, integer, long, timestamp (milliseconds since the epoch)
NUMBERS = {kind: struct.Struct(form) for kind, form in ((2, ">b"), (3, ">h"), (4, ">i"), (5, ">q"), (8, ">q"))}

#: Bytes that may be a prelude: a length of no more than LIMIT, headers of no more than LONGEST_HEADERS.
CANDIDATE = re.compile(rb"(?=[\x00\x01].{3}\x00[\x00-\x02])", re.DOTALL)

EXCEPTION, ERROR = "exception/", "error/"


class Reader:
    """`feed` bytes in any pieces, get the events they complete. `end` returns what was begun and never finished.

    Raises FrameError for a wrong checksum, length or header, TooLong for a frame of more than `limit` bytes. Events that stand
    before a bad frame in the same piece are given first: the next `feed` raises. `pending` is what was begun so far.
    """

    __slots__ = ("_limit", "_needed", "pending")

    def __init__(self, limit: int = LIMIT) -> None:
        self.pending = bytearray()
        self._limit = limit
        self._needed = 0

    def feed(self, data: bytes) -> list[Event]:
        if self.pending:
            self.pending += data
            if len(self.pending) < self._needed:
                return []
            data = bytes(self.pending)
            self.pending.clear()
        events: list[Event] = []
        start, size, needed = 0, len(data), PRELUDE.size
        try:
            while size - start >= PRELUDE.size:
                needed = self._length(data, start)
                if needed > size - start:
                    break
                events.append(read_frame(data, start, needed))
                start += needed
                needed = PRELUDE.size
        except FrameError:
            self._keep(data, start, 0)
            if not events:
                raise
            return events
        self._keep(data, start, needed)
        return events

    def end(self) -> bytes:
        """What is left is no frame: it tells that the stream was cut."""
        rest = bytes(self.pending)
        self.pending.clear()
        return rest

    def _keep(self, data: bytes, start: int, needed: int) -> None:
        if start < len(data):
            self.pending += data[start:]
        self._needed = needed

    def _length(self, data: bytes, start: int) -> int:
        total, headers, checksum = PRELUDE.unpack_from(data, start)
        if crc32(data[start : start + 8]) != checksum:
            raise FrameError("a frame whose prelude has a wrong checksum")
        if headers > LONGEST_HEADERS or headers + OVERHEAD > total:
            raise FrameError("a frame whose lengths contradict each other")
        if total > self._limit:
            raise TooLong(f"an event of more than {self._limit} bytes")
        return int(total)


def read_frame(data: bytes, start: int, length: int) -> Event:
    """The event of one whole frame, whose prelude has been seen to be good."""
    end = start + length - CHECKSUM.size
    prelude = start + PRELUDE.size
    if crc32(memoryview(data)[start:end]) != CHECKSUM.unpack_from(data, end)[0]:
        raise FrameError("a frame with a wrong checksum")
    payload = prelude + PRELUDE.unpack_from(data, start)[1]
    block = data[prelude:payload]
    name, message = (name_of if len(block) <= REMEMBERED else name_of.__wrapped__)(block)
    return new_event((name, data[payload:end] if message is None else message))


def only_payload(piece: bytes, headers: bytes) -> bytes | None:
    """The payload of a piece that is one whole frame with these headers, and no more; else None, and `feed` has to read it."""
    start = PRELUDE.size + len(headers)
    if piece[PRELUDE.size : start] != headers:
        return None
    total, length, checksum = PRELUDE.unpack_from(piece)
    if total != len(piece) or length != len(headers) or crc32(piece[:8]) != checksum:
        return None
    data, signed = piece[: -CHECKSUM.size], piece[-CHECKSUM.size :]
    return data[start:] if CHECKSUM.pack(crc32(data)) == signed else None


@lru_cache(maxsize=256)
def name_of(block: bytes) -> tuple[str, bytes | None]:
    """An event's name by its headers, and its payload where the headers are all there is."""
    headers = read_headers(block)
    kind = headers.get(":message-type")
    if kind == "exception":
        return EXCEPTION + words_of(headers, ":exception-type"), None
    if kind == "error":
        words = {"message": words_of(headers, ":error-message")}
        return ERROR + words_of(headers, ":error-code"), json.dumps(words).encode()
    return words_of(headers, ":event-type"), None


def words_of(headers: Mapping[str, Header], name: str) -> str:
    value = headers.get(name)
    return value if isinstance(value, str) else ""


def read_headers(block: bytes) -> Mapping[str, Header]:
    """Every header by its name. A uuid is its 16 bytes."""
    headers: dict[str, Header] = {}
    at = 0
    try:
        while at < len(block):
            name, at = take(block, at + 1, block[at])
            value, at = read_value(block, at + 1, block[at])
            if (known := name.decode()) in headers:
                raise FrameError("a frame with the same header twice")
            headers[known] = value
    except (IndexError, struct.error, UnicodeDecodeError):
        raise FrameError("a frame whose headers cannot be read") from None
    return headers


def read_value(block: bytes, at: int, kind: int) -> tuple[Header, int]:
    if kind in (TRUE, FALSE):
        return kind == TRUE, at
    if kind in NUMBERS:
        form = NUMBERS[kind]
        return cast(int, form.unpack_from(block, at)[0]), at + form.size
    if kind in (BYTES, STRING):
        raw, at = take(block, at + 2, int.from_bytes(take(block, at, 2)[0], "big"))
        return raw.decode() if kind == STRING else raw, at
    if kind == UUID:
        return take(block, at, 16)
    raise FrameError(f"a frame with a header of the unknown type {kind}")


def take(block: bytes, at: int, length: int) -> tuple[bytes, int]:
    """`length` bytes, and where they end."""
    if at + length > len(block):
        raise FrameError("a frame whose headers are cut short")
    return block[at : at + length], at + length


def render_event(name: str, data: bytes) -> bytes:
    """One frame with a JSON payload; a name that begins with `exception/` makes it an exception."""
    head, checksum = head_of(name, len(data))
    return head + data + CHECKSUM.pack(crc32(data, checksum))


@lru_cache(maxsize=1024)
def head_of(name: str, size: int) -> tuple[bytes, int]:
    """All of a frame that stands before `size` bytes of payload, and its checksum. Pieces of text are of few lengths."""
    headers = headers_of(name)
    lengths = struct.pack(">II", len(headers) + size + OVERHEAD, len(headers))
    head = lengths + CHECKSUM.pack(crc32(lengths)) + headers
    return head, crc32(head)


@lru_cache(maxsize=64)
def headers_of(name: str) -> bytes:
    kind = "exception" if name.startswith(EXCEPTION) else "event"
    told = {f":{kind}-type": name.removeprefix(EXCEPTION), ":content-type": "application/json", ":message-type": kind}
    return b"".join(
        struct.pack(f">B{len(header)}sBH", len(header), header.encode(), STRING, len(value.encode())) + value.encode()
        for header, value in told.items()
    )


def find_frame(data: bytes, start: int = 0) -> int:
    """Where the first valid prelude stands, at `start` or later; -1 when there is none."""
    for match in CANDIDATE.finditer(data, start):
        at = match.start()
        if at + PRELUDE.size > len(data):
            break
        total, headers, checksum = PRELUDE.unpack_from(data, at)
        if headers + OVERHEAD <= total <= LIMIT and crc32(data[at : at + 8]) == checksum:
            return at
    return -1
