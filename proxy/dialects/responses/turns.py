"""The items of a Responses request's `input` as unified messages.

Items of one turn of the assistant (reasoning, what it said, calls, what ran at the provider) become one message, as the chat
API has it, until something stands out of its order: then another begins. But never between a call and its result. Items
without a unified word are carried whole in `provider_blocks`. Source:
https://platform.openai.com/docs/api-reference/responses/create (input).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from proxy.call import Json
from proxy.dialects.responses.content import carry, parse_part
from proxy.dialects.responses.fields import EXTRAS
from proxy.dialects.responses.notes import parse_note
from proxy.dialects.responses.order import entry_of
from proxy.dialects.responses.thoughts import GAP, thought_of, unpack
from proxy.dialects.shape import asked, wrong

CUSTOM_RESULT = "custom_tool_call_output"
ROLES = ("user", "system", "developer")


#: Type of an item that is a call -> the unified member, and what that member says.
CALLS: Mapping[str, tuple[str, str]] = {
    "function_call": ("function", "arguments"),
    "custom_tool_call": ("custom", "input"),
}


class Words(NamedTuple):
    """What an assistant's message says."""

    content: str | None = None
    refusal: str | None = None
    annotations: list[Json] | None = None


class Turn:
    """One message of the assistant while it grows. What it says is put together when it is done."""

    __slots__ = ("length", "message", "refusals", "texts")

    def __init__(self) -> None:
        self.message: Json = {"role": "assistant", "content": None}
        self.texts: list[str] = []
        self.refusals: list[str] = []
        self.length = 0

    @property
    def has_spoken(self) -> bool:
        return bool(self.texts or self.refusals)

    @property
    def is_over(self) -> bool:
        """Whether more words would be another message. While calls wait for their results they are not."""
        return self.has_spoken and "tool_calls" not in self.message

    def hear(self, words: Words) -> None:
        self.texts += [] if words.content is None else [words.content]
        self.refusals += [] if words.refusal is None else [words.refusal]
        self.length += len(words.content or "")
        if words.annotations:
            self.message.setdefault("annotations", []).extend(words.annotations)

    def end(self) -> None:
        thoughts = GAP.join(filter(None, map(thought_of, self.message.get("thinking_blocks", ()))))
        if thoughts:
            self.message["reasoning_content"] = thoughts
        if self.texts:
            self.message["content"] = "".join(self.texts)
        if self.refusals:
            self.message["refusal"] = "".join(self.refusals)


class Turns:
    """The messages so far; `end` when there are no more items. `references` tells whether an item was only named, `results`
    where the call of a result is named.
    """

    __slots__ = ("_open", "messages", "references", "results")

    def __init__(self) -> None:
        self.messages: list[Json] = []
        self.references = False
        self.results: dict[int, str] = {}
        #: The assistant's message that may still grow.
        self._open: Turn | None = None

    def add(self, item: Any, path: str) -> None:
        kind = asked(item, dict, path).get("type")
        if kind is None and "role" not in item:
            raise wrong(f"{path}.type", "must be a string")
        take = TAKERS.get("message" if kind is None else asked(kind, str, f"{path}.type"), Turns.take_own)
        take(self, item, path)

    def end(self) -> None:
        if self._open is not None:
            self._open.end()
            self._open = None

    def say(self, message: Json) -> None:
        self.end()
        self.messages.append(message)

    def turn(self, words: bool = False) -> Turn:
        """The assistant's turn; another one where `words`, or the thoughts before them, would come after its own."""
        if self._open is None or (words and self._open.is_over):
            self.end()
            self._open = Turn()
            self.messages.append(self._open.message)
        return self._open

    def take_message(self, item: Json, path: str) -> None:
        role = asked(item.get("role"), str, f"{path}.role")
        if role == "assistant":
            self.take_words(item, path)
            return
        if role not in ROLES:
            raise wrong(f"{path}.role", f"must be one of {', '.join(ROLES)}, assistant")
        said = parse_content(item.get("content"), f"{path}.content")
        self.say(carry({"role": role, **said}, item, ("type", "role", "content")))

    def take_words(self, item: Json, path: str) -> None:
        turn = self.turn(words=True)
        words = parse_words(item.get("content"), f"{path}.content", turn.length)
        if words is None:
            self.take_own(item, path)
            return
        if not turn.has_spoken:
            turn.message |= carry({}, item, ("type", "role", "content"))
        turn.hear(words)

    def take_reasoning(self, item: Json, path: str) -> None:
        self.turn(words=True).message.setdefault("thinking_blocks", []).append(unpack(item))

    def take_call(self, item: Json, path: str) -> None:
        kind, words = CALLS[item["type"]]
        said = {name: asked(item.get(name), str, f"{path}.{name}") for name in ("name", words)}
        call = {"id": asked(item.get("call_id"), str, f"{path}.call_id"), "type": kind, kind: said}
        call = carry(call, item, ("type", "call_id", "name", words))
        self.turn().message.setdefault("tool_calls", []).append(call)

    def take_result(self, item: Json, path: str) -> None:
        called = asked(item.get("call_id"), str, f"{path}.call_id")
        said = parse_content(item.get("output"), f"{path}.output")
        message = {"role": "tool", "tool_call_id": called, **said}
        named = () if item["type"] == CUSTOM_RESULT else ("type",)
        self.results[len(self.messages)] = f"{path}.call_id"
        self.say(carry(message, item, ("call_id", "output", *named)))

    def take_image(self, item: Json, path: str) -> None:
        """An image that the provider made. Without its content it is but a name."""
        image = parse_image(item)
        if image is None:
            self.take_own(item, path)
        else:
            self.turn().message.setdefault("images", []).append(image)

    def take_reference(self, item: Json, path: str) -> None:
        self.references = True
        self.take_own(item, path)

    def take_own(self, item: Json, path: str) -> None:
        turn = self.turn()
        entry = entry_of(item, turn.length, len(turn.message.get("thinking_blocks", ())))
        turn.message.setdefault("provider_blocks", []).append(entry)


TAKERS: Mapping[str, Callable[[Turns, Json, str], None]] = {
    "message": Turns.take_message,
    "reasoning": Turns.take_reasoning,
    "function_call": Turns.take_call,
    "custom_tool_call": Turns.take_call,
    "function_call_output": Turns.take_result,
    CUSTOM_RESULT: Turns.take_result,
    "image_generation_call": Turns.take_image,
    "item_reference": Turns.take_reference,
}


def parse_image(item: Json) -> Json | None:
    """The image that an `image_generation_call` made; None when it holds none."""
    data = item.get("result")
    if not isinstance(data, str) or not data:
        return None
    form = item.get("output_format")
    url = f"data:image/{form if isinstance(form, str) else 'png'};base64,{data}"
    extras = {name: value for name, value in item.items() if name != "result"}
    return {"type": "image_url", "image_url": {"url": url}, EXTRAS: extras}


def parse_content(content: Any, path: str) -> Json:
    """`content`, and beside it `provider_blocks` where there are parts without a unified word."""
    if isinstance(content, str):
        return {"content": content}
    parts: list[Json] = []
    own: list[Json] = []
    for index, wire in enumerate(asked(content, list, path)):
        asked(asked(wire, dict, f"{path}[{index}]").get("type"), str, f"{path}[{index}].type")
        part = parse_part(wire, f"{path}[{index}]")
        if part is None:
            own.append(entry_of(wire, len(parts), 0))
        else:
            parts.append(part)
    return {"content": parts, "provider_blocks": own} if own else {"content": parts}


def parse_words(content: Any, path: str, offset: int) -> Words | None:
    """`offset`: characters that stand before. None when there is a part without a unified word."""
    if isinstance(content, str):
        return Words(content)
    said: dict[str, list[str]] = {"text": [], "refusal": []}
    notes: list[Json] = []
    for index, part in enumerate(asked(content, list, path)):
        here = f"{path}[{index}]"
        kind = asked(asked(part, dict, here).get("type"), str, f"{here}.type")
        if kind not in WORDS:
            return None
        member = WORDS[kind]
        found = part.get("annotations")
        for note in [] if found is None else asked(found, list, f"{here}.annotations"):
            notes.append(parse_note(asked(note, dict, f"{here}.annotations"), offset))
        said[member].append(asked(part.get(member), str, f"{here}.{member}"))
        offset += len(part[member]) if member == "text" else 0
    text, refusal = ("".join(words) if words else None for words in said.values())
    return Words("" if text is None and refusal is None else text, refusal, notes or None)


#: Type of a part of what the assistant said -> the member that holds its words.
WORDS: Mapping[str, str] = {"output_text": "text", "input_text": "text", "text": "text", "refusal": "refusal"}
