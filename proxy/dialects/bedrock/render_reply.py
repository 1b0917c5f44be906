"""A unified reply as a Converse reply.

Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html (response).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from proxy.call import Failure, Json, Usage
from proxy.dialects.bedrock.citations import weave
from proxy.dialects.bedrock.media import IMAGES
from proxy.dialects.bedrock.reply import EXTRAS, FINISH_REASONS
from proxy.dialects.bedrock.thoughts import render_reply_thoughts
from proxy.dialects.bedrock.usage import render_usage
from proxy.dialects.openai.usage import parse_usage as parse_unified_usage
from proxy.dialects.parts import is_whole, parse_arguments, read_data_url, was_cut
from proxy.dialects.shape import answered, broken, chosen, some

#: finish_reason -> stopReason.
STOP_REASONS: Mapping[str, str] = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "function_call": "tool_use",
    "content_filter": "content_filtered",
}
#: What of a message makes blocks beside its text, or cuts it; `annotations`, which OpenAI's replies have empty, do so too.
BESIDE_TEXT = frozenset({"reasoning_content", "thinking_blocks", "provider_blocks", "images", "tool_calls"})
EXTRA_MEMBERS = frozenset(EXTRAS)
NATIVE_STOPS = frozenset({*FINISH_REASONS, "malformed_model_output", "malformed_tool_use"})


def render_reply(unified: Json, request: Json) -> Json:
    """Unified reply -> Converse reply, of the first choice: Converse has room for one."""
    choices = unified.get("choices")
    if not isinstance(choices, list) or not choices:
        raise broken("the reply has no choices")
    choice = choices[0]
    message = (choice if type(choice) is dict else answered(choice, dict, "a choice")).get("message")
    if type(message) is not dict:
        message = answered(message, dict, "a message")
    wire: Json = {
        "output": {"message": {"role": "assistant", "content": content_of(message, choice)}},
        "stopReason": stop_of(choice, bool(message.get("tool_calls"))),
        "usage": render_usage(parse_unified_usage(unified) or Usage()),
        "metrics": {"latencyMs": 0},
    }
    if not EXTRA_MEMBERS.isdisjoint(unified):
        wire |= chosen(unified, EXTRAS)
    if "service_tier" in unified:
        wire |= tier_of(unified)
    return wire


def tier_of(unified: Json) -> Json:
    tier = unified.get("service_tier")
    return {"serviceTier": {"type": tier}} if isinstance(tier, str) else {}


def content_of(message: Json, choice: Json) -> list[Json]:
    """The content blocks of a choice's message: thoughts, text, images, calls. A call that was cut is left out."""
    text = message.get("content") or message.get("refusal") or ""
    if type(text) is not str:
        text = answered(text, str, "content")
    if BESIDE_TEXT.isdisjoint(message) and not message.get("annotations"):
        return [{"text": text}] if text.strip() else []
    cut = was_cut(choice)
    woven = weave(text, message.get("annotations"), message.get("provider_blocks"))
    images = [block for image in some(message, "images") if (block := image_block(image)) is not None]
    calls = [call for call in some(message, "tool_calls") if not cut or is_whole(call)]
    return [*render_reply_thoughts(message), *woven, *images, *map(tool_use_of, calls)]


def image_block(image: Any) -> Json | None:
    """An output image as a block; None for what is not there by value, or of a kind that Converse does not know."""
    held = image.get("image_url") if isinstance(image, dict) else None
    url = held.get("url") if isinstance(held, dict) else None
    inline = read_data_url(url, "image_url.url") if isinstance(url, str) else None
    word = next((word for word, kind in IMAGES.items() if inline is not None and kind == inline.media_type), None)
    return None if inline is None or word is None else {"image": {"format": word, "source": {"bytes": inline.data}}}


def tool_use_of(call: Any) -> Json:
    function = answered(answered(call, dict, "a tool call").get("function"), dict, "a tool call's function")
    arguments = parse_arguments(function.get("arguments"))
    if arguments is None:
        raise Failure("provider_error", "the model's tool call has arguments that are not a JSON object")
    called = answered(call.get("id"), str, "a tool call's id")
    return {
        "toolUse": {
            "toolUseId": called,
            "name": answered(function.get("name"), str, "a tool's name"),
            "input": arguments,
        }
    }


def stop_of(choice: Json, called_tools: bool) -> str:
    """`stopReason`. Some providers end with `stop` although they called a tool."""
    finish, native = choice.get("finish_reason"), choice.get("native_finish_reason")
    if isinstance(native, str) and native in NATIVE_STOPS and not (finish == "stop" and native == "tool_use"):
        return native
    if finish == "stop":
        return "tool_use" if called_tools else "end_turn" if choice.get("stop_sequence") is None else "stop_sequence"
    return STOP_REASONS.get(str(finish), str(finish or "end_turn"))
