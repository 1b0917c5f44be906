"""What there is to know of a dialect on the wire, as its callers and its providers write it, and how frames are read and written.

Nothing here is the sidecar's: what is said is put together from the providers' documentation, and what is heard is read by
code of the tests' own.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import quote

import orjson

Json = dict[str, Any]
#: The words of every error that a provider says in these tests.
BROKEN = "the model broke"


class Said(NamedTuple):
    """A stream in its events, one for each word of text between what comes before and what comes after."""

    opening: list[bytes]
    words: list[bytes]
    ending: list[bytes]

    @property
    def events(self) -> list[bytes]:
        return [*self.opening, *self.words, *self.ending]

    @property
    def data(self) -> bytes:
        return b"".join(self.events)


class Heard(NamedTuple):
    """A stream as an application reads it: its text, whether the model is said to have finished, and the words of its errors."""

    text: str = ""
    finished: bool = False
    errors: tuple[str, ...] = ()


class Error(NamedTuple):
    """An event by which a provider fails, and the status of the answer when nothing else has been said."""

    event: bytes
    status: int
    kind: str


@dataclass(frozen=True)
class Wire:
    """One dialect.

    kind, base: the kind of provider that speaks it, and what its base_url has behind the address.
    path:       where it is asked, `{model}` where the path names the model; `stream_path` where a stream has another.
    request:    the body of a question, but for what the model and the stream need.
    reply:      a whole answer that says the text.
    stream:     the words -> the stream, which reports USAGE as its dialect does.
    buckets:    what the counts of the stream and the reply are to be taken for.
    hear:       the bytes of a stream -> what they say.
    words_of:   the body of an error answer -> the provider's words.
    errors:     events by which a generation fails.
    """

    name: str
    kind: str
    path: str
    content_type: str
    request: Callable[[str], Json]
    reply: Callable[[str], Json]
    stream: Callable[[Sequence[str]], Said]
    buckets: Mapping[str, int]
    hear: Callable[[bytes], Heard]
    words_of: Callable[[Json], str]
    text_of: Callable[[Json], str]
    errors: Mapping[str, Error]
    base: str = ""
    stream_path: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def model_in_path(self) -> bool:
        return "{model}" in self.path

    def path_to(self, model: str, stream: bool = False) -> str:
        path = (stream and self.stream_path) or self.path
        return path.replace("{model}", quote(model, safe=""))

    def ask(self, model: str, stream: bool = False, text: str = "hello", **more: Any) -> Json:
        """The body of a request; what the path says is not in it."""
        said = {} if self.model_in_path else {"model": model, "stream": stream}
        return {**said, **self.request(text), **more}


# ---- server-sent events


def sse(payload: Any, name: str = "", newline: str = "\n") -> bytes:
    head = f"event: {name}{newline}" if name else ""
    return f"{head}data: ".encode() + orjson.dumps(payload) + newline.encode() * 2


def sse_payloads(data: bytes) -> list[bytes]:
    """The data of every whole event."""
    blocks = data.replace(b"\r\n", b"\n").split(b"\n\n")[:-1]
    return [line[6:] for block in blocks for line in block.split(b"\n") if line.startswith(b"data: ")]


def objects(payloads: Sequence[bytes]) -> list[Json]:
    return [orjson.loads(payload) for payload in payloads if payload.startswith(b"{")]


# ---- lines


def line(payload: Any) -> bytes:
    return orjson.dumps(payload) + b"\n"


def lines(data: bytes) -> list[Json]:
    return objects(data.split(b"\n")[:-1])


# ---- the elements of an array


def elements(data: bytes) -> list[Json]:
    """The whole elements of an array of which the end may be missing. ValueError for what stands where none can be."""
    text, mark, decoder = data.decode().lstrip(), "[", json.JSONDecoder()
    found: list[Json] = []
    while text.startswith(mark):
        text = text[1:].lstrip()
        try:
            element, end = decoder.raw_decode(text)
        except ValueError:
            return found
        found.append(element)
        text, mark = text[end:].lstrip(), ","
    if text.rstrip() not in ("", "]"):
        raise ValueError(f"{text[:40]!r} in an array")
    return found


# ---- AWS's frames, https://smithy.io/2.0/aws/amazon-eventstream.html


def frame(payload: Any, kind: str, message: str = "event") -> bytes:
    """One event of a type, or one exception."""
    body = payload if isinstance(payload, bytes) else orjson.dumps(payload)
    named = {f":{message}-type": kind, ":content-type": "application/json", ":message-type": message}
    headers = b"".join(
        struct.pack(">B", len(name)) + name.encode() + struct.pack(">BH", 7, len(value)) + value.encode()
        for name, value in named.items()
    )
    prelude = struct.pack(">II", 16 + len(headers) + len(body), len(headers))
    whole = prelude + struct.pack(">I", zlib.crc32(prelude)) + headers + body
    return whole + struct.pack(">I", zlib.crc32(whole))
