"""What a script is made of, and the HTTP/1.1 messages in it (RFC 9112). Knows no chat, no fault and no socket."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Literal, NamedTuple

import orjson

from proxy.call import Json

#: What follows the last step. `keep`: the next request may come; `hang`: nothing, until the client goes.
End = Literal["keep", "close", "hang"]


class Step(NamedTuple):
    """Wait `pause` seconds, then send `data` in one write."""

    pause: float
    data: bytes


@dataclass(frozen=True, slots=True)
class Script:
    """The steps of one answer. They may be made while they are played, so they are read once."""

    steps: Iterable[Step]
    end: End = "keep"


JSON = "application/json"
SSE = "text/event-stream; charset=utf-8"
LAST_CHUNK = b"0\r\n\r\n"
REASONS: Mapping[int, str] = {status.value: status.phrase for status in HTTPStatus}


def head(status: int, headers: Mapping[str, str]) -> bytes:
    """A response head, with the blank line that ends it."""
    lines = [f"HTTP/1.1 {status} {REASONS.get(status, '')}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def message(status: int, body: bytes, content_type: str = JSON, headers: Mapping[str, str] | None = None) -> bytes:
    """A response whole: its body's length is in the head."""
    described = {"content-type": content_type, "content-length": str(len(body)), **(headers or {})}
    return head(status, described) + body


def json_script(status: int, body: Json, headers: Mapping[str, str] | None = None, end: End = "keep") -> Script:
    """A JSON answer without delay; a `close` is announced in its head."""
    closing = {"connection": "close"} if end == "close" else {}
    return Script([Step(0, message(status, orjson.dumps(body), JSON, {**(headers or {}), **closing}))], end)
