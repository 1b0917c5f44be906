"""A chat stream of Cohere's, event by event, as unified chunks.

Parts of the content and tool calls have an index each, and what comes for one is looked up by it. A tool's plan is a
thought to other dialects. Events of an unknown type are passed over. Nothing is invented: a stream without `message-end`
was cut, and one that ends with the reason `ERROR` is a Failure. Source: https://docs.cohere.com/v2/docs/streaming.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from proxy.call import Failure, Json, Usage
from proxy.dialects import Event, TextLane
from proxy.dialects.chunks import chunk_of, head_of
from proxy.dialects.cohere.citations import NAME, annotate
from proxy.dialects.cohere.events import DELTA, DONE, delta_of, load_event, message_of, see_failure
from proxy.dialects.cohere.logprobs import parse_logprobs
from proxy.dialects.cohere.reply import finish_of
from proxy.dialects.cohere.usage import parse_usage, unify_usage
from proxy.dialects.shape import answered, broken

#: Member of a part -> member of the unified delta.
WORDS: Mapping[str, str] = {"text": "content", "thinking": "reasoning_content"}

#: An event that is nothing but a piece of text without escapes, as the API writes it.
PLAIN_TEXT = re.compile(
    rb'event: content-delta\ndata: \{"type":"content-delta","index":(\d{1,9}),'
    rb'"delta":\{"message":\{"content":\{"text":"([^"\\\x00-\x1f]+)"\}\}\}\}\n\n'
)


class Part:
    """One part of the content while it is open: its kind, the characters of text before it, and the block it began with."""

    __slots__ = ("block", "kind", "start")

    def __init__(self, block: Json, start: int) -> None:
        self.kind = answered(block.get("type"), str, "the type of a part")
        self.block = block
        self.start = start

    def fold(self, content: Json) -> None:
        """Text is added to text, anything else takes the place of what was there."""
        for name, value in content.items():
            held = self.block.get(name)
            self.block[name] = held + value if isinstance(held, str) and isinstance(value, str) else value


class StreamParser:
    """Cohere's events in, unified chunks out. `usage` is there once `message-end` was seen."""

    __slots__ = ("_calls", "_ended", "_head", "_length", "_open", "_silent", "_starts", "usage")

    def __init__(self) -> None:
        self.usage: Usage | None = None
        self._head = head_of("", "")
        self._ended = False
        self._length = 0
        self._open: dict[int, Part] = {}
        self._starts: list[int] = []
        #: Calls by the provider's index: their place among the calls, and which of them have no arguments yet.
        self._calls: dict[int, int] = {}
        self._silent: set[int] = set()

    def feed(self, event: Event) -> list[Json]:
        """The chunks that one event makes, mostly one. Failure for a generation that failed or a broken protocol."""
        if event.data == DONE:
            return []
        payload = load_event(event.data)
        read = EVENTS.get(payload["type"])
        return read(self, payload) if read else []

    @property
    def text_lane(self) -> TextLane:
        return TextLane(self.match_text, self.text_chunk)

    def match_text(self, piece: bytes) -> bytes | None:
        """The text of a piece that is one text delta, without escapes, of a part that is open."""
        found = PLAIN_TEXT.fullmatch(piece)
        if found is None:
            return None
        index, text = found.groups()
        part = self._open.get(int(index))
        if part is None or part.kind != "text":
            return None
        try:
            self._length += len(text.decode())
        except UnicodeDecodeError:
            return None
        return text

    def text_chunk(self, words: str) -> Json:
        return {**self._head, "choices": [{"index": 0, "delta": {"content": words}, "finish_reason": None}]}

    def end(self) -> list[Json]:
        """Failure("provider_stream_cut") unless `message-end` was seen."""
        if not self._ended:
            raise Failure("provider_stream_cut", "the provider's stream ended before the message did")
        return []

    def message_start(self, payload: Json) -> list[Json]:
        self._head = head_of(answered(payload.get("id") or "", str, "id"), "")
        return [chunk_of(self._head, {"role": "assistant", "content": ""})]

    def content_start(self, payload: Json) -> list[Json]:
        index = answered(payload.get("index"), int, "index")
        content = answered(message_of(payload).get("content"), dict, "content")
        part = self._open[index] = Part(content, self._length)
        if 0 <= index <= len(self._starts):
            self._starts[index:] = [self._length]
        return self._say(part, content) if part.kind in WORDS else []

    def content_delta(self, payload: Json) -> list[Json]:
        part = self._part(payload)
        content = answered(message_of(payload).get("content"), dict, "content")
        if part.kind not in WORDS:
            part.fold(content)
            return []
        chunks = self._say(part, content)
        if payload.get("logprobs") and chunks:
            chunks[0]["choices"][0]["logprobs"] = parse_logprobs([payload["logprobs"]])
        return chunks

    def content_end(self, payload: Json) -> list[Json]:
        part = self._part(payload)
        del self._open[payload["index"]]
        if part.kind in WORDS:
            return []
        own = {"at": part.start, "block": part.block, "dialect": NAME}
        return [chunk_of(self._head, {"provider_blocks": [own]})]

    def tool_plan(self, payload: Json) -> list[Json]:
        words = answered(message_of(payload).get("tool_plan"), str, "tool_plan")
        return [chunk_of(self._head, {"reasoning_content": words, "tool_plan": words})] if words else []

    def call_start(self, payload: Json) -> list[Json]:
        index = answered(payload.get("index"), int, "index")
        call = answered(message_of(payload).get("tool_calls"), dict, "tool_calls")
        function = answered(call.get("function"), dict, "function")
        named = {"name": answered(function.get("name"), str, "a tool's name"), "arguments": ""}
        called = answered(call.get("id"), str, "a tool call's id")
        place = self._calls[index] = len(self._calls)
        self._silent.add(index)
        begun = self._call(place, {"id": called, "type": "function", "function": named})
        return begun + self._arguments(index, function.get("arguments"))

    def call_delta(self, payload: Json) -> list[Json]:
        call = answered(message_of(payload).get("tool_calls"), dict, "tool_calls")
        return self._arguments(self._called(payload), answered(call.get("function"), dict, "function").get("arguments"))

    def call_end(self, payload: Json) -> list[Json]:
        """A tool that takes nothing is called without a word, which says `{}`."""
        index = self._called(payload)
        return self._arguments(index, "{}") if index in self._silent else []

    def citation_start(self, payload: Json) -> list[Json]:
        note = annotate(message_of(payload).get("citations"), self._starts)
        return [chunk_of(self._head, {"annotations": [note]})]

    def message_end(self, payload: Json) -> list[Json]:
        """How it ended, and what it took."""
        ended = delta_of(payload)
        see_failure(ended)
        self._ended = True
        self.usage = parse_usage(payload)
        chunks = [chunk_of(self._head, {}, **finish_of(ended, bool(self._calls)))]
        if (told := unify_usage(payload)) is not None:
            chunks.append({**self._head, "choices": [], "usage": told})
        return chunks

    def _say(self, part: Part, content: Json) -> list[Json]:
        words = answered(content.get(part.kind) or "", str, part.kind)
        if part.kind == "text":
            self._length += len(words)
        return [chunk_of(self._head, {WORDS[part.kind]: words})] if words else []

    def _arguments(self, index: int, words: Any) -> list[Json]:
        words = answered(words or "", str, "a tool's arguments")
        if not words:
            return []
        self._silent.discard(index)
        return self._call(self._calls[index], {"function": {"arguments": words}})

    def _call(self, place: int, call: Json) -> list[Json]:
        return [chunk_of(self._head, {"tool_calls": [{"index": place, **call}]})]

    def _part(self, payload: Json) -> Part:
        part = self._open.get(answered(payload.get("index"), int, "index"))
        if part is None:
            raise broken(f"part {payload['index']} of the content was never started")
        return part

    def _called(self, payload: Json) -> int:
        index = answered(payload.get("index"), int, "index")
        if index not in self._calls:
            raise broken(f"tool call {index} was never started")
        return index


EVENTS: Mapping[str, Callable[[StreamParser, Json], list[Json]]] = {
    DELTA: StreamParser.content_delta,
    "message-start": StreamParser.message_start,
    "content-start": StreamParser.content_start,
    "content-end": StreamParser.content_end,
    "tool-plan-delta": StreamParser.tool_plan,
    "tool-call-start": StreamParser.call_start,
    "tool-call-delta": StreamParser.call_delta,
    "tool-call-end": StreamParser.call_end,
    "citation-start": StreamParser.citation_start,
    "message-end": StreamParser.message_end,
}
