"""The content blocks of a stream while they are open.

What each adds to the unified delta, and what it leaves when it closes.

One class for each kind of block; all have `begin`, `add` and `close`, which give a unified `delta` or None. They
refuse to know chunks and events. Source: https://docs.claude.com/en/docs/build-with-claude/streaming.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import orjson

from proxy.call import Json
from proxy.dialects.anthropic.messages import TOOL_USE_EXTRAS
from proxy.dialects.anthropic.weave import annotate
from proxy.dialects.parts import JSON_TOOL
from proxy.dialects.shape import answered, broken, chosen, some


@dataclass(slots=True)
class Progress:
    """How far the answer has come: characters of content, tool calls, and whether a tool stood for a JSON answer."""

    length: int = 0
    calls: int = 0
    json_answer: bool = False


@dataclass(slots=True)
class OwnBlock:
    """A block of the provider's own, whole at its end: a server tool's call, its result, whatever comes to be."""

    wire: Json
    progress: Progress
    start: int = 0
    words: list[str] = field(default_factory=list)

    def begin(self) -> Json | None:
        self.start = self.progress.length
        return None

    def add(self, delta: Json) -> Json | None:
        if delta.get("type") == "input_json_delta":
            self.words.append(answered(delta.get("partial_json"), str, "partial_json"))
        else:
            fold(self.wire, delta)
        return None

    def close(self) -> Json | None:
        text = "".join(self.words)
        if text:
            self.wire["input"] = load_input(text)
        return {"provider_blocks": [{"at": self.start, "block": self.wire}]}


class TextBlock(OwnBlock):
    def begin(self) -> Json | None:
        self.start = self.progress.length
        self.wire["citations"] = [*some(self.wire, "citations")]
        said = self.say(answered(self.wire.get("text", ""), str, "text"))
        # Text after other text: what is cited later is this block alone, so the one before is closed.
        return {"content": "", "annotations": [], **(said or {})} if self.start else said

    def add(self, delta: Json) -> Json | None:
        kind = delta.get("type")
        if kind == "text_delta":
            return self.say(answered(delta.get("text"), str, "text"))
        if kind == "citations_delta":
            self.wire["citations"].append(delta.get("citation"))
        return None

    def say(self, words: str) -> Json | None:
        self.progress.length += len(words)
        return {"content": words} if words else None

    def close(self) -> Json | None:
        """The citations, now that it is known how far the cited text reaches."""
        cited = [answered(citation, dict, "citation") for citation in self.wire["citations"]]
        notes = [annotate(citation, self.start, self.progress.length) for citation in cited]
        return {"annotations": notes} if notes else None


class ThinkingBlock(OwnBlock):
    """Thoughts as they come, and at the end the whole block as it must go back: with its signature, byte for byte."""

    def begin(self) -> Json | None:
        return self.say(answered(self.wire.get("thinking", ""), str, "thinking"))

    def add(self, delta: Json) -> Json | None:
        kind = delta.get("type")
        if kind == "thinking_delta":
            return self.say(answered(delta.get("thinking"), str, "thinking"))
        if kind == "signature_delta":
            self.wire["signature"] = answered(delta.get("signature"), str, "signature")
        else:
            fold(self.wire, delta)
        return None

    def say(self, words: str) -> Json | None:
        self.words.append(words)
        return {"reasoning_content": words} if words else None

    def close(self) -> Json | None:
        if self.wire["type"] == "thinking":
            self.wire["thinking"] = "".join(self.words)
        return {"thinking_blocks": [self.wire]}


class ToolBlock(OwnBlock):
    """A tool call; its arguments pass as they come. `start` is its place among the calls."""

    def begin(self) -> Json | None:
        name = answered(self.wire.get("name"), str, "a tool's name")
        called = answered(self.wire.get("id"), str, "a tool's id")
        self.start = self.progress.calls
        self.progress.calls += 1
        extras = chosen(self.wire, TOOL_USE_EXTRAS)
        return self.call({"id": called, "type": "function", "function": {"name": name, "arguments": ""}, **extras})

    def add(self, delta: Json) -> Json | None:
        if delta.get("type") != "input_json_delta":
            return None
        words = answered(delta.get("partial_json"), str, "partial_json")
        if not words:
            return None
        self.words = [words]
        return self.say(words)

    def say(self, words: str) -> Json:
        return self.call({"function": {"arguments": words}})

    def call(self, call: Json) -> Json:
        return {"tool_calls": [{"index": self.start, **call}]}

    def close(self) -> Json | None:
        """A tool that takes nothing streams only `""`, which says `{}`.

        Some servers give the whole input at the start.
        """
        if self.words:
            return None
        return self.say(orjson.dumps(answered(self.wire.get("input", {}), dict, "input")).decode())


class JsonAnswerBlock(ToolBlock):
    """The call of the tool that stands for a JSON schema: its arguments are the answer."""

    def begin(self) -> Json | None:
        self.progress.json_answer = True
        return None

    def say(self, words: str) -> Json:
        self.progress.length += len(words)
        return {"content": words}


KINDS: Mapping[str, type[OwnBlock]] = {
    "text": TextBlock,
    "thinking": ThinkingBlock,
    "redacted_thinking": ThinkingBlock,
    "tool_use": ToolBlock,
}


def open_block(wire: Json, progress: Progress) -> OwnBlock:
    """The block that a `content_block_start` begins."""
    kind = KINDS.get(answered(wire.get("type"), str, "the type of a block"), OwnBlock)
    if kind is ToolBlock and wire.get("name") == JSON_TOOL:
        kind = JsonAnswerBlock
    return kind(wire, progress)


def fold(wire: Json, delta: Json) -> None:
    """A delta of an unknown type, laid on its block.

    Text is added to text, anything else takes the place of what was there.
    """
    for name, value in delta.items():
        held = wire.get(name)
        if name != "type":
            wire[name] = held + value if isinstance(held, str) and isinstance(value, str) else value


def load_input(text: str) -> object:
    try:
        value: object = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise broken("a tool's input is not JSON") from None
    return value
