"""A response as a unified reply. The items of its output become one message.

Source: https://platform.openai.com/docs/api-reference/responses/object.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from proxy.call import Json
from proxy.dialects.openai.usage import render_usage
from proxy.dialects.responses.content import carry
from proxy.dialects.responses.errors import failure_in
from proxy.dialects.responses.fields import EXTRAS
from proxy.dialects.responses.notes import parse_note
from proxy.dialects.responses.order import entry_of
from proxy.dialects.responses.thoughts import GAP, thought_of, unpack
from proxy.dialects.responses.turns import CALLS, parse_image
from proxy.dialects.responses.usage import parse_usage
from proxy.dialects.shape import answered, broken, some

#: Why a response is incomplete -> finish_reason. What is not here is passed on as it is.
FINISH_REASONS: Mapping[str, str] = {"max_output_tokens": "length", "content_filter": "content_filter"}
#: Statuses in which the model has finished.
FINISHED = ("completed", "incomplete", None)
FAILED = ("failed", "cancelled")


@dataclass(slots=True)
class Parts:
    """What the output says, item by item."""

    texts: list[str] = field(default_factory=list)
    length: int = 0
    refusals: list[str] = field(default_factory=list)
    thoughts: list[Json] = field(default_factory=list)
    calls: list[Json] = field(default_factory=list)
    notes: list[Json] = field(default_factory=list)
    logprobs: list[Json] = field(default_factory=list)
    images: list[Json] = field(default_factory=list)
    own: list[Json] = field(default_factory=list)
    extras: Json = field(default_factory=dict)

    def take(self, item: Any) -> None:
        kind = answered(answered(item, dict, "an output item").get("type"), str, "the type of an output item")
        TAKERS.get(kind, Parts.take_own)(self, item)

    def take_message(self, item: Json) -> None:
        for part in some(item, "content"):
            kind = answered(part, dict, "a part").get("type")
            if kind == "refusal":
                self.refusals.append(answered(part.get("refusal"), str, "a refusal"))
            elif kind == "output_text":
                self.take_text(part)
        self.extras = self.extras or extras_of(item)

    def take_text(self, part: Json) -> None:
        text = answered(part.get("text"), str, "the text of a part")
        self.notes += [parse_note(note, self.length) for note in some(part, "annotations")]
        self.logprobs += [entry for entry in some(part, "logprobs") if isinstance(entry, dict)]
        self.texts.append(text)
        self.length += len(text)

    def take_reasoning(self, item: Json) -> None:
        self.thoughts.append(unpack(item))

    def take_call(self, item: Json) -> None:
        self.calls.append(parse_call(item))

    def take_image(self, item: Json) -> None:
        image = parse_image(item)
        if image is None:
            self.take_own(item)
        else:
            self.images.append(image)

    def take_own(self, item: Json) -> None:
        self.own.append(entry_of(item, self.length, len(self.thoughts)))

    def message(self) -> Json:
        content = "".join(self.texts) if self.texts else None
        refusal = "".join(self.refusals) if self.refusals else None
        lists = {
            "reasoning_content": GAP.join(filter(None, map(thought_of, self.thoughts))),
            "thinking_blocks": self.thoughts,
            "tool_calls": self.calls,
            "annotations": self.notes,
            "images": self.images,
            "provider_blocks": self.own,
            EXTRAS: self.extras,
        }
        said = {name: value for name, value in lists.items() if value}
        return {"role": "assistant", "content": content, "refusal": refusal, **said}


TAKERS: Mapping[str, Callable[[Parts, Json], None]] = {
    "message": Parts.take_message,
    "reasoning": Parts.take_reasoning,
    "function_call": Parts.take_call,
    "custom_tool_call": Parts.take_call,
    "image_generation_call": Parts.take_image,
}


def parse_call(item: Json) -> Json:
    """A call; the item's own id goes with it, for it to return exactly. Some servers spell it `item_id` and add its place."""
    kind, words = CALLS[item["type"]]
    said = {"name": answered(item.get("name"), str, "a tool's name"), words: item.get(words) or ""}
    answered(said[words], str, f"a call's {words}")
    called = {"id": answered(item.get("call_id"), str, "a call's id"), "type": kind, kind: said}
    return carry(called, item, ("type", "call_id", "name", words, "status", "item_id", "output_index"))


def extras_of(item: Json) -> Json:
    """What a message item is besides: its id, its phase. A status is new with every turn."""
    extras: Json = carry({}, item, ("type", "role", "content", "status")).get(EXTRAS, {})
    return extras


def parse_reply(wire: Json) -> Json:
    """Response -> unified reply. Failure for one that has failed, that is not finished, or that is no response."""
    if not isinstance(wire, dict):
        raise broken("the reply is not an object")
    check_status(wire)
    parts = Parts()
    for item in answered(wire.get("output"), list, "output"):
        parts.take(item)
    choice = {"index": 0, "message": parts.message(), **finish_of(wire, bool(parts.calls))}
    if parts.logprobs:
        choice["logprobs"] = {"content": parts.logprobs, "refusal": None}
    reply = {**head_of_reply(wire, "chat.completion"), "choices": [choice]}
    usage = parse_usage(wire)
    if usage is not None:
        reply["usage"] = render_usage(usage)
    return reply


def check_status(wire: Json) -> None:
    status = wire.get("status")
    if status in FAILED or (wire.get("error") and status not in FINISHED):
        raise failure_in(wire)
    if status not in FINISHED:
        raise broken(f"the response is not finished: {str(status)[:40]}")
    if wire.get("error"):
        raise failure_in(wire)


def head_of_reply(wire: Json, kind: str) -> Json:
    """What a reply and every chunk begin with."""
    created = wire.get("created_at")
    head: Json = {
        "id": answered(wire.get("id"), str, "id"),
        "object": kind,
        "created": int(created) if isinstance(created, int | float) and abs(created) < 1e12 else 0,
        "model": answered(wire.get("model"), str, "model"),
    }
    tier = wire.get("service_tier")
    return {**head, "service_tier": tier} if isinstance(tier, str) else head


def finish_of(response: Json, called: bool) -> Json:
    """How it ended, in unified words, and the provider's own beside them."""
    details = response.get("incomplete_details")
    reason = details.get("reason") if isinstance(details, dict) else None
    if response.get("status") == "incomplete" or reason is not None:
        reason = reason if isinstance(reason, str) and reason else "incomplete"
        return {"finish_reason": FINISH_REASONS.get(reason, reason), "native_finish_reason": reason}
    return {"finish_reason": "tool_calls" if called else "stop", "native_finish_reason": response.get("status")}
