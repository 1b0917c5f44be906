"""A chat or generate stream, line by line, as unified chunks.

Every line is a small reply; the last one says `done: true`, how it ended and what it cost, and a stream without it was cut. Tool
calls come whole, on any line. A line of an image model that only counts steps says nothing. Source:
https://docs.ollama.com/api/streaming.
"""

from __future__ import annotations

import re
from typing import Any

from orjson import JSONDecodeError, loads

from proxy.call import Failure, Json, Usage
from proxy.dialects import Event, Sign, TextLane
from proxy.dialects.chunks import chunk_of, head_of, usage_chunk
from proxy.dialects.ollama.logprobs import parse_logprobs
from proxy.dialects.ollama.reply import EXTRAS, finish_of, model_of, parse_extras, reply_id, see_error
from proxy.dialects.ollama.usage import parse_time, parse_usage
from proxy.dialects.shape import answered, broken, chosen

#: Members of which any one means that the model has spoken.
SPEECH = ("content", "thinking", "tool_calls", "images")
#: A line that is nothing but a piece of text without escapes, as the server writes it.
PLAIN_TEXT = re.compile(
    rb'\{"model":"[^"\\\x00-\x1f]*","created_at":"[^"\\\x00-\x1f]*",'
    rb'(?:"message":\{"role":"assistant","content":"([^"\\\x00-\x1f]+)"\}|"response":"([^"\\\x00-\x1f]+)"),"done":false\}\n'
)
LENGTH_OF_CHAT_LINE = 4


def message_of(line: Json) -> Json:
    """The message of a line of either kind: /api/generate has its members in the line itself."""
    message = line.get("message")
    if message is not None:
        return answered(message, dict, "message")
    said = {"content": line.get("response"), **chosen(line, ("thinking", "tool_calls"))}
    return said | ({"images": [line["image"]]} if line.get("image") else {})


def load_line(data: bytes) -> Json:
    try:
        line: Any = loads(data)
    except JSONDecodeError:
        raise broken("a line is not JSON") from None
    see_error(line)
    return dict(line)


def is_last(line: Json) -> bool:
    return answered(line.get("done"), bool, "done")


def read_event(event: Event) -> Sign:
    """Whether the model has spoken. Failure for an error line."""
    line = load_line(event.data)
    if is_last(line):
        return "end"
    message = message_of(line)
    return "spoken" if any(message.get(name) for name in SPEECH) else "wait"


class StreamParser:
    """Ollama's lines in, unified chunks out. `usage` is what the last line reported."""

    __slots__ = ("_calls", "_ended", "_head", "usage")

    def __init__(self) -> None:
        self.usage: Usage | None = None
        self._head: Json = {}
        self._ended = False
        self._calls = 0

    def feed(self, event: Event) -> list[Json]:
        """The chunks that one line makes, mostly one. Failure for an error line or a broken protocol."""
        try:
            line = loads(event.data)
        except JSONDecodeError:
            raise broken("a line is not JSON") from None
        if type(line) is dict and len(line) == LENGTH_OF_CHAT_LINE and self._head and line.get("done") is False:
            # Nearly every line is a piece of text: said here in one go, checked like any other.
            message = line.get("message")
            if type(message) is dict and len(message) == 2 and "role" in message and not self._ended:
                words = message.get("content")
                if type(words) is str and words and "model" in line and "created_at" in line:
                    return [self.text_chunk(words)]
        see_error(line)
        return [] if self._ended else self._chunks(line)

    @property
    def text_lane(self) -> TextLane:
        return TextLane(self.match_text, self.text_chunk)

    def match_text(self, piece: bytes) -> bytes | None:
        """The text of a piece that is one line of text, without escapes, of a stream that has begun and not ended."""
        found = PLAIN_TEXT.fullmatch(piece)
        if found is None or not self._head or self._ended:
            return None
        try:
            piece.decode()
        except UnicodeDecodeError:
            return None
        return found[found.lastindex or 0]

    def text_chunk(self, words: str) -> Json:
        return {**self._head, "choices": [{"index": 0, "delta": {"content": words}, "finish_reason": None}]}

    def end(self) -> list[Json]:
        """Failure("provider_stream_cut") unless the line that says `done` was seen."""
        if not self._ended:
            raise Failure("provider_stream_cut", "the provider's stream ended before the message did")
        return []

    def _chunks(self, line: Json) -> list[Json]:
        message, last = message_of(line), is_last(line)
        delta: Json = {} if self._head else {"role": "assistant", "content": ""}
        if not self._head:
            self._head = head_of(reply_id(line), model_of(line), parse_time(line.get("created_at")))
        if message.get("content"):
            delta["content"] = answered(message["content"], str, "content")
        delta |= parse_extras(message, line, self._calls)
        calls = delta.get("tool_calls", ())
        for index, call in enumerate(calls, self._calls):
            call["index"] = index
        self._calls += len(calls)
        said = chunk_of(self._head, delta, **parse_logprobs(line))
        chunks = [said] if delta or "logprobs" in line else []
        return [*chunks, *self._ending(line)] if last else chunks

    def _ending(self, line: Json) -> list[Json]:
        self._ended = True
        self.usage = parse_usage(line)
        finished = chunk_of(self._head, {}, **finish_of(line, self._calls > 0)) | chosen(line, EXTRAS)
        return [finished] if self.usage is None else [finished, usage_chunk(self._head, self.usage)]
