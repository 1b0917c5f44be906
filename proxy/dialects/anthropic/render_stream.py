"""Unified chunks as a Messages stream: the event sequence that Anthropic's SDKs put together again.

`message_start`, then content blocks, then `message_delta` with the reason and the counts, then `message_stop`. Text
and thinking have one open block at a time. Tool calls stay open until the model has finished, because another
provider's calls may interleave: each delta carries its block's index. Source:
https://docs.claude.com/en/docs/build-with-claude/streaming.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from proxy.call import Json, Usage
from proxy.dialects import SayText
from proxy.dialects.anthropic.messages import TOOL_USE_EXTRAS
from proxy.dialects.anthropic.reply import EXTRAS, stop_of
from proxy.dialects.anthropic.usage import render_usage
from proxy.dialects.anthropic.weave import is_anthropics, is_citation, is_thought
from proxy.dialects.chunks import MARK, say_between
from proxy.dialects.openai.usage import parse_usage
from proxy.dialects.shape import answered, chosen, some


def render_event(kind: str, payload: Json) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), orjson.dumps({"type": kind, **payload}))


class StreamRenderer:
    """Unified chunks in, Messages events out.

    Failure when a chunk cannot be said, as a tool call that never got a name.
    """

    __slots__ = ("_calls", "_finish", "_model", "_next", "_open", "_open_calls", "_reported", "_started", "_usage")

    def __init__(self, request: Json, created: int = 0) -> None:
        self._model = str(request.get("model") or "")
        self._started = self._reported = False
        self._next = 0
        self._open: tuple[str, int] | None = None
        self._calls: dict[int, int] = {}
        self._open_calls: list[int] = []
        self._finish: Json | None = None
        self._usage = Usage()

    def feed(self, chunk: Json) -> bytes:
        events = b""
        choices = some(chunk, "choices")
        usage = parse_usage(chunk)
        if usage is not None:
            self._usage.merge(usage)
        if choices:
            choice = answered(choices[0], dict, "a choice")
            delta = answered(choice.get("delta") or {}, dict, "a delta")
            # Anthropic's own refusals are said in `stop_details`; only another provider's words become text.
            said = delta if not choice.get("stop_details") else {**delta, "refusal": None}
            events = self._message_start(chunk) + self._say(said)
            if choice.get("finish_reason") and self._finish is None:
                self._finish = {**choice, "extras": chosen(chunk, EXTRAS)}
                events += self._close_all()
        if self._finish is not None and usage is not None:
            events += self._message_delta()
        return events

    def text_lane(self, chunk: Json) -> SayText | None:
        """Within a text block that is open."""
        if self._open is None or self._open[0] != "text":
            return None
        return say_between(self._delta(self._open[1], "text_delta", {"text": MARK}))

    def end(self) -> bytes:
        events = self._message_start({}) + self._close_all() + self._message_delta()
        return events + render_event("message_stop", {})

    def _message_start(self, chunk: Json) -> bytes:
        if self._started:
            return b""
        self._started = True
        message: Json = {
            "id": str(chunk.get("id") or ""),
            "type": "message",
            "role": "assistant",
            "model": str(chunk.get("model") or self._model),
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": render_usage(self._usage),
        }
        return render_event("message_start", {"message": message})

    def _say(self, delta: Json) -> bytes:
        return b"".join(say(self, delta[name]) for name, say in SAYINGS.items() if delta.get(name) not in (None, ""))

    def _message_delta(self) -> bytes:
        """Once; counts that come later have no event to go with."""
        if self._reported:
            return b""
        self._reported = True
        finish = self._finish or {}
        delta = {**stop_of(finish, bool(self._calls)), **chosen(finish.get("extras", {}), EXTRAS)}
        return render_event("message_delta", {"delta": delta, "usage": render_usage(self._usage)})

    def thoughts(self, words: Any) -> bytes:
        return self._words("thinking", answered(words, str, "reasoning_content"))

    def text(self, words: Any) -> bytes:
        return self._words("text", answered(words, str, "content"))

    def thinking_blocks(self, blocks: Any) -> bytes:
        return b"".join(
            self._thinking_block(answered(block, dict, "a thinking block"))
            for block in answered(blocks, list, "blocks")
        )

    def _thinking_block(self, block: Json) -> bytes:
        """The signature closes the thoughts that were just streamed; a block that was not streamed comes whole.

        One of another kind is left out: its words were streamed.
        """
        if not is_thought(block):
            return b""
        if block["type"] != "thinking":
            return self._whole(block)
        events = b""
        if self._open is None or self._open[0] != "thinking":
            events = self._words("thinking", str(block.get("thinking") or ""))
        if self._open and block.get("signature"):
            events += self._delta(self._open[1], "signature_delta", {"signature": block["signature"]})
        return events + self._close()

    def annotations(self, notes: Any) -> bytes:
        """Anthropic's own citations, on the text that is open, which ends with them; others have no form here."""
        if self._open is None or self._open[0] != "text":
            return b""
        index = self._open[1]
        cited = [note["citation"] for note in answered(notes, list, "annotations") if is_citation(note)]
        said = [self._delta(index, "citations_delta", {"citation": citation}) for citation in cited]
        return b"".join([*said, self._close()])

    def provider_blocks(self, entries: Any) -> bytes:
        blocks = [entry.get("block") for entry in answered(entries, list, "provider_blocks") if is_anthropics(entry)]
        return b"".join(self._whole(answered(block, dict, "a provider block")) for block in blocks)

    def tool_calls(self, calls: Any) -> bytes:
        return b"".join(
            self._tool_call(answered(call, dict, "a tool call")) for call in answered(calls, list, "tool_calls")
        )

    def _tool_call(self, call: Json) -> bytes:
        """A call's place is its `index`; the few providers that leave it out send one call whole in a chunk."""
        place = call["index"] if type(call.get("index")) is int else len(self._calls)
        function = answered(call.get("function") or {}, dict, "function")
        events = b""
        if place not in self._calls:
            name = answered(function.get("name"), str, "a tool's name")
            block = {"type": "tool_use", "id": answered(call.get("id"), str, "a tool's id"), "name": name, "input": {}}
            events = self._close() + self._start({**block, **chosen(call, TOOL_USE_EXTRAS)})
            self._calls[place] = self._next - 1
            self._open_calls.append(self._next - 1)
        words = function.get("arguments")
        return events + (self._delta(self._calls[place], "input_json_delta", {"partial_json": words}) if words else b"")

    def _words(self, kind: str, words: str) -> bytes:
        events = b"" if self._open and self._open[0] == kind else self._close() + self._start(EMPTY[kind])
        index = self._open[1] if self._open else self._next - 1
        self._open = (kind, index)
        return events + (self._delta(index, f"{kind}_delta", {kind: words}) if words else b"")

    def _whole(self, block: Json) -> bytes:
        events = self._close() + self._start(block)
        return events + render_event("content_block_stop", {"index": self._next - 1})

    def _start(self, block: Json) -> bytes:
        self._next += 1
        return render_event("content_block_start", {"index": self._next - 1, "content_block": block})

    def _delta(self, index: int, kind: str, said: Json) -> bytes:
        return render_event("content_block_delta", {"index": index, "delta": {"type": kind, **said}})

    def _close(self) -> bytes:
        if self._open is None:
            return b""
        index, self._open = self._open[1], None
        return render_event("content_block_stop", {"index": index})

    def _close_all(self) -> bytes:
        still_open, self._open_calls = self._open_calls, []
        return self._close() + b"".join(render_event("content_block_stop", {"index": index}) for index in still_open)


EMPTY: Mapping[str, Json] = {
    "text": {"type": "text", "text": ""},
    "thinking": {"type": "thinking", "thinking": "", "signature": ""},
}

#: In the order in which Anthropic's own blocks would come, should one chunk say several things.
#: Annotations are about the text of earlier chunks and end it.
SAYINGS: Mapping[str, Callable[[StreamRenderer, Any], bytes]] = {
    "annotations": StreamRenderer.annotations,
    "reasoning_content": StreamRenderer.thoughts,
    "thinking_blocks": StreamRenderer.thinking_blocks,
    "content": StreamRenderer.text,
    "refusal": StreamRenderer.text,
    "provider_blocks": StreamRenderer.provider_blocks,
    "tool_calls": StreamRenderer.tool_calls,
}
