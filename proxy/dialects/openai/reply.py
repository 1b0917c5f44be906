"""OpenAI's replies and token counts. A reply is already unified; what is left is to see that it is one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from proxy.call import Failure, Json, Usage
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


COUNTS = ("prompt_tokens", "completion_tokens", "total_tokens")
PROMPT_PARTS = (("cached_tokens", "cache_read"), ("cache_write_tokens", "cache_write"), ("audio_tokens", "audio_input"))
COMPLETION_PARTS = (("reasoning_tokens", "reasoning"), ("audio_tokens", "audio_output"))


def parse_usage(wire: Json) -> Usage | None:
    """Disjoint buckets from OpenAI's overlapping ones: cached and audio are parts of prompt, reasoning and audio of completion.

    Also found in `x_groq.usage`, the details also beside the counts (Together, GitHub Copilot). Details that exceed their whole
    are cut to it. What the total has beyond prompt and completion is reasoning: xAI and Gemini count it beside the completion.
    """
    usage = wire.get("usage")
    if usage is None and isinstance(wire.get("x_groq"), dict):
        usage = wire["x_groq"].get("usage")
    if not isinstance(usage, dict):
        return None
    prompt, completion = usage.get("prompt_tokens"), usage.get("completion_tokens")
    # Two counts that make the total, and nothing else or details, both there, of zeros: there is nothing to split.
    if type(prompt) is int and type(completion) is int and usage.get("total_tokens") == prompt + completion:
        said, made = usage.get("prompt_tokens_details"), usage.get("completion_tokens_details")
        none = type(said) is dict and type(made) is dict and not any(said.values()) and not any(made.values())
        if prompt >= 0 and completion >= 0 and (none or len(usage) == len(COUNTS)):
            return Usage(prompt, output=completion)
    found = Usage(count(usage, "prompt_tokens"), output=count(usage, "completion_tokens"))
    beside = count(usage, "total_tokens") - found.input - found.output
    if beside > 0:
        found.output += beside
    split(found, "input", usage, "prompt_tokens_details", PROMPT_PARTS)
    split(found, "output", usage, "completion_tokens_details", COMPLETION_PARTS)
    if beside > found.reasoning:
        found.output -= beside - found.reasoning
        found.reasoning = beside
    return found


def gather_usage(payloads: Sequence[Json]) -> Usage | None:
    """Some servers report on every chunk: the last of the largest totals counts."""
    gathered: Usage | None = None
    for payload in payloads:
        usage = parse_usage(payload)
        if usage is not None and (gathered is None or usage.total >= gathered.total):
            gathered = usage
    return gathered


def split(usage: Usage, whole: str, counts: Json, details_name: str, parts: tuple[tuple[str, str], ...]) -> None:
    """Take the parts out of the bucket they were counted into, none of them larger than what is left in it."""
    details = counts.get(details_name)
    if not isinstance(details, dict):
        details = counts
    elif not any(details.values()):
        return
    for name, bucket in parts:
        if details.get(name):
            left = getattr(usage, whole)
            part = min(count(details, name), left)
            setattr(usage, bucket, part)
            setattr(usage, whole, left - part)


def count(mapping: Json, name: str) -> int:
    value = mapping.get(name)
    return value if type(value) is int and value > 0 else 0


def render_usage(usage: Usage) -> Json:
    """OpenAI's usage object; details appear only where there is something to say."""
    prompt, completion = usage.prompt, usage.completion
    wire: Json = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
    if prompt != usage.input:
        wire["prompt_tokens_details"] = named(
            cached_tokens=usage.cache_read, cache_write_tokens=usage.cache_write, audio_tokens=usage.audio_input
        )
    if completion != usage.output:
        wire["completion_tokens_details"] = named(reasoning_tokens=usage.reasoning, audio_tokens=usage.audio_output)
    return wire


def named(**counts: int) -> dict[str, Any]:
    return {name: value for name, value in counts.items() if value}
