"""OpenAI's streamed chunks, as target and as client. A chunk is already unified: what is known here is when it begins and ends."""

from __future__ import annotations

from typing import Any

import orjson

from proxy.call import Failure, Json, Usage
from proxy.dialects import Event, Sign
from proxy.dialects.openai.reply import failure_of, parse_usage, render_error

DONE = b"[DONE]"
SPEECH = ("content", "reasoning_content", "reasoning", "tool_calls", "function_call", "refusal", "audio", "thinking_blocks")


def read_event(event: Event) -> Sign:
    """Whether the model has spoken. Failure for an error event: some servers name it so, others put `error` in the payload."""
    if event.data == DONE:
        return "end"
    choices = load_chunk(event).get("choices")
    choices = [choice for choice in choices if isinstance(choice, dict)] if isinstance(choices, list) else []
    if any(choice.get("finish_reason") for choice in choices):
        return "end"
    return "spoken" if any(map(has_spoken, choices)) else "wait"


def has_spoken(choice: Json) -> bool:
    delta = choice.get("delta") or choice.get("message")
    return isinstance(delta, dict) and any(delta.get(name) for name in SPEECH)


def load_chunk(event: Event) -> Json:
    try:
        chunk: Any = orjson.loads(event.data)
    except orjson.JSONDecodeError:
        raise Failure("provider_error", "the provider sent a stream event that is not JSON", provider_status=200) from None
    if not isinstance(chunk, dict):
        raise Failure("provider_error", "the provider sent a stream event that is no object", provider_status=200)
    if chunk.get("error") or event.name == "error":
        raise failure_of(chunk.get("error") or chunk, 200)
    return chunk


class ChunkParser:
    """Chunks as they come. The stream has ended well after `[DONE]`, or where a server does not send it, a finish reason."""

    __slots__ = ("_ended", "usage")

    def __init__(self) -> None:
        self.usage: Usage | None = None
        self._ended = False

    def feed(self, event: Event) -> list[Json]:
        if event.data == DONE:
            self._ended = True
            return []
        chunk = load_chunk(event)
        self._note_usage(chunk)
        choices = chunk.get("choices")
        if not isinstance(choices, list):
            raise Failure("provider_error", "the provider sent a stream event without choices", provider_status=200)
        if any(isinstance(choice, dict) and choice.get("finish_reason") for choice in choices):
            self._ended = True
        return [chunk]

    def end(self) -> list[Json]:
        if not self._ended:
            raise Failure("provider_stream_cut", "the provider's stream ended before the model had finished")
        return []

    def _note_usage(self, chunk: Json) -> None:
        usage = parse_usage(chunk)
        if usage is None:
            return
        if self.usage is None:
            self.usage = usage
        else:
            self.usage.merge(usage)


class ChunkRenderer:
    """Unified chunks to OpenAI's events. `created` is the caller's clock, in whole seconds, where the chunk has none.

    The chunk that carries only usage is the client's if it asked for it (`stream_options.include_usage`).
    """

    __slots__ = ("_wants_usage", "created")

    def __init__(self, request: Json) -> None:
        options = request.get("stream_options")
        self._wants_usage = isinstance(options, dict) and options.get("include_usage") is True
        self.created = 0

    def feed(self, chunk: Json) -> bytes:
        if not chunk["choices"] and chunk.get("usage") and not self._wants_usage:
            return b""
        if not chunk.get("created"):
            chunk["created"] = self.created
        return b"data: %b\n\n" % orjson.dumps(chunk)

    def end(self) -> bytes:
        return b"data: [DONE]\n\n"


def render_error_event(failure: Failure) -> bytes:
    """An error payload as OpenAI's SDKs know it: they raise APIError on a top-level `error`."""
    return b"data: %b\n\n" % orjson.dumps(render_error(failure))
