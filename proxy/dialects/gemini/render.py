"""A unified reply as a generateContent reply.

Thoughts that another provider signed are packed (packed.py), so that they come back with the next turn. Source:
https://ai.google.dev/api/generate-content#GenerateContentResponse.
"""

from __future__ import annotations

from typing import Any

from proxy.call import Json
from proxy.dialects.gemini.finish import reason_of
from proxy.dialects.gemini.grounding import grounding_of
from proxy.dialects.gemini.logprobs import render_logprobs
from proxy.dialects.gemini.messages import own_parts, sign
from proxy.dialects.gemini.packed import pack_thinking
from proxy.dialects.gemini.reply import EXTRAS
from proxy.dialects.gemini.usage import render_usage
from proxy.dialects.gemini.weave import insert, weave
from proxy.dialects.ids import signature_of, unpack_signature
from proxy.dialects.openai.reply import parse_usage
from proxy.dialects.parts import Inline, parse_arguments, read_data_url
from proxy.dialects.shape import answered, broken, chosen, some


def render_reply(unified: Json, request: Json) -> Json:
    """Unified reply -> generateContent reply, every choice a candidate. Failure when it cannot be said."""
    choices = unified.get("choices")
    if not isinstance(choices, list) or not choices:
        raise broken("the reply has no choices")
    wire: Json = {}
    if not isinstance(unified.get("promptFeedback"), dict):
        wire["candidates"] = [candidate_of(answered(choice, dict, "a choice"), at) for at, choice in enumerate(choices)]
    usage = parse_usage(unified)
    if usage is not None:
        wire["usageMetadata"] = render_usage(usage)
    model = unified.get("model") or request.get("model")
    return {
        **wire,
        "modelVersion": str(model or ""),
        "responseId": str(unified.get("id") or ""),
        **chosen(unified, EXTRAS),
    }


def candidate_of(choice: Json, place: int) -> Json:
    message = answered(choice.get("message"), dict, "a message")
    parts = parts_of(message)
    ended = reason_of(choice)
    text = message.get("content")
    if "groundingMetadata" not in ended and isinstance(text, str):
        ended |= named("groundingMetadata", grounding_of(message.get("annotations"), text))
    ended |= named("logprobsResult", render_logprobs(choice.get("logprobs")))
    index = choice.get("index")
    return {"content": {"parts": parts, "role": "model"}, **ended, "index": index if type(index) is int else place}


def named(name: str, value: Json | None) -> Json:
    return {name: value} if value else {}


def parts_of(message: Json) -> list[Json]:
    """Thoughts, words with Google's own parts in between, pictures, calls. What Google itself declined in has no words."""
    text = answered(message.get("content") or message.get("refusal") or "", str, "content")
    own, _ = own_parts(message)
    parts = [part for part in weave(text, own) if part != {"text": ""}]
    signature = signature_of(message)
    if signature is not None:
        parts = sign(parts, signature)
    calls = [call_of(answered(call, dict, "a tool call")) for call in some(message, "tool_calls")]
    return [*thoughts_of(message), *parts, *map(image_of, some(message, "images")), *insert(calls, own, "calls")]


def thoughts_of(message: Json) -> list[Json]:
    """What was thought in words, and every signed block of it on an empty thought."""
    words = message.get("reasoning_content")
    said: list[Json] = [{"text": answered(words, str, "reasoning_content"), "thought": True}] if words else []
    return said + [packed(block) for block in some(message, "thinking_blocks")]


def packed(block: Any) -> Json:
    block = answered(block, dict, "a thinking block")
    return {"text": "", "thought": True, "thoughtSignature": pack_thinking(block)}


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
