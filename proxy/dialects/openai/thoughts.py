"""What compatible servers answer in words of their own, in the hub's: thoughts, and tool calls that come in pieces.

Thoughts stand in `reasoning` (Groq, OpenRouter, vLLM, Ollama), `reasoning_text` (GitHub Copilot), `reasoning_details`
(OpenRouter) or among the parts of a content that is a list (Mistral); the hub knows `reasoning_content`. The servers' own
members stay beside it, for whoever gave them to the application wants them back. Sources:
https://console.groq.com/docs/reasoning, https://openrouter.ai/docs/use-cases/reasoning-tokens,
https://docs.mistral.ai/studio-api/conversations/reasoning.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from proxy.call import Json

#: Members that hold thoughts as a text, the first that says something counts; and OpenRouter's, a list of them.
TEXTS = ("reasoning", "reasoning_text")
DETAILS = "reasoning_details"
UNUSUAL = frozenset({*TEXTS, DETAILS})


def unify(message: Json) -> Json:
    """A message, or the delta of one, in the hub's words: itself where it is in them already."""
    if not UNUSUAL.isdisjoint(message) and not message.get("reasoning_content"):
        message = with_thoughts(message, thoughts_of(message))
    if type(message.get("content")) is list:
        message = spread(message)
    return message


def unify_delta(delta: Json) -> Json:
    """Besides, a later piece of a call may repeat its id and name as nothing, which would take them away."""
    calls = delta.get("tool_calls")
    if type(calls) is list:
        delta["tool_calls"] = [piece_of(call) for call in calls]
    return unify(delta)


def piece_of(call: Any) -> Any:
    if not isinstance(call, dict):
        return call
    function = call.get("function")
    if isinstance(function, dict) and "name" in function and not function["name"]:
        call = {**call, "function": {name: value for name, value in function.items() if name != "name"}}
    if "id" in call and not call["id"]:
        call = {name: value for name, value in call.items() if name != "id"}
    return call


def with_thoughts(message: Json, words: str) -> Json:
    return {**message, "reasoning_content": words} if words else message


def thoughts_of(message: Json) -> str:
    for name in TEXTS:
        if isinstance(message.get(name), str) and message[name]:
            return str(message[name])
    details = message.get(DETAILS)
    return "".join(texts_in(details, ("text", "summary"))) if isinstance(details, list) else ""


def spread(message: Json) -> Json:
    """Content that is a list, as the text and the thoughts that it holds. A delta without text has no content then."""
    parts = message["content"]
    text, thoughts = "".join(texts_in(parts, ("text",))), "".join(thoughts_in(parts))
    rest = {name: value for name, value in message.items() if name != "content"}
    said = {**rest, "content": text} if text else {**rest, "content": None} if "role" in rest else rest
    return said if said.get("reasoning_content") else with_thoughts(said, thoughts)


def thoughts_in(parts: list[Any]) -> Iterator[str]:
    """Mistral's `thinking` holds parts once more, or a text."""
    for part in parts:
        inside = part.get("thinking") if isinstance(part, dict) else None
        if isinstance(inside, list):
            yield from texts_in(inside, ("text",))
        elif isinstance(inside, str):
            yield inside


def texts_in(parts: list[Any], names: tuple[str, ...]) -> Iterator[str]:
    for part in parts:
        for name in names if isinstance(part, dict) else ():
            if isinstance(part.get(name), str):
                yield part[name]
