"""What a good answer is made of, so that it can be broken anywhere: a head, its first half, its second half.

OpenAI's chat, whole and streamed; Anthropic's for whoever stands in. No connection here.
"""

from __future__ import annotations

from typing import NamedTuple

import orjson

from tests.promises.wires import (
    OPENAI_OPENING,
    anthropic_reply,
    anthropic_stream,
    openai_chunk,
    openai_end,
    openai_reply,
)
from tests.promises.wires import openai_word as word
from tests.upstream.raw import LAST, STREAM_HEAD, chunk, head

USAGE = {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}
JSON = "content-type: application/json"
CALLED = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "look", "arguments": '{"where": "ro'}}
OVERLOADED = {"error": {"message": "too much at once", "type": "overloaded_error", "param": None, "code": None}}


class Said(NamedTuple):
    """A good answer as bytes on the wire, in an order to send it in; `body` is what the application gets of it."""

    head: bytes
    opening: bytes
    first: bytes
    rest: bytes
    body: bytes

    @property
    def all(self) -> bytes:
        return self.head + self.opening + self.first + self.rest


def say(text: str, stream: bool) -> Said:
    """In chunks, each event one of its own, or with a content-length; `first` holds the first half of the text."""
    return say_stream(text) if stream else say_whole(text)


def say_whole(text: str) -> Said:
    body = orjson.dumps(openai_reply(text, usage=USAGE))
    half = len(body) // 2
    return Said(head(200, JSON, f"content-length: {len(body)}"), b"", body[:half], body[half:], body)


def say_stream(text: str) -> Said:
    first, second, end = word(text), word(" indeed"), openai_end(USAGE)
    rest = chunk(second) + chunk(end) + LAST
    return Said(STREAM_HEAD, chunk(OPENAI_OPENING), chunk(first), rest, OPENAI_OPENING + first + second + end)


def begun(text: str) -> bytes:
    """What the application has of a stream that stops after `first`."""
    return OPENAI_OPENING + word(text)


def half_a_tool_call() -> bytes:
    return openai_chunk({"tool_calls": [CALLED]})


def stand_in(text: str, stream: bool) -> bytes:
    """The same, as Anthropic has it: a whole answer on the wire."""
    if stream:
        data = anthropic_stream(text)
        return STREAM_HEAD + chunk(data) + LAST
    body = orjson.dumps(anthropic_reply([{"type": "text", "text": text}]))
    return head(200, JSON, f"content-length: {len(body)}") + body
