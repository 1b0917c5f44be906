"""OpenAI's streamed chunks, as target and as client.

A chunk is already unified, but for what thoughts.py knows: here it is known when the model speaks, and how a stream ends.
"""

from __future__ import annotations

from typing import Any

import orjson

from proxy.call import Failure, Json, Usage
from proxy.dialects import Event, SayText, Sign, TextLane
from proxy.dialects.chunks import say_between
from proxy.dialects.openai.errors import failure_of, find_words, render_error, text_of
from proxy.dialects.openai.plain_text import OBFUSCATION, PlainText
from proxy.dialects.openai.thoughts import unify_delta
from proxy.dialects.openai.usage import parse_usage

DONE = b"[DONE]"
SPEECH = (
    "content",
    "reasoning_content",
    "reasoning",
    "reasoning_text",
    "reasoning_details",
    "tool_calls",
    "function_call",
    "refusal",
    "audio",
    "thinking_blocks",
)
#: More answers to one question than this nobody gives (OpenAI: `n` is at most 128).
MOST_CHOICES = 128


def read_event(event: Event) -> Sign:
    """Whether the model has spoken. Failure for an error event: some servers name it so, others put `error` in the payload."""
    chunk = None if event.data == DONE else load_chunk(event)
    if chunk is None:
        return "end" if DONE in event.data else "wait"
    choices = chunk.get("choices")
    choices = [choice for choice in choices if isinstance(choice, dict)] if isinstance(choices, list) else []
    if any(choice.get("finish_reason") for choice in choices):
        return "end"
    return "spoken" if any(map(has_spoken, choices)) else "wait"


def has_spoken(choice: Json) -> bool:
    """In a chat or, by `text`, in a legacy completion."""
    if choice.get("text"):
        return True
    delta = choice.get("delta") or choice.get("message")
    return isinstance(delta, dict) and any(delta.get(name) for name in SPEECH)


def load_chunk(event: Event) -> Json | None:
    """None for an event that holds nothing but white space, or `[DONE]` with some around it."""
    try:
        chunk: Any = orjson.loads(event.data)
    except orjson.JSONDecodeError:
        if event.data.strip() in (b"", DONE):
            return None
        if event.name == "error":
            raise failure_of({"message": text_of(event.data.decode("utf-8", "replace"))}, 200) from None
        raise broken("that is not JSON") from None
    if event.name == "error":
        raise failure_of(find_words(chunk), 200)
    if not isinstance(chunk, dict):
        raise broken("that is no object")
    if chunk.get("error"):
        raise failure_of(find_words(chunk), 200)
    return chunk


def broken(complaint: str) -> Failure:
    return Failure("provider_error", f"the provider sent a stream event {complaint}", provider_status=200)


class ChunkParser:
    """Chunks as they come. The stream has ended well after `[DONE]`, or where a server does not send it, when every choice
    that was begun has its finish reason.

    `usage` is the largest report: each is of the whole answer so far, and some servers send one with every chunk.
    """

    __slots__ = ("_begun", "_done", "_finished", "_plain", "usage")

    def __init__(self) -> None:
        self.usage: Usage | None = None
        self._done = False
        self._begun = {0}
        self._finished: set[int] = set()
        self._plain = PlainText()

    @property
    def text_lane(self) -> TextLane:
        return TextLane(self._plain.match, self._plain.chunk)

    def feed(self, event: Event) -> list[Json]:
        chunk = None if event.data == DONE else load_chunk(event)
        if chunk is None:
            self._done = self._done or DONE in event.data
            return []
        usage = parse_usage(chunk) if chunk.get("usage") or chunk.get("x_groq") else None
        if usage is not None and (self.usage is None or usage.total >= self.usage.total):
            self.usage = usage
        choices = chunk.get("choices")
        if type(choices) is not list:
            return self._feed_without_choices(chunk, usage)
        for choice in choices:
            if type(choice) is not dict:
                raise broken("with a choice that is no object")
            if choice.get("finish_reason"):
                self._finished.add(index_of(choice))
            elif choice.get("index"):
                self._begun.add(index_of(choice))
            delta = choice.get("delta")
            if type(delta) is dict and (len(delta) > 1 or type(delta.get("content")) is not str):
                choice["delta"] = unify_delta(delta)
        if not event.data.startswith(self._plain.known):
            self._plain.learn(event.data, chunk)
        return [chunk]

    def end(self) -> list[Json]:
        if not self._done and not self._begun <= self._finished:
            raise Failure("provider_stream_cut", "the provider's stream ended before the model had finished")
        return []

    def _feed_without_choices(self, chunk: Json, usage: Usage | None) -> list[Json]:
        if usage is not None:
            return [{**chunk, "choices": []}]
        if chunk.get("message") or chunk.get("detail") or chunk.get("errors"):
            raise failure_of(find_words(chunk), 200)
        raise broken("without choices")


def index_of(choice: Json) -> int:
    index = choice.get("index")
    return index if type(index) is int and 0 < index < MOST_CHOICES else 0


class ChunkRenderer:
    """Unified chunks to OpenAI's events. `created` is the caller's clock, in whole seconds, where the chunk has none.

    The chunk that carries only usage is the client's if it asked for it (`stream_options.include_usage`).
    """

    __slots__ = ("_created", "_wants_usage")

    def __init__(self, request: Json, created: int = 0) -> None:
        options = request.get("stream_options")
        self._wants_usage = isinstance(options, dict) and options.get("include_usage") is True
        self._created = created

    def feed(self, chunk: Json) -> bytes:
        if not chunk["choices"] and chunk.get("usage") and not self._wants_usage:
            return b""
        if not chunk.get("created"):
            chunk["created"] = self._created
        try:
            return b"data: %b\n\n" % orjson.dumps(chunk)
        except orjson.JSONEncodeError:
            raise broken("that is nested too deeply") from None

    def text_lane(self, chunk: Json) -> SayText | None:
        """None where chunks are padded: each has its own padding, which hides how long the text is."""
        return None if OBFUSCATION in chunk else say_between(self.feed(chunk))

    def end(self) -> bytes:
        return b"data: [DONE]\n\n"


def render_error_event(failure: Failure) -> bytes:
    """An error payload as OpenAI's SDKs know it: they raise APIError on a top-level `error`."""
    return b"data: %b\n\n" % orjson.dumps(render_error(failure))
