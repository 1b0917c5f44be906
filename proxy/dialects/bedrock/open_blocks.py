"""The content blocks of a stream while they are open: what each adds to the unified delta, and what it leaves when it closes.

One class for each kind of block; all have `add` and `close`, which give a unified `delta` or None. Text and thoughts
have no `contentBlockStart`: they are known by their first delta. They refuse to know chunks and frames. Source:
https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ContentBlockDelta.html.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from proxy.call import Json
from proxy.dialects.bedrock.citations import annotate
from proxy.dialects.bedrock.fields import NAME
from proxy.dialects.bedrock.reply import image_of
from proxy.dialects.bedrock.thoughts import sealed
from proxy.dialects.parts import JSON_TOOL
from proxy.dialects.shape import answered, broken


@dataclass(slots=True)
class Progress:
    """How far the answer has come: characters of content, tool calls, and whether a tool stood for a JSON answer."""

    length: int = 0
    calls: int = 0
    json_answer: bool = False


@dataclass(slots=True)
class OpenBlock:
    """A block of a kind not yet known: nothing of it has a unified word."""

    progress: Progress
    start: int = 0

    def add(self, delta: Json) -> Json | None:
        return None

    def close(self) -> Json | None:
        return None


@dataclass(slots=True)
class TextBlock(OpenBlock):
    citations: list[Json] = field(default_factory=list)

    def add(self, delta: Json) -> Json | None:
        if delta.get("citation") is not None:
            self.citations.append(answered(delta["citation"], dict, "a citation"))
            return None
        words = answered(delta.get("text", ""), str, "text")
        self.progress.length += len(words)
        return {"content": words} if words else None

    def close(self) -> Json | None:
        """The citations, now that it is known how far the cited text reaches."""
        notes = [annotate(citation, self.start, self.progress.length) for citation in self.citations]
        return {"annotations": notes} if notes else None


@dataclass(slots=True)
class ThoughtBlock(OpenBlock):
    """Thoughts as they come, and at the end the whole block as it must go back: with its signature, byte for byte."""

    words: list[str] = field(default_factory=list)
    signature: str = ""
    hidden: str = ""

    def add(self, delta: Json) -> Json | None:
        told = answered(delta.get("reasoningContent"), dict, "reasoningContent")
        self.signature += answered(told.get("signature", ""), str, "signature")
        self.hidden += answered(told.get("redactedContent", ""), str, "redactedContent")
        words = answered(told.get("text", ""), str, "the text of a thought")
        if not words:
            return None
        self.words.append(words)
        return {"reasoning_content": words}

    def close(self) -> Json | None:
        block = sealed("".join(self.words), self.signature)
        if self.hidden:
            block = {"type": "redacted_thinking", "data": self.hidden}
        return None if block is None else {"thinking_blocks": [block]}


@dataclass(slots=True)
class ToolBlock(OpenBlock):
    """A tool call; its arguments pass as they come. `start` is its place among the calls."""

    said: bool = False

    def add(self, delta: Json) -> Json | None:
        words = input_of(delta)
        if not words:
            return None
        self.said = True
        return self.say(words)

    def say(self, words: str) -> Json:
        return {"tool_calls": [{"index": self.start, "function": {"arguments": words}}]}

    def close(self) -> Json | None:
        """A tool that takes nothing streams nothing, which says `{}`."""
        return None if self.said else self.say("{}")


class JsonAnswerBlock(ToolBlock):
    """The call of the tool that stands for a JSON schema: its arguments are the answer."""

    def say(self, words: str) -> Json:
        self.progress.length += len(words)
        return {"content": words}


@dataclass(slots=True)
class OwnBlock(OpenBlock):
    """A block of Bedrock's own, whole at its end: a tool that runs there, its result, an image."""

    kind: str = ""
    wire: Json = field(default_factory=dict)
    words: list[str] = field(default_factory=list)

    def add(self, delta: Json) -> Json | None:
        said = delta.get(self.kind)
        if self.kind == "toolUse":
            self.words.append(input_of(delta))
        elif self.kind == "toolResult":
            self.wire.setdefault("content", []).extend(answered(said, list, "the delta of a result"))
        elif isinstance(said, dict):
            self.wire |= said
        return None

    def close(self) -> Json | None:
        if self.kind == "toolUse":
            self.wire["input"] = load_input("".join(self.words))
        image = image_of(self.wire) if self.kind == "image" else None
        if image is not None:
            return {"images": [image]}
        return {"provider_blocks": [{"at": self.start, "block": {self.kind: self.wire}, "dialect": NAME}]}


def input_of(delta: Json) -> str:
    tool = answered(delta.get("toolUse"), dict, "the delta of a tool's input")
    return answered(tool.get("input", ""), str, "a tool's input")


def load_input(text: str) -> Any:
    try:
        return orjson.loads(text or "{}")
    except orjson.JSONDecodeError:
        raise broken("a tool's input is not JSON") from None


#: What a delta of a block without a start is about -> its kind.
BY_DELTA: Mapping[str, type[OpenBlock]] = {"text": TextBlock, "citation": TextBlock, "reasoningContent": ThoughtBlock}


def open_by_delta(delta: Json, progress: Progress) -> OpenBlock:
    kind = next((BY_DELTA[name] for name in BY_DELTA if name in delta), OpenBlock)
    return kind(progress, progress.length)


def open_by_start(start: Json, progress: Progress) -> tuple[OpenBlock, Json | None]:
    """The block that a `contentBlockStart` begins, and what that says already."""
    kind = next(iter(start), "")
    wire = answered(start.get(kind, {}), dict, "the start of a block")
    if kind != "toolUse" or wire.get("type") == "server_tool_use":
        return OwnBlock(progress, progress.length, kind, dict(wire)), None
    if wire.get("name") == JSON_TOOL:
        progress.json_answer = True
        return JsonAnswerBlock(progress, progress.length), None
    called = answered(wire.get("toolUseId"), str, "a tool's id")
    function = {"name": answered(wire.get("name"), str, "a tool's name"), "arguments": ""}
    block = ToolBlock(progress, progress.calls)
    progress.calls += 1
    return block, {"tool_calls": [{"index": block.start, "id": called, "type": "function", "function": function}]}
