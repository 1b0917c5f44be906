"""Spans as the bytes of an OTLP request, and what a collector answers: the few messages of protobuf that a trace needs.

Sources: opentelemetry/proto/trace/v1/trace.proto, common/v1/common.proto and collector/trace/v1/trace_service.proto of
https://github.com/open-telemetry/opentelemetry-proto, written as https://protobuf.dev/programming-guides/encoding/ has it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from struct import pack
from typing import NamedTuple

Value = str | bool | int | float | tuple[str, ...]
Attributes = Mapping[str, Value]

SERVER, CLIENT = 2, 3
#: SpanFlags of trace.proto: sampled, whether the parent is remote is known, and it is.
FLAGS, REMOTE = 0x01 | 0x100, 0x200
ERROR = 2
NANOSECONDS = 1e9
#: A number that protobuf's int64 holds.
LEAST, MOST = -(1 << 63), (1 << 63) - 1
#: Texts that come again and again are written once.
LONGEST_KEPT = 128
SMALL = 1000
UNIQUE = frozenset({"request.id", "gen_ai.response.id", "gen_ai.input.messages"})


class SpanData(NamedTuple):
    """Identifiers in hex, `parent` "" for none; times in seconds since 1970. `error` is a sentence, None where it ended well."""

    trace_id: str
    id: str
    parent: str
    remote: bool
    state: str
    name: str
    kind: int
    began: float
    ended: float
    attributes: Attributes
    error: str | None = None


def varint(number: int) -> bytes:
    if number < 0x80:
        return bytes((number,))
    written = bytearray()
    while number >= 0x80:
        written.append(number & 0x7F | 0x80)
        number >>= 7
    written.append(number)
    return bytes(written)


#: Lengths and numbers are mostly small.
BYTES = tuple(bytes((number,)) for number in range(0x80))


def field(tag: bytes, data: bytes) -> bytes:
    """A field of a length of its own: text, bytes, or a message."""
    size = len(data)
    return tag + (BYTES[size] if size < 0x80 else varint(size)) + data


def text(value: str) -> bytes:
    return value.encode("utf-8", "replace")


# ---- attributes: KeyValue {key = 1, value = 2}; AnyValue {string = 1, bool = 2, int = 3, double = 4, array = 5}


def any_text(value: str) -> bytes:
    return field(b"\x0a", text(value))


def any_bool(value: bool) -> bytes:
    return b"\x10\x01" if value else b"\x10\x00"


def any_int(value: int) -> bytes:
    """What int64 cannot hold is the nearest that it can."""
    return b"\x18" + varint(min(max(value, LEAST), MOST) & 0xFFFF_FFFF_FFFF_FFFF)


def any_float(value: float) -> bytes:
    return b"\x21" + pack("<d", value)


def any_texts(values: Iterable[str]) -> bytes:
    return field(b"\x2a", b"".join([field(b"\x0a", any_text(value)) for value in values]))


WRITE: Mapping[type, Callable[..., bytes]] = {
    str: any_text,
    bool: any_bool,
    int: any_int,
    float: any_float,
    tuple: any_texts,
}


def key_value(name: str, value: Value) -> bytes:
    return field(b"\x0a", text(name)) + field(b"\x12", WRITE[type(value)](value))


@lru_cache(maxsize=1024, typed=True)
def kept(name: str, value: Value) -> bytes:
    return field(b"\x4a", key_value(name, value))


@lru_cache(maxsize=256)
def key(name: str) -> bytes:
    return field(b"\x0a", text(name))


@lru_cache(maxsize=256)
def before_float(name: str) -> bytes:
    """All of an attribute but its eight bytes."""
    begin = key(name)
    return b"\x4a%b%b\x12\x09\x21" % (varint(len(begin) + 11), begin)


def attribute(name: str, value: Value) -> bytes:
    """Field 9 of a span. Names are few; so are most texts and small numbers, but not those that name one call."""
    kind = type(value)
    if kind is float:
        return before_float(name) + pack("<d", value)
    if kind is int:
        few = 0 <= value <= SMALL  # type: ignore[operator]
    else:
        few = kind is bool or (kind is str and name not in UNIQUE and len(value) <= LONGEST_KEPT)  # type: ignore[arg-type]
    return kept(name, value) if few else field(b"\x4a", key(name) + field(b"\x12", WRITE[kind](value)))


# ---- spans


def render_span(span: SpanData) -> bytes:
    """A span as one of several in a request."""
    began = int(span.began * NANOSECONDS)
    pieces = [
        b"\x0a\x10%b\x12\x08%b" % (bytes.fromhex(span.trace_id), bytes.fromhex(span.id)),
        field(b"\x1a", text(span.state)) if span.state else b"",
        b"\x22\x08%b" % bytes.fromhex(span.parent) if span.parent else b"",
        field(b"\x2a", text(span.name)),
        b"\x30%b\x39%b" % (varint(span.kind), pack("<Q", began)),
        b"\x41" + pack("<Q", max(began, int(span.ended * NANOSECONDS))),
        *[attribute(name, value) for name, value in span.attributes.items()],
        b"\x85\x01" + pack("<I", FLAGS | REMOTE if span.remote else FLAGS),
    ]
    if span.error is not None:
        pieces.append(field(b"\x7a", field(b"\x12", text(span.error)) + b"\x18%b" % varint(ERROR)))
    return field(b"\x12", b"".join(pieces))


def render_resource(attributes: Attributes) -> bytes:
    """Who sends, as the beginning of ResourceSpans."""
    return field(b"\x0a", b"".join([field(b"\x0a", key_value(*pair)) for pair in attributes.items()]))


def render_scope(name: str, version: str) -> bytes:
    """Which instrumentation it was, as the beginning of ScopeSpans."""
    return field(b"\x0a", field(b"\x0a", text(name)) + field(b"\x12", text(version)))


def render_request(resource: bytes, scope: bytes, spans: Iterable[bytes]) -> bytes:
    """ExportTraceServiceRequest, of spans as render_span has them."""
    return field(b"\x0a", resource + field(b"\x12", scope + b"".join(spans)))


# ---- the answer


class Rejected(NamedTuple):
    """ExportTracePartialSuccess: how many spans were not taken, and a sentence about it."""

    spans: int
    message: str


NOTHING = Rejected(0, "")


def parse_response(data: bytes) -> Rejected:
    """Of ExportTraceServiceResponse; NOTHING rejected where it is not to be understood."""
    try:
        inner = dict(fields(data)).get(1, b"")
        found = dict(fields(inner)) if isinstance(inner, bytes) else {}
    except ValueError:
        return NOTHING
    spans, message = found.get(1, 0), found.get(2, b"")
    if not (isinstance(spans, int) and isinstance(message, bytes)):
        return NOTHING
    return Rejected(spans if spans <= MOST else 0, message.decode("utf-8", "replace"))


def fields(data: bytes) -> Iterable[tuple[int, int | bytes]]:
    """The fields of a message by number. ValueError for what is none."""
    at = 0
    while at < len(data):
        tag, at = read_varint(data, at)
        number, kind = tag >> 3, tag & 7
        if kind == 0:
            value, at = read_varint(data, at)
            yield number, value
            continue
        length, at = (FIXED[kind], at) if kind in FIXED else read_varint(data, at)
        if kind not in (1, 2, 5) or at + length > len(data):
            raise ValueError("no message")
        yield number, data[at : at + length]
        at += length


FIXED = {1: 8, 5: 4}


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    """A number and where it ends. ValueError where it does not, or takes more than 10 bytes."""
    number = 0
    for place, byte in enumerate(data[at : at + 10]):
        number |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            return number, at + place + 1
    raise ValueError("no number")
