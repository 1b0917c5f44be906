"""A Converse reply as a unified reply.

Converse gives neither an id nor a model nor a date: whoever sends the reply fills them. Source:
https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html (response).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from proxy.call import Json
from proxy.dialects.bedrock.blocks import only_text
from proxy.dialects.bedrock.citations import annotate
from proxy.dialects.bedrock.errors import failure_of, words_of
from proxy.dialects.bedrock.fields import NAME
from proxy.dialects.bedrock.json_text import json_text
from proxy.dialects.bedrock.media import IMAGES
from proxy.dialects.bedrock.thoughts import parse_thought
from proxy.dialects.bedrock.usage import parse_usage
from proxy.dialects.openai.usage import render_usage as render_unified_usage
from proxy.dialects.parts import JSON_TOOL
from proxy.dialects.shape import answered, broken, some

#: stopReason -> finish_reason. What is not here (`malformed_tool_use`, a reason not yet invented) is passed on as it is.
FINISH_REASONS: Mapping[str, str] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "guardrail_intervened": "content_filter",
    "content_filtered": "content_filter",
}
#: Members of a reply that have no unified word and keep their name.
EXTRAS = ("additionalModelResponseFields", "metrics", "trace", "performanceConfig")


@dataclass(slots=True)
class Parts:
    """A reply's content, block by block."""

    texts: list[str] = field(default_factory=list)
    length: int = 0
    thoughts: list[str] = field(default_factory=list)
    thinking: list[Json] = field(default_factory=list)
    calls: list[Json] = field(default_factory=list)
    annotations: list[Json] = field(default_factory=list)
    images: list[Json] = field(default_factory=list)
    own: list[Json] = field(default_factory=list)
    answered_by_tool: bool = False

    def say(self, text: str) -> None:
        self.texts.append(text)
        self.length += len(text)


def take_text(parts: Parts, text: Any) -> None:
    parts.say(answered(text, str, "the text of a block"))


def take_cited(parts: Parts, cited: Any) -> None:
    start = parts.length
    for piece in some(answered(cited, dict, "citationsContent"), "content"):
        parts.say(str(answered(piece, dict, "a piece of citationsContent").get("text") or ""))
    for citation in some(cited, "citations"):
        parts.annotations.append(annotate(answered(citation, dict, "a citation"), start, parts.length))


def take_thought(parts: Parts, reasoning: Any) -> None:
    words, block = parse_thought(answered(reasoning, dict, "reasoningContent"))
    parts.thoughts.append(words)
    if block is not None:
        parts.thinking.append(block)


def take_tool_use(parts: Parts, tool: Any) -> None:
    tool = answered(tool, dict, "toolUse")
    if tool.get("type") == "server_tool_use":
        return take_own(parts, {"toolUse": tool})
    arguments = json_text(answered(tool.get("input"), dict, "a tool's input"), broken("a tool's input is too deep"))
    if tool.get("name") == JSON_TOOL:
        parts.answered_by_tool = True
        return parts.say(arguments)
    function = {"name": answered(tool.get("name"), str, "a tool's name"), "arguments": arguments}
    called = answered(tool.get("toolUseId"), str, "a tool's id")
    parts.calls.append({"id": called, "type": "function", "function": function})
    return None


def take_image(parts: Parts, image: Any) -> None:
    unified = image_of(answered(image, dict, "image"))
    if unified is None:
        take_own(parts, {"image": image})
    else:
        parts.images.append(unified)


def image_of(image: Json) -> Json | None:
    """An image by value; None for one that lies in S3 or could not be made."""
    source = image.get("source")
    data = source.get("bytes") if isinstance(source, dict) else None
    media_type = IMAGES.get(str(image.get("format")))
    if not isinstance(data, str) or media_type is None:
        return None
    return {"type": "image_url", "image_url": {"url": f"data:{media_type};base64,{data}"}}


def take_own(parts: Parts, block: Json) -> None:
    parts.own.append({"at": parts.length, "block": block, "dialect": NAME})


TAKERS: Mapping[str, Callable[[Parts, Any], None]] = {
    "text": take_text,
    "citationsContent": take_cited,
    "reasoningContent": take_thought,
    "toolUse": take_tool_use,
    "image": take_image,
}


def is_answer(wire: Json) -> bool:
    """An output, and how it ended."""
    return isinstance(wire.get("output"), dict) and isinstance(wire.get("stopReason"), str)


def parse_reply(wire: Json) -> Json:
    """Converse reply -> unified reply. Failure for an error inside a 200, or for anything that holds no message."""
    content = content_of(wire)
    text = only_text(content)
    if text is not None:
        message: Json = {"role": "assistant", "content": text, "refusal": None}
        answered_by_tool = False
    else:
        message, answered_by_tool = parse_content(content)
    finish = finish_of(wire.get("stopReason"), answered_by_tool, bool(message.get("tool_calls")))
    unified: Json = {
        "id": "",
        "object": "chat.completion",
        "created": 0,
        "model": "",
        "choices": [{"index": 0, "message": message, **finish}],
    }
    usage = parse_usage(wire)
    if usage is not None:
        unified["usage"] = render_unified_usage(usage)
    return unified | extras_of(wire)


def content_of(wire: Any) -> list[Any]:
    if not isinstance(wire, dict):
        raise broken("the reply is not an object")
    output = wire.get("output")
    if output is None and words_of(wire):
        raise failure_of(None, words_of(wire))
    held = (output if type(output) is dict else answered(output, dict, "output")).get("message")
    content = held.get("content") if type(held) is dict else None
    return content if type(content) is list else some(answered(held, dict, "message"), "content")


def extras_of(wire: Json) -> Json:
    extras: Json = {}
    for name in EXTRAS:
        if name in wire and wire[name] is not None:
            extras[name] = wire[name]
    tier = wire.get("serviceTier")
    word = tier.get("type") if isinstance(tier, dict) else None
    if isinstance(word, str):
        extras["service_tier"] = word
    return extras


def parse_content(content: list[Any]) -> tuple[Json, bool]:
    """The message that the blocks make, and whether a tool's call was the answer."""
    parts = Parts()
    for block in content:
        kind = next((name for name in TAKERS if name in answered(block, dict, "a block")), None)
        if kind is None:
            take_own(parts, block)
        else:
            TAKERS[kind](parts, block[kind])
    message: Json = {"role": "assistant", "content": "".join(parts.texts) if parts.texts else None, "refusal": None}
    beside = {
        "reasoning_content": "".join(parts.thoughts),
        "thinking_blocks": parts.thinking,
        "tool_calls": parts.calls,
        "annotations": parts.annotations,
        "images": parts.images,
        "provider_blocks": parts.own,
    }
    message |= {name: value for name, value in beside.items() if value}
    return message, parts.answered_by_tool and not parts.calls


def finish_of(native: Any, answered_by_tool: bool, called: bool) -> Json:
    """How it ended, in unified words, and Bedrock's own beside them."""
    native = native if isinstance(native, str) and native else None
    finish = FINISH_REASONS.get(native or "", native)
    if answered_by_tool and native == "tool_use":
        finish = "stop"
    elif called and native == "end_turn":
        finish = "tool_calls"
    return {"finish_reason": finish, "native_finish_reason": native}
