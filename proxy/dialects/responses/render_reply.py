"""A unified reply as a response, of the first choice: there is room for one.

Source: https://platform.openai.com/docs/api-reference/responses/object.
"""

from __future__ import annotations

from itertools import count
from typing import Any

from proxy.call import Json
from proxy.dialects.openai.usage import parse_usage
from proxy.dialects.responses.fields import EXTRAS
from proxy.dialects.responses.notes import render_notes
from proxy.dialects.responses.order import arrange, read_own
from proxy.dialects.responses.output import (
    call_item,
    echo,
    finished,
    image_item,
    item_id,
    message_item,
    reason_of,
    refusal_part,
    response_of,
    text_part,
)
from proxy.dialects.responses.thoughts import render_item, summary_of
from proxy.dialects.shape import answered, broken, some

#: What becomes items besides the message, or says more of it.
BESIDES = frozenset({"thinking_blocks", "reasoning_content", "images", "tool_calls", "provider_blocks", EXTRAS})


def render_reply(unified: Json, request: Json) -> Json:
    """Unified reply -> response."""
    choices = unified.get("choices")
    if type(choices) is not list or not choices:
        raise broken("the reply has no choices")
    choice = choices[0] if type(choices[0]) is dict else answered(choices[0], dict, "a choice")
    created = unified.get("created")
    response = response_of(
        str(unified.get("id") or ""),
        str(unified.get("model") or request.get("model") or ""),
        created if type(created) is int else 0,
        echo(request),
    )
    tier = unified.get("service_tier")
    if type(tier) is str:
        response["service_tier"] = tier
    said = choice.get("message")
    message = said if type(said) is dict else answered(said, dict, "a message")
    reason = reason_of(choice)
    output = output_of(message, choice, response["id"], "incomplete" if reason else "completed")
    return finished(response, reason, output, parse_usage(unified))


def output_of(message: Json, choice: Json, response: str, status: str) -> list[Json]:
    if not BESIDES.isdisjoint(message):
        return items_of(message, choice, response, status)
    parts = parts_of(message, choice)
    return [message_item(item_id("msg", response, 0), parts, status, {})] if parts else []


def items_of(message: Json, choice: Json, response: str, status: str) -> list[Json]:
    """The output of a message that may be more than its words."""
    ids = count()
    thoughts = [
        render_item(answered(block, dict, "a thinking block"), item_id("rs", response, next(ids)))
        for block in some(message, "thinking_blocks")
    ]
    if not thoughts and (words := message.get("reasoning_content")):
        summary = summary_of(answered(words, str, "reasoning_content"))
        thoughts = [{"id": item_id("rs", response, next(ids)), "type": "reasoning", "summary": summary}]
    images = [image_item(item_id("ig", response, next(ids)), image) for image in some(message, "images")]
    parts = parts_of(message, choice)
    extras = answered(message.get(EXTRAS) or {}, dict, EXTRAS)
    said = [message_item(item_id("msg", response, next(ids)), parts, status, extras)] if parts else []
    calls = [call_of(call, response, next(ids), status) for call in some(message, "tool_calls")]
    own = read_own(message.get("provider_blocks"), [])
    return [*arrange(thoughts, own, [*(image for image in images if image), *said], calls)]


def call_of(call: Any, response: str, index: int, status: str) -> Json:
    return call_item(item_id("fc", response, index), answered(call, dict, "a tool call"), status)


def parts_of(message: Json, choice: Json) -> list[Json]:
    text, refusal = message.get("content"), message.get("refusal")
    parts = []
    if text:
        logprobs, notes = choice.get("logprobs"), message.get("annotations")
        probabilities = answered(logprobs, dict, "logprobs").get("content") if logprobs else None
        said_notes = render_notes(notes, []) if notes else []
        words = text if type(text) is str else answered(text, str, "content")
        parts.append(text_part(words, said_notes, probabilities or []))
    if refusal:
        parts.append(refusal_part(answered(refusal, str, "a refusal")))
    return parts
