"""The ways in which providers frame a stream, behind one face: what a relay has to know to read only an answer's end.

A meter keeps the last few thousand bytes of a stream. Here it is told where in them an event begins, and whether they stop in the
middle of one. What the events mean is a dialect's affair.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

from proxy.wire import eventstream, json_array, ndjson, sse
from proxy.wire.events import Event, FrameError


class FrameReader(Protocol):
    """Bytes in, whole events out; `end` returns what was begun. FrameError for what is no frame, TooLong past the limit."""

    @property
    def pending(self) -> bytearray: ...
    def feed(self, data: bytes) -> list[Event]: ...
    def end(self) -> bytes: ...


class Framing(NamedTuple):
    """`content_type` is how the stream is announced, and asked for.

    reader:     (largest event in bytes) -> a reader.
    cut:        (bytes, a place in them) -> the bytes from the last event that begins before the place; None when none does. The
                bytes begin with an event.
    resume:     bytes that begin anywhere -> the same from the first event that begins in them; None when none does.
    midway:     bytes -> whether they stop inside an event, so that nothing can be added.
    gap:        what goes before an event of ours, so that it is read as one.
    mark:       what usually stands between two events: where it is found, `cut` need not be asked.
    last_may_be_open: some servers leave out what ends the last event.
    """

    content_type: str
    reader: Callable[[int], FrameReader]
    cut: Callable[[bytes, int], bytes | None]
    resume: Callable[[bytes], bytes | None]
    midway: Callable[[bytes], bool]
    gap: bytes = b""
    mark: bytes = b""
    last_may_be_open: bool = False


# ---- server-sent events


def cut_blocks(data: bytes, upto: int) -> bytes | None:
    blank = max(data.rfind(b"\n\n", 0, upto), data.rfind(b"\n\r\n", 0, upto))
    return data[blank:].lstrip(b"\r\n") if blank >= 0 else None


def resume_block(data: bytes) -> bytes | None:
    _, blank, rest = data.replace(b"\r\n", b"\n").partition(b"\n\n")
    return rest if blank else None


def in_block(data: bytes) -> bool:
    """A comment or the name of an event may be completed by a blank line without harm; data may not."""
    lines = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return sse.read_block(lines.rpartition(b"\n\n")[2]) is not None


# ---- lines of JSON


def cut_lines(data: bytes, upto: int) -> bytes | None:
    newline = data.rfind(b"\n", 0, upto)
    return data[newline + 1 :] if newline >= 0 else None


def resume_line(data: bytes) -> bytes | None:
    _, newline, rest = data.partition(b"\n")
    return rest if newline else None


def in_line(data: bytes) -> bool:
    return bool(data.rpartition(b"\n")[2].strip())


# ---- binary frames


def cut_frames(data: bytes, upto: int) -> bytes | None:
    """Frames tell their length, so they are walked."""
    start = following = eventstream.find_frame(data)
    while 0 <= following < upto and following + 4 <= len(data):
        start = following
        following += max(struct.unpack_from(">I", data, start)[0], 16)
    return data[start:] if start >= 0 else None


def resume_frame(data: bytes) -> bytes | None:
    start = eventstream.find_frame(data)
    return data[start:] if start >= 0 else None


def in_frame(data: bytes) -> bool:
    return is_inside(eventstream.Reader(), data)


# ---- the elements of one JSON array


def cut_elements(data: bytes, upto: int) -> bytes | None:
    """Raw line feeds cannot stand in a JSON string: a line that begins with a comma is between two elements."""
    comma = data.rfind(b"\n,", 0, upto)
    return b"[" + data[comma + 2 :] if comma >= 0 else None


def resume_element(data: bytes) -> bytes | None:
    """Where no line divides the elements nothing can be said but whether the last one came whole."""
    _, comma, rest = data.partition(b"\n,")
    if comma:
        return b"[" + rest
    return b"" if LAST_ELEMENT.search(data) is not None else None


LAST_ELEMENT = re.compile(rb"\}\s*\]\s*\Z")


def in_element(data: bytes) -> bool:
    """Behind a comma, or the array's end, another comma and an element can stand no more than inside one."""
    return is_inside(json_array.Reader(), data) or data.rstrip().endswith((b"[", b",", b"]"))


def is_inside(reader: FrameReader, data: bytes) -> bool:
    try:
        reader.feed(data)
    except FrameError:
        return True
    return bool(bytes(reader.pending).strip())


FRAMINGS: Mapping[str, Framing] = {
    "sse": Framing("text/event-stream", sse.Reader, cut_blocks, resume_block, in_block, b"\n\n", b"\n\n"),
    "ndjson": Framing(
        "application/x-ndjson", ndjson.Reader, cut_lines, resume_line, in_line, mark=b"\n", last_may_be_open=True
    ),
    "eventstream": Framing(
        "application/vnd.amazon.eventstream", eventstream.Reader, cut_frames, resume_frame, in_frame
    ),
    "json_array": Framing("application/json", json_array.Reader, cut_elements, resume_element, in_element),
}
