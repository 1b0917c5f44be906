"""The dialects by name, a model for each, and how the bytes of their streams are framed, read and said anew.

A model is one that takes most of what can be said; a case names another where its subject needs it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import orjson

from proxy.call import Call, Failure, Json
from proxy.dialects import Dialect
from proxy.dialects.by_name import BY_NAME, SEVEN, VARIANTS
from proxy.translate import Plan
from proxy.upstream.body import Translation
from proxy.wire import eventstream
from proxy.wire.events import Event, FrameError
from proxy.wire.framing import FRAMINGS

__all__ = ["CREATED", "DIALECTS", "EVERY", "MODELS"]

#: Dialects with a form of their own; the others of EVERY say the same in another frame, or in part.
MODELS: Mapping[str, str] = {
    "openai": "gpt-4.1",
    "responses": "gpt-5.1",
    "anthropic": "claude-sonnet-4-6",
    "gemini": "gemini-3-pro-preview",
    "bedrock": "anthropic.claude-sonnet-4-6",
    "ollama": "qwen3:8b",
    "cohere": "command-a-03-2025",
}
EVERY: Mapping[str, Dialect] = {name: BY_NAME[name] for name in (*SEVEN, *VARIANTS)}
DIALECTS: Mapping[str, Dialect] = {name: EVERY[name] for name in MODELS}
#: The caller's clock, for dialects that need a time.
CREATED = 1_700_000_000
LARGEST = 16 << 20


# ---- frames around payloads that a case writes by hand


def frame(dialect: str, payload: Any) -> bytes:
    """One event as the provider writes it."""
    return FRAMES[dialect](payload)


def plain(payload: Any) -> bytes:
    return b"data: %b\n\n" % (payload.encode() if isinstance(payload, str) else orjson.dumps(payload))


def crlf(payload: Any) -> bytes:
    return b"data: %b\r\n\r\n" % orjson.dumps(payload)


def named(payload: Any) -> bytes:
    if isinstance(payload, str):
        return plain(payload)
    return b"event: %b\ndata: %b\n\n" % (payload["type"].encode(), orjson.dumps(payload))


def line(payload: Any) -> bytes:
    return orjson.dumps(payload) + b"\n"


def binary(payload: Any) -> bytes:
    ((name, data),) = payload.items()
    return eventstream.render_event(name, orjson.dumps(data))


FRAMES: Mapping[str, Callable[[Any], bytes]] = {
    "openai": plain,
    "responses": named,
    "anthropic": named,
    "gemini": crlf,
    "bedrock": binary,
    "ollama": line,
    "cohere": named,
}


# ---- a stream from bytes to chunks to bytes


class NoClient:
    """Nobody listens: what is said is looked at where it is said."""

    started = True

    def follow(self, source: object) -> None: ...
    def start(self, status: int, headers: object) -> None: ...
    def write(self, data: bytes) -> None: ...
    async def finish(self) -> None: ...


def call_of(request: Json) -> Call:
    return Call("call-1", "openai", "chat", b"", request, "", True, {}, NoClient())


def translation(theirs: Dialect, ours: Dialect, request: Json) -> Translation:
    """What stands between a target's stream and a client, just as a call has it."""
    return Translation(Plan(b"", "", False, ours, theirs, ours, theirs), call_of(request), CREATED)


def events_of(dialect: Dialect, data: bytes) -> list[Event]:
    """Every event of a stream, also a last one that the server did not close where that is usual."""
    framing = FRAMINGS[dialect.framing]
    reader = framing.reader(LARGEST)
    events: list[Event] = [*reader.feed(data)]
    rest = reader.end()
    if framing.last_may_be_open and rest.strip():
        events.append(Event("", rest))
    return events


def parse(dialect: Dialect, data: bytes) -> list[Json]:
    """The unified chunks of a stream that ended well; the Failure of one that did not."""
    parser = dialect.parser()
    try:
        events = events_of(dialect, data)
    except FrameError as error:
        raise Failure("provider_error", f"the provider sent {error}") from None
    chunks = [chunk for event in events for chunk in parser.feed(event)]
    return chunks + parser.end()


def render(dialect: Dialect, chunks: Iterable[Json], request: Json) -> bytes:
    renderer = dialect.renderer(request, CREATED)
    return b"".join([*map(renderer.feed, chunks), renderer.end()])


def shown(dialect: Dialect, data: bytes) -> list[str]:
    """A stream as a person reads it: its lines, or the events of a binary one."""
    if dialect.framing == "eventstream":
        return [f"{event.name}: {event.data.decode()}" for event in events_of(dialect, data)]
    return [text for text in data.decode().split("\n") if text.strip()]


def pieces_of(data: bytes, cuts: Iterable[int]) -> Iterator[bytes]:
    """`data` cut at the given places, which are in order."""
    start = 0
    for cut in cuts:
        yield data[start:cut]
        start = cut
    yield data[start:]


def refusal(failure: Failure) -> Json:
    return {"kind": failure.kind, "param": failure.param, "detail": failure.detail}
