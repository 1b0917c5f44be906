"""How an answer is laid out on the socket: HTTP around it, and the framings of streams, written here a second time on purpose.

What the proxy is measured with must not be made by the proxy. A stream is an opening in which the model has spoken, any number
of events that each carry a stamp of 16 digits in their text, and the wire's own proper ending.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from typing import Any, NamedTuple
from zlib import crc32

#: Stands for the stamp in an event that is being prepared.
PLACEHOLDER = b"0" * 16
SSE = "text/event-stream; charset=utf-8"
NDJSON = "application/x-ndjson"
FRAMES = "application/vnd.amazon.eventstream"
#: Bytes of a frame that are neither headers nor payload, and those of them that come last.
OVERHEAD, CHECKSUM = 16, 4


class Wire(NamedTuple):
    """One provider's answers as they go on the socket. `say` makes an event of a stamp."""

    reply: bytes
    opening: bytes
    say: Callable[[int], bytes]
    ending: bytes


def dump(value: Any, colon: str = ":") -> bytes:
    return json.dumps(value, separators=(",", colon), ensure_ascii=False).encode()


def answer(body: bytes) -> bytes:
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-request-id: req_bench\r\ncontent-length: %d\r\n\r\n"
    return head % len(body) + body


def wire(reply: bytes, opening: list[bytes], event: bytes, ending: list[bytes], kind: str = SSE) -> Wire:
    """`event` holds the placeholder."""
    head = (
        f"HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncache-control: no-cache\r\n"
        "x-request-id: req_bench\r\ntransfer-encoding: chunked\r\n\r\n"
    ).encode()
    closing = _chunk(b"".join(ending)) + b"0\r\n\r\n"
    say = _stamped_frame(event) if kind == FRAMES else _stamped(event)
    return Wire(answer(reply), head + _chunk(b"".join(opening)), say, closing)


def sse(payload: bytes, name: str = "", gap: bytes = b"\n") -> bytes:
    return b"%bdata: %b%b%b" % (f"event: {name}\n".encode() if name else b"", payload, gap, gap)


def frame(name: str, payload: bytes) -> bytes:
    """A frame of an AWS event stream. Source: https://docs.aws.amazon.com/lexv2/latest/dg/event-stream-encoding.html."""
    told = {":event-type": name, ":content-type": "application/json", ":message-type": "event"}
    headers = b"".join(
        b"%c%b\x07%b%b" % (len(key), key.encode(), struct.pack(">H", len(value)), value.encode())
        for key, value in told.items()
    )
    lengths = struct.pack(">II", OVERHEAD + len(headers) + len(payload), len(headers))
    return _signed(lengths + struct.pack(">I", crc32(lengths)) + headers + payload)


def ends_with_frame(data: bytes, name: str) -> bool:
    """Whether the last thing in `data` is one whole frame of that name, with the right checksum."""
    start = data.rfind(b":event-type\x07%b%b" % (struct.pack(">H", len(name)), name.encode())) - 13
    return start >= 0 and data[start:] == _signed(data[start:-CHECKSUM])


def _signed(unsigned: bytes) -> bytes:
    return unsigned + struct.pack(">I", crc32(unsigned))


def _chunk(payload: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(payload), payload)


def _stamped(event: bytes) -> Callable[[int], bytes]:
    before, after = _chunk(event).split(PLACEHOLDER)
    return lambda stamp: b"%b%016d%b" % (before, stamp, after)


def _stamped_frame(event: bytes) -> Callable[[int], bytes]:
    before, after = event[:-CHECKSUM].split(PLACEHOLDER)
    return lambda stamp: _chunk(_signed(b"%b%016d%b" % (before, stamp, after)))
