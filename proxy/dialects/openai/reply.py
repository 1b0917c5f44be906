"""OpenAI's replies. One is already unified; what is left is to see that it is one."""

from __future__ import annotations

from typing import Any

from proxy.call import Failure, Json
from proxy.dialects.openai.errors import failure_of, find_words
from proxy.dialects.openai.thoughts import UNUSUAL, unify


def is_answer(wire: Json) -> bool:
    """A completion with choices, and nothing of an error."""
    return type(wire.get("choices")) is list and not wire.get("error")


def parse_reply(wire: Json) -> Json:
    """A chat completion, as it is but for thoughts in a compatible server's own words.

    Failure when it is an error inside a 200 or no completion at all.
    """
    if not isinstance(wire, dict):
        raise Failure("provider_error", "the provider's reply is not a JSON object", provider_status=200)
    if wire.get("error"):
        raise failure_of(find_words(wire), 200)
    choices = wire.get("choices")
    if not isinstance(choices, list):
        raise Failure("provider_error", "the provider's reply has no choices", provider_status=200)
    for choice in choices:
        message = choice.get("message") if type(choice) is dict else None
        if type(message) is dict and (type(message.get("content")) is list or not UNUSUAL.isdisjoint(message)):
            said = [*map(parse_choice, choices)]
            return wire if said == choices else {**wire, "choices": said}
    return wire


def parse_choice(choice: Any) -> Any:
    message = choice.get("message") if isinstance(choice, dict) else None
    return {**choice, "message": unify(message)} if isinstance(message, dict) else choice


def render_reply(unified: Json, request: Json) -> Json:
    return unified
