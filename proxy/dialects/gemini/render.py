"""A unified reply as a generateContent reply.

Thoughts that another provider signed are packed (packed.py), so that they come back with the next turn. Source:
https://ai.google.dev/api/generate-content#GenerateContentResponse.
"""

from __future__ import annotations

from typing import Any

from proxy.call import Json
from proxy.dialects.gemini.finish import blocked, reason_of
from proxy.dialects.gemini.grounding import grounding_of
from proxy.dialects.gemini.logprobs import render_logprobs
from proxy.dialects.gemini.messages import own_parts, sign
from proxy.dialects.gemini.packed import pack_thinking
from proxy.dialects.gemini.reply import EXTRAS
from proxy.dialects.gemini.usage import render_usage
from proxy.dialects.gemini.weave import insert, weave
from proxy.dialects.ids import signature_of, unpack_signature
from proxy.dialects.openai.usage import parse_usage
from proxy.dialects.parts import Inline, parse_arguments, read_data_url
from proxy.dialects.shape import answered, broken, some


def render_reply(unified: Json, request: Json) -> Json:
    """Unified reply -> generateContent reply, every choice a candidate. Failure when it cannot be said."""
    choices = unified.get("choices")
    if not isinstance(choices, list) or not choices:
        raise broken("the reply has no choices")
    wire: Json = {}
    if "promptFeedback" not in unified or blocked(unified["promptFeedback"]) is None:
        candidates = wire["candidates"] = []
        for at, choice in enumerate(choices):
            candidates.append(candidate_of(choice, at))
    usage = parse_usage(unified)
    if usage is not None:
        wire["usageMetadata"] = render_usage(usage)
    wire["modelVersion"] = str(unified.get("model") or request.get("model") or "")
    wire["responseId"] = str(unified.get("id") or "")
    for name in EXTRAS:
        if name in unified and unified[name] is not None:
            wire[name] = unified[name]
    return wire


def candidate_of(choice: Any, place: int) -> Json:
    if type(choice) is not dict or type(message := choice.get("message")) is not dict:
        message = answered(answered(choice, dict, "a choice").get("message"), dict, "a message")
    content = {"parts": parts_of(message, choice), "role": "model"}
    ended = reason_of(choice)
    if message.get("annotations") and "groundingMetadata" not in ended:
        text = message.get("content")
        ended |= named("groundingMetadata", grounding_of(message["annotations"], text)) if isinstance(text, str) else {}
    if choice.get("logprobs"):
        ended |= named("logprobsResult", render_logprobs(choice["logprobs"]))
    index = choice.get("index")
    return {"content": content, **ended, "index": index if type(index) is int else place}


def named(name: str, value: Json | None) -> Json:
    return {name: value} if value else {}


#: Members of a message that says no more than its words.
BARE = frozenset({"role", "content", "refusal"})


def parts_of(message: Json, choice: Json) -> list[Json]:
    """The words of a message, and all else if there is any. What Google itself declined in has no words."""
    text = message.get("content") or message.get("refusal") or ""
    if not text or type(text) is not str:
        return all_parts(message, choice)
    for name, value in message.items():
        if value and name not in BARE:
            return all_parts(message, choice)
    return [{"text": text}]


def all_parts(message: Json, choice: Json) -> list[Json]:
    """Thoughts, words with Google's own parts in between, pictures, calls."""
    text = answered(message.get("content") or message.get("refusal") or "", str, "content")
    own, _ = own_parts(message)
    parts = [part for part in weave(text, own) if part != {"text": ""}]
    signature = signature_of(message)
    if signature is not None:
        parts = sign(parts, signature)
    calls = insert(calls_of(some(message, "tool_calls"), is_cut(choice)), own, "calls")
    return [*thoughts_of(message), *parts, *map(image_of, some(message, "images")), *calls]


def thoughts_of(message: Json) -> list[Json]:
    """What was thought in words, and every signed block of it on an empty thought."""
    words = message.get("reasoning_content")
    said: list[Json] = [{"text": answered(words, str, "reasoning_content"), "thought": True}] if words else []
    return said + [packed(block) for block in some(message, "thinking_blocks")]


def packed(block: Any) -> Json:
    block = answered(block, dict, "a thinking block")
    return {"text": "", "thought": True, "thoughtSignature": pack_thinking(block)}


def is_cut(choice: Json) -> bool:
    """Whether the model was stopped at the limit, maybe in the middle of a call."""
    return choice.get("finish_reason") == "length"


def calls_of(calls: list[Any], cut: bool) -> list[Json]:
    """Google's form has no half of a call: one that the limit has cut is left out. The last may be cut before its arguments."""
    last = len(calls) - 1
    listed = [answered(call, dict, "a tool call") for call in calls]
    return [call_of(call) for at, call in enumerate(listed) if not (cut and is_unfinished(call, at == last))]


def is_unfinished(call: Json, is_last: bool) -> bool:
    function = call.get("function")
    arguments = function.get("arguments") if isinstance(function, dict) else None
    return parse_arguments(arguments) is None or (is_last and arguments == "")


def call_of(call: Json) -> Json:
    """A call with its signature in the open: here it need not travel in the id."""
    function = answered(call.get("function"), dict, "a tool call's function")
    arguments = parse_arguments(function.get("arguments"))
    if arguments is None:
        raise broken("the model's tool call has arguments that are not a JSON object")
    said: Json = {"name": answered(function.get("name"), str, "a tool's name"), "args": arguments}
    called, packed_in = unpack_signature(answered(call.get("id") or "", str, "a tool call's id"))
    said |= {"id": called} if called else {}
    signature = signature_of(call) or packed_in
    return {"functionCall": said} if signature is None else {"functionCall": said, "thoughtSignature": signature}


def image_of(image: Any) -> Json:
    source = answered(answered(image, dict, "an image").get("image_url"), dict, "an image's address")
    inline = data_of(answered(source.get("url"), str, "an image's address"))
    said = {"inlineData": {"mimeType": inline.media_type, "data": inline.data}}
    signature = signature_of(image)
    return said if signature is None else {**said, "thoughtSignature": signature}


def data_of(url: str) -> Inline:
    inline = read_data_url(url, "an image")
    if inline is None:
        raise broken("an image of the answer is not there by value")
    return inline
