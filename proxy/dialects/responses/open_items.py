"""The items of a stream's output while they are open: what each adds to the unified delta, and what is left when it is done.

One class for each kind of item; all have `begin`, `add` and `close`, which give a unified `delta` or None. They refuse to
know chunks. Source: https://platform.openai.com/docs/api-reference/responses-streaming.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from proxy.call import Json
from proxy.dialects.responses.notes import parse_note
from proxy.dialects.responses.order import entry_of
from proxy.dialects.responses.reply import Parts, extras_of, parse_call
from proxy.dialects.responses.thoughts import GAP, thought_of, unpack
from proxy.dialects.responses.turns import CALLS, parse_image
from proxy.dialects.shape import answered


@dataclass(slots=True)
class Progress:
    """How far the answer has come: characters of content, thoughts, tool calls, and what the first message is besides."""

    length: int = 0
    thoughts: int = 0
    calls: int = 0
    thinking: bool = False
    extras: Json = field(default_factory=dict)


class OpenItem:
    """An item of the provider's own, whole at its end."""

    __slots__ = ("progress", "wire")

    def __init__(self, wire: Json, progress: Progress) -> None:
        self.wire = wire
        self.progress = progress

    def begin(self) -> Json | None:
        return None

    def add(self, payload: Json) -> Json | None:
        return None

    def close(self, item: Json) -> Json | None:
        return {"provider_blocks": [entry_of(item, self.progress.length, self.progress.thoughts)]}


class ImageItem(OpenItem):
    __slots__ = ()

    def close(self, item: Json) -> Json | None:
        image = parse_image(item)
        return super().close(item) if image is None else {"images": [image]}


class MessageItem(OpenItem):
    """Text and refusals. A part's annotations count from where its text begins, which is where the text before it has ended."""

    __slots__ = ("noted", "part", "spoken", "start")

    def __init__(self, wire: Json, progress: Progress) -> None:
        super().__init__(wire, progress)
        self.spoken = self.noted = False
        self.part: object = 0
        self.start = progress.length

    def hear(self, words: str) -> None:
        self.spoken = True
        self.progress.length += len(words)

    def add(self, payload: Json) -> Json | None:
        if payload["type"] == "response.output_text.annotation.added":
            self.noted = True
            return {"annotations": [parse_note(payload.get("annotation"), self.start)]}
        words = answered(payload.get("delta"), str, "delta")
        if payload["type"] == "response.refusal.delta":
            self.spoken = True
            return {"refusal": words} if words else None
        if payload.get("content_index") != self.part:
            self.part, self.start = payload.get("content_index"), self.progress.length
        self.hear(words)
        return {"content": words} if words else None

    def close(self, item: Json) -> Json | None:
        """What was not said before: of some servers all of it, of others the annotations."""
        if not self.progress.extras:
            self.progress.extras = extras_of(item)
        parts = Parts(length=self.start)
        parts.take_message(item)
        said: Json = {}
        if not self.spoken:
            self.progress.length += parts.length - self.start
            whole = {"content": "".join(parts.texts), "refusal": "".join(parts.refusals)}
            said = {name: words for name, words in whole.items() if words}
        if not self.noted and parts.notes:
            said["annotations"] = parts.notes
        return said or None


class ReasoningItem(OpenItem):
    """Thoughts as they come, and at the end the item as it must go back. Between its parts a blank line."""

    __slots__ = ("place",)

    def __init__(self, wire: Json, progress: Progress) -> None:
        super().__init__(wire, progress)
        self.place: tuple[object, object] | None = None

    def add(self, payload: Json) -> Json | None:
        words = answered(payload.get("delta"), str, "delta")
        place = (payload.get("summary_index"), payload.get("content_index"))
        if not words:
            return None
        gap = GAP if place != self.place and self.progress.thinking else ""
        self.place, self.progress.thinking = place, True
        return {"reasoning_content": gap + words}

    def close(self, item: Json) -> Json | None:
        self.progress.thoughts += 1
        block = unpack(item)
        words = "" if self.place else thought_of(block)
        if not words:
            return {"thinking_blocks": [block]}
        gap = GAP if self.progress.thinking else ""
        self.progress.thinking = True
        return {"reasoning_content": gap + words, "thinking_blocks": [block]}


class CallItem(OpenItem):
    """A tool call; its arguments pass as they come. Some servers send them only when they are whole."""

    __slots__ = ("heard", "kind", "place", "words")

    def begin(self) -> Json | None:
        self.kind, self.words = CALLS[self.wire["type"]]
        self.place = self.progress.calls
        self.progress.calls += 1
        call = parse_call(self.wire)
        self.heard = bool(call[self.kind][self.words])
        return {"tool_calls": [{"index": self.place, **call}]}

    def add(self, payload: Json) -> Json | None:
        if payload["type"].endswith(".delta"):
            return self.say(answered(payload.get("delta"), str, "delta"))
        return None if self.heard else self.say(answered(payload.get(self.words), str, self.words))

    def say(self, words: str) -> Json | None:
        if not words:
            return None
        self.heard = True
        return {"tool_calls": [{"index": self.place, self.kind: {self.words: words}}]}

    def close(self, item: Json) -> Json | None:
        return None if self.heard else self.say(answered(item.get(self.words) or "", str, self.words))


KINDS: Mapping[str, type[OpenItem]] = {
    "message": MessageItem,
    "reasoning": ReasoningItem,
    "function_call": CallItem,
    "custom_tool_call": CallItem,
    "image_generation_call": ImageItem,
}


def open_item(wire: object, progress: Progress) -> OpenItem:
    """The item that `response.output_item.added` begins."""
    item = answered(wire, dict, "item")
    return KINDS.get(answered(item.get("type"), str, "the type of an item"), OpenItem)(item, progress)
