"""Unified chunks as a ConverseStream: the frames that the AWS SDKs read.

`messageStart`, then content blocks, then `messageStop`, then `metadata` with the counts. Text and thoughts have one
open block at a time, and no start. Tool calls stay open until the model has finished, because another provider's calls
may interleave: each delta carries its block's index. Source:
https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStreamOutput.html.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from proxy.call import Json, Usage
from proxy.dialects import SayText
from proxy.dialects.bedrock.citations import citation_of, read_inserts
from proxy.dialects.bedrock.json_text import json_text
from proxy.dialects.bedrock.render_reply import image_block, stop_of, tier_of
from proxy.dialects.bedrock.reply import EXTRAS
from proxy.dialects.bedrock.thoughts import render_thought
from proxy.dialects.bedrock.usage import render_usage
from proxy.dialects.chunks import MARK, say_between
from proxy.dialects.openai.usage import parse_usage
from proxy.dialects.shape import answered, broken, chosen, some
from proxy.wire.eventstream import render_event

DELTA = "contentBlockDelta"
#: Members of the finish chunk that `messageStop` holds; the others of EXTRAS are `metadata`'s.
WITH_STOP = ("additionalModelResponseFields",)

PLAIN = b'{"contentBlockIndex":%d,"delta":{"text":%b}}'


def plain_text(choice: Any) -> str | None:
    """The words of a choice that is nothing but words."""
    delta = choice.get("delta") if type(choice) is dict else None
    if type(delta) is not dict or len(delta) != 1 or choice.get("finish_reason") is not None:
        return None
    words = delta.get("content")
    return words if type(words) is str else None


def frame(name: str, payload: Json) -> bytes:
    return render_event(name, orjson.dumps(payload))


class StreamRenderer:
    """Unified chunks in, frames out. Failure when a chunk cannot be said, as a tool call that never got a name."""

    __slots__ = ("_calls", "_extras", "_finish", "_next", "_open", "_open_calls", "_started", "_usage")

    def __init__(self, request: Json, created: int = 0) -> None:
        self._started = False
        self._next = 0
        self._open: tuple[str, int] | None = None
        self._calls: dict[int, int] = {}
        self._open_calls: list[int] = []
        self._finish: Json = {}
        self._extras: Json = {}
        self._usage = Usage()

    def feed(self, chunk: Json) -> bytes:
        choices = some(chunk, "choices")
        if len(choices) == 1 and self._open is not None and self._open[0] == "text" and not chunk.get("usage"):
            # Nearly every chunk is a piece of text after another: said here in one go.
            words = plain_text(choices[0])
            if words:
                return render_event(DELTA, PLAIN % (self._open[1], orjson.dumps(words)))
        usage = parse_usage(chunk)
        if usage is not None:
            self._usage.merge(usage)
        self._extras |= {**chosen(chunk, EXTRAS), **tier_of(chunk)}
        if not choices:
            return b""
        choice = answered(choices[0], dict, "a choice")
        frames = self._start() + self._say(answered(choice.get("delta") or {}, dict, "a delta"))
        if choice.get("finish_reason") and not self._finish:
            self._finish = choice
            frames += self._close_all()
        return frames

    def text_lane(self, chunk: Json) -> SayText | None:
        """Within a text block that is open."""
        if self._open is None or self._open[0] != "text":
            return None
        say = say_between(orjson.dumps({"contentBlockIndex": self._open[1], "delta": {"text": MARK}}))
        assert say is not None
        return lambda text: render_event(DELTA, say(text))

    def end(self) -> bytes:
        stop = {"stopReason": stop_of(self._finish, bool(self._calls)), **chosen(self._extras, WITH_STOP)}
        told = {name: value for name, value in self._extras.items() if name not in WITH_STOP}
        report = {"usage": render_usage(self._usage), "metrics": {"latencyMs": 0}, **told}
        return self._start() + self._close_all() + frame("messageStop", stop) + frame("metadata", report)

    def _start(self) -> bytes:
        if self._started:
            return b""
        self._started = True
        return frame("messageStart", {"role": "assistant"})

    def _say(self, delta: Json) -> bytes:
        return b"".join(say(self, delta[name]) for name, say in SAYINGS.items() if delta.get(name) not in (None, ""))

    def text(self, words: Any) -> bytes:
        return self._words("text", {"text": answered(words, str, "content")})

    def thoughts(self, words: Any) -> bytes:
        return self._words("thought", {"reasoningContent": {"text": answered(words, str, "reasoning_content")}})

    def thinking_blocks(self, blocks: Any) -> bytes:
        return b"".join(map(self._thinking_block, answered(blocks, list, "thinking_blocks")))

    def _thinking_block(self, block: Any) -> bytes:
        """The signature closes the thoughts that were just streamed; a block that was not streamed comes whole."""
        rendered = render_thought(block)
        if rendered is None:
            return self._close() if self._open and self._open[0] == "thought" else b""
        told = rendered["reasoningContent"]
        if "redactedContent" in told:
            return self._close() + self._words("thought", {"reasoningContent": told}) + self._close()
        frames = b""
        if self._open is None or self._open[0] != "thought":
            frames = self.thoughts(told["reasoningText"]["text"])
        signature = {"signature": told["reasoningText"]["signature"]}
        return frames + self._words("thought", {"reasoningContent": signature}) + self._close()

    def annotations(self, notes: Any) -> bytes:
        """Citations of the text that is open, which ends with them."""
        if self._open is None or self._open[0] != "text":
            return b""
        cited = [citation for note in answered(notes, list, "annotations") if (citation := citation_of(note))]
        return b"".join(self._words("text", {"citation": citation}) for citation in cited) + self._close()

    def provider_blocks(self, entries: Any) -> bytes:
        return b"".join(self._own(block) for _, block in read_inserts(answered(entries, list, "provider_blocks")))

    def _own(self, block: Json) -> bytes:
        """A block of Bedrock's own, whole; what has no form in a stream is left out."""
        use, result = block.get("toolUse"), block.get("toolResult")
        if isinstance(use, dict):
            given = json_text(use.get("input"), broken("a tool's input is too deep"))
            head = {name: value for name, value in use.items() if name != "input"}
            return self._whole({"toolUse": head}, {"toolUse": {"input": given}})
        if isinstance(result, dict):
            head = {name: value for name, value in result.items() if name != "content"}
            return self._whole({"toolResult": head}, {"toolResult": some(result, "content")})
        return b""

    def images(self, images: Any) -> bytes:
        frames = b""
        for image in answered(images, list, "images"):
            block = image_block(image)
            if block is not None:
                held = block["image"]
                frames += self._whole({"image": {"format": held["format"]}}, {"image": {"source": held["source"]}})
        return frames

    def tool_calls(self, calls: Any) -> bytes:
        return b"".join(
            self._tool_call(answered(call, dict, "a tool call")) for call in answered(calls, list, "tool_calls")
        )

    def _tool_call(self, call: Json) -> bytes:
        """A call's place is its `index`; the few providers that leave it out send one call whole in a chunk."""
        place = call["index"] if type(call.get("index")) is int else len(self._calls)
        function = answered(call.get("function") or {}, dict, "function")
        frames = b""
        if place not in self._calls:
            name = answered(function.get("name"), str, "a tool's name")
            start = {"toolUse": {"toolUseId": answered(call.get("id"), str, "a tool's id"), "name": name}}
            frames = self._close() + frame("contentBlockStart", {"start": start, "contentBlockIndex": self._next})
            self._calls[place] = self._next
            self._open_calls.append(self._next)
            self._next += 1
        words = function.get("arguments")
        return frames + (self._delta(self._calls[place], {"toolUse": {"input": str(words)}}) if words else b"")

    def _words(self, kind: str, delta: Json) -> bytes:
        """A delta of the block of that kind, which is opened by it if another or none is open."""
        held = self._open
        if held is not None and held[0] == kind:
            return self._delta(held[1], delta)
        frames = self._close()
        self._open = (kind, self._next)
        self._next += 1
        return frames + self._delta(self._next - 1, delta)

    def _whole(self, start: Json, delta: Json) -> bytes:
        index, frames = self._next, self._close()
        self._next += 1
        frames += frame("contentBlockStart", {"start": start, "contentBlockIndex": index}) + self._delta(index, delta)
        return frames + frame("contentBlockStop", {"contentBlockIndex": index})

    def _delta(self, index: int, delta: Json) -> bytes:
        return render_event(DELTA, orjson.dumps({"contentBlockIndex": index, "delta": delta}))

    def _close(self) -> bytes:
        if self._open is None:
            return b""
        index, self._open = self._open[1], None
        return frame("contentBlockStop", {"contentBlockIndex": index})

    def _close_all(self) -> bytes:
        still_open, self._open_calls = self._open_calls, []
        return self._close() + b"".join(frame("contentBlockStop", {"contentBlockIndex": index}) for index in still_open)


#: In the order in which Bedrock's own blocks would come, should one chunk say several things.
#: Annotations are about the text of earlier chunks and end it.
SAYINGS: Mapping[str, Callable[[StreamRenderer, Any], bytes]] = {
    "annotations": StreamRenderer.annotations,
    "reasoning_content": StreamRenderer.thoughts,
    "thinking_blocks": StreamRenderer.thinking_blocks,
    "content": StreamRenderer.text,
    "refusal": StreamRenderer.text,
    "images": StreamRenderer.images,
    "provider_blocks": StreamRenderer.provider_blocks,
    "tool_calls": StreamRenderer.tool_calls,
}
