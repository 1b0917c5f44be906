"""Unified chunks as a chat stream of Cohere's: the events that its SDK reads.

`message-start`, then parts of the content one after another, tool calls, citations as they become known, then `message-end`
with the reason and the counts, then `[DONE]`. Tool calls stay open until the model has finished, because another provider's
calls may interleave: each delta carries its call's index. Source: https://docs.cohere.com/v2/docs/streaming.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from orjson import JSONEncodeError, dumps

from proxy.call import Json, Usage
from proxy.dialects import SayText
from proxy.dialects.chunks import MARK, say_between
from proxy.dialects.cohere.citations import cite
from proxy.dialects.cohere.logprobs import render_piece
from proxy.dialects.cohere.parts import read_inserts
from proxy.dialects.cohere.reply import stop_of
from proxy.dialects.cohere.usage import render_usage
from proxy.dialects.openai.usage import parse_usage
from proxy.dialects.shape import answered, broken, some

EMPTY_MESSAGE: Json = {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}
TEXT_DELTA = (
    b'event: content-delta\ndata: {"type":"content-delta","index":%d,"delta":{"message":{"content":{"text":%b}}}}\n\n'
)


def render_event(kind: str, **payload: Any) -> bytes:
    try:
        return b"event: %b\ndata: %b\n\n" % (kind.encode(), dumps({"type": kind, **payload}))
    except JSONEncodeError:
        raise broken("a chunk is nested too deeply") from None


def render_delta(kind: str, index: int, message: Json) -> bytes:
    return render_event(kind, index=index, delta={"message": message})


class StreamRenderer:
    """Unified chunks in, Cohere's events out. Failure when a chunk cannot be said, as a tool call that never got a name."""

    __slots__ = (
        "_before",
        "_calls",
        "_cited",
        "_finish",
        "_length",
        "_next",
        "_open",
        "_reported",
        "_started",
        "_usage",
    )

    def __init__(self, request: Json, created: int = 0) -> None:
        self._started = False
        #: The kind of part that is open; the index of the next; the characters of text so far, and before the part that is open.
        self._open: str | None = None
        self._next = self._length = self._before = 0
        self._calls: dict[int, int] = {}
        self._cited = 0
        self._finish: Json = {}
        self._usage: Usage | None = None
        self._reported: Json = {}

    def feed(self, chunk: Json) -> bytes:
        choices = some(chunk, "choices")
        if choices and self._open == "text":
            # Nearly every chunk is a piece of text: said here in one go.
            choice = choices[0]
            if type(choice) is dict and type(delta := choice.get("delta")) is dict and len(delta) == 1:
                words = delta.get("content")
                if type(words) is str and words and not choice.get("finish_reason") and not choice.get("logprobs"):
                    self._length += len(words)
                    return TEXT_DELTA % (self._next - 1, dumps(words))
        self._count(chunk)
        if not choices:
            return b""
        choice = answered(choices[0], dict, "a choice")
        delta = answered(choice.get("delta") or {}, dict, "a delta")
        events = self._start(chunk) + self._say(delta, choice)
        if choice.get("finish_reason") and not self._finish:
            self._finish = choice
        return events

    def text_lane(self, chunk: Json) -> SayText | None:
        """Within a part of text that is open; its length is what citations count by."""
        if self._open != "text":
            return None
        say = say_between(TEXT_DELTA % (self._next - 1, dumps(MARK)))
        assert say is not None

        def say_and_count(text: bytes) -> bytes:
            self._length += len(text.decode())
            return say(text)

        return say_and_count

    def end(self) -> bytes:
        delta: Json = {"finish_reason": stop_of(self._finish, bool(self._calls))}
        if self._usage is not None:
            delta["usage"] = render_usage(self._usage, self._reported)
        ends = [render_event("tool-call-end", index=index) for index in self._calls.values()]
        return b"".join(
            [self._start({}), self._close(), *ends, render_event("message-end", delta=delta), b"data: [DONE]\n\n"]
        )

    def _count(self, chunk: Json) -> None:
        usage = parse_usage(chunk)
        if usage is None:
            return
        self._reported = chunk["usage"] if isinstance(chunk.get("usage"), dict) else self._reported
        if self._usage is None:
            self._usage = usage
        else:
            self._usage.merge(usage)

    def _start(self, chunk: Json) -> bytes:
        if self._started:
            return b""
        self._started = True
        begun = {"id": str(chunk.get("id") or ""), "type": "message-start", "delta": {"message": EMPTY_MESSAGE}}
        return b"event: message-start\ndata: %b\n\n" % dumps(begun)

    def _say(self, delta: Json, choice: Json) -> bytes:
        """A plan is a thought as well, which would be said twice."""
        if delta.get("tool_plan"):
            delta = {**delta, "reasoning_content": None}
        events = [say(self, delta[name]) for name, say in SAYINGS.items() if delta.get(name) not in (None, "")]
        piece = render_piece(choice.get("logprobs"))
        if piece is not None:
            index = max(self._next - 1, 0)
            events.append(
                render_event("content-delta", index=index, delta={"message": {"content": {"text": ""}}}, logprobs=piece)
            )
        return b"".join(events)

    def thoughts(self, words: Any) -> bytes:
        return self._words("thinking", answered(words, str, "reasoning_content"))

    def text(self, words: Any) -> bytes:
        words = answered(words, str, "content")
        events = self._words("text", words)
        self._length += len(words)
        return events

    def _words(self, kind: str, words: str) -> bytes:
        opened = b"" if self._open == kind else self._open_part({"type": kind, kind: ""})
        return opened + render_delta("content-delta", self._next - 1, {"content": {kind: words}})

    def _open_part(self, block: Json) -> bytes:
        closed = self._close()
        self._open = block["type"]
        self._before = self._length
        self._next += 1
        return closed + render_delta("content-start", self._next - 1, {"content": block})

    def _close(self) -> bytes:
        if self._open is None:
            return b""
        self._open = None
        return render_event("content-end", index=self._next - 1)

    def tool_plan(self, words: Any) -> bytes:
        words = answered(words, str, "tool_plan")
        return render_event("tool-plan-delta", delta={"message": {"tool_plan": words}})

    def annotations(self, notes: Any) -> bytes:
        """Cohere's own citations and pages of the web; others have no form here."""
        events = b""
        for note in answered(notes, list, "annotations"):
            citation = cite(note, None, max(self._next - 1, 0), self._before)
            if citation is not None:
                events += render_delta("citation-start", self._cited, {"citations": citation})
                events += render_event("citation-end", index=self._cited)
                self._cited += 1
        return events

    def provider_blocks(self, entries: Any) -> bytes:
        blocks = read_inserts(answered(entries, list, "provider_blocks"))
        return b"".join(self._open_part(block) + self._close() for _, block in blocks)

    def tool_calls(self, calls: Any) -> bytes:
        calls = answered(calls, list, "tool_calls")
        return b"".join(self._tool_call(answered(call, dict, "a tool call")) for call in calls)

    def _tool_call(self, call: Json) -> bytes:
        """A call's place is its `index`; the few providers that leave it out send one call whole in a chunk."""
        place = call["index"] if type(call.get("index")) is int else len(self._calls)
        function = answered(call.get("function") or {}, dict, "function")
        events = b""
        if place not in self._calls:
            named = {"name": answered(function.get("name"), str, "a tool's name"), "arguments": ""}
            begun = {"id": answered(call.get("id"), str, "a tool's id"), "type": "function", "function": named}
            events = self._close() + render_delta("tool-call-start", len(self._calls), {"tool_calls": begun})
            self._calls[place] = len(self._calls)
        words = answered(function.get("arguments") or "", str, "a tool's arguments")
        said = {"tool_calls": {"function": {"arguments": words}}}
        return events + (render_delta("tool-call-delta", self._calls[place], said) if words else b"")


#: In the order in which Cohere's own events would come, should one chunk say several things.
SAYINGS: Mapping[str, Callable[[StreamRenderer, Any], bytes]] = {
    "reasoning_content": StreamRenderer.thoughts,
    "content": StreamRenderer.text,
    "refusal": StreamRenderer.text,
    "annotations": StreamRenderer.annotations,
    "provider_blocks": StreamRenderer.provider_blocks,
    "tool_plan": StreamRenderer.tool_plan,
    "tool_calls": StreamRenderer.tool_calls,
}
