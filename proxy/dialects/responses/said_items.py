"""The items of an output that we stream, while they are open: what was said of each, and the events that say it.

They refuse to know chunks; the stream numbers their events. Source:
https://platform.openai.com/docs/api-reference/responses-streaming.
"""

from __future__ import annotations

from typing import Any, Protocol

import orjson

from proxy.call import Json
from proxy.dialects import SayText
from proxy.dialects.responses.items import CALLS
from proxy.dialects.responses.notes import render_notes
from proxy.dialects.responses.output import call_item, message_item, refusal_part, text_part
from proxy.dialects.responses.thoughts import pack, render_item, summary_of
from proxy.dialects.shape import answered


class Numbered(Protocol):
    """Who gives events their place in the sequence, which is `sequence` for the next."""

    sequence: int

    def event(self, kind: str, payload: Json) -> bytes: ...


def added(item: Json, index: int, stream: Numbered) -> bytes:
    return stream.event("response.output_item.added", {"output_index": index, "item": item})


class Message:
    """What the assistant says: parts of text and refusal, one open at a time."""

    __slots__ = ("_head", "_kind", "_notes", "_tail", "_words", "called", "extras", "index", "logprobs", "parts")

    def __init__(self, called: str, index: int) -> None:
        self.called, self.index = called, index
        self.parts: list[Json] = []
        self.extras: Json = {}
        self.logprobs: list[Any] = []
        self._kind = ""
        self._words: list[str] = []
        self._notes: list[Json] = []
        self._head = self._tail = b""

    @property
    def hears(self) -> bool:
        """Whether a part of text is open."""
        return self._kind == "text"

    def begin(self, stream: Numbered) -> bytes:
        return added(message_item(self.called, [], "in_progress", {}), self.index, stream)

    def turn_to(self, kind: str, stream: Numbered) -> bytes:
        """A part of this kind is open afterwards."""
        if kind == self._kind:
            return b""
        events = self._end_part(stream)
        self._kind = kind
        place = self._place()
        name = b"output_text" if kind == "text" else b"refusal"
        self._head = b'event: response.%b.delta\ndata: {"type":"response.%b.delta","content_index":%d,"delta":' % (
            *(name, name),
            place["content_index"],
        )
        logprobs = b',"logprobs":[]' if kind == "text" else b""
        self._tail = b',"item_id":%b%b,"output_index":%d,"sequence_number":' % (
            orjson.dumps(self.called),
            logprobs,
            self.index,
        )
        return events + stream.event("response.content_part.added", {**place, "part": self._part()})

    def say(self, words: str, number: int) -> bytes:
        self._words.append(words)
        return b"%b%b%b%d}\n\n" % (self._head, orjson.dumps(words), self._tail, number)

    def text_lane(self, stream: Numbered) -> SayText | None:
        """`say` for texts as they stand in JSON, within a part of text that is open."""
        if not self.hears:
            return None
        head, remember, tail = self._head, self._words.append, self._tail

        def say(text: bytes) -> bytes:
            remember(text.decode())
            stream.sequence += 1
            return b'%b"%b"%b%d}\n\n' % (head, text, tail, stream.sequence - 1)

        return say

    def note(self, notes: Any, stream: Numbered) -> bytes:
        events = b""
        for note in render_notes(notes, []) if self.hears else ():
            place = {**self._place(), "annotation_index": len(self._notes), "annotation": note}
            events += stream.event("response.output_text.annotation.added", place)
            self._notes.append(note)
        return events

    def end(self, stream: Numbered, status: str) -> tuple[bytes, Json]:
        events = self._end_part(stream)
        return events, message_item(self.called, self.parts, status, self.extras)

    def _place(self) -> Json:
        return {"item_id": self.called, "output_index": self.index, "content_index": len(self.parts)}

    def _part(self) -> Json:
        words = "".join(self._words)
        return text_part(words, self._notes, self.logprobs) if self._kind == "text" else refusal_part(words)

    def _end_part(self, stream: Numbered) -> bytes:
        if not self._kind:
            return b""
        place, part = self._place(), self._part()
        if self._kind == "text":
            said = {**place, "text": part["text"], "logprobs": part["logprobs"]}
            events = stream.event("response.output_text.done", said)
        else:
            events = stream.event("response.refusal.done", {**place, "refusal": part["refusal"]})
        self.parts.append(part)
        self._kind, self._words, self._notes, self.logprobs = "", [], [], []
        return events + stream.event("response.content_part.done", {**place, "part": part})


class Reasoning:
    """What the model thinks, as one part of a summary; sealed by the block that holds its signature."""

    __slots__ = ("_block", "_words", "called", "index")

    def __init__(self, called: str, index: int) -> None:
        self.called, self.index = called, index
        self._words: list[str] = []
        self._block: Json | None = None

    def begin(self, stream: Numbered) -> bytes:
        item: Json = {"id": self.called, "type": "reasoning", "summary": []}
        part = {**self._place(), "part": {"type": "summary_text", "text": ""}}
        return added(item, self.index, stream) + stream.event("response.reasoning_summary_part.added", part)

    def say(self, stream: Numbered, words: str) -> bytes:
        self._words.append(words)
        return stream.event("response.reasoning_summary_text.delta", {**self._place(), "delta": words})

    def seal(self, block: Json) -> None:
        self._block = block

    def whole(self, block: Json) -> Json:
        return render_item(block, self.called)

    def end(self, stream: Numbered, status: str) -> tuple[bytes, Json]:
        """The block goes whole into the item: its own id, which it may be bound to, has not been said at the beginning."""
        words = "".join(self._words)
        item: Json = {"id": self.called, "type": "reasoning", "summary": summary_of(words)}
        if self._block is not None:
            item["encrypted_content"] = pack(self._block)
        place = self._place()
        events = stream.event("response.reasoning_summary_text.done", {**place, "text": words})
        part = {**place, "part": {"type": "summary_text", "text": words}}
        return events + stream.event("response.reasoning_summary_part.done", part), item

    def _place(self) -> Json:
        return {"item_id": self.called, "output_index": self.index, "summary_index": 0}


class Call:
    """A tool call; its arguments, or the text of a custom one, pass as they come."""

    __slots__ = ("_call", "_kind", "_said", "_words", "called", "index")

    def __init__(self, called: str, index: int, call: Json) -> None:
        self.called, self.index = called, index
        self._call = call
        self._kind, self._words, _ = CALLS["custom" if call.get("type") == "custom" else "function"]
        self._said: list[str] = []

    def begin(self, stream: Numbered) -> bytes:
        item = call_item(self.called, self._call, "in_progress", "")
        self.called = item["id"]
        return added(item, self.index, stream)

    def say(self, call: Json, stream: Numbered) -> bytes:
        function = answered(call.get(self._kind) or {}, dict, "a tool call's function")
        words = answered(function.get(self._words) or "", str, self._words)
        if not words:
            return b""
        self._said.append(words)
        return stream.event(f"response.{self._event}.delta", {**self._place(), "delta": words})

    def end(self, stream: Numbered, status: str) -> tuple[bytes, Json]:
        words = "".join(self._said)
        events = stream.event(f"response.{self._event}.done", {**self._place(), self._words: words})
        return events, call_item(self.called, self._call, status, words)

    @property
    def _event(self) -> str:
        return "function_call_arguments" if self._kind == "function" else "custom_tool_call_input"

    def _place(self) -> Json:
        return {"item_id": self.called, "output_index": self.index}
