"""A unified request as the body of a prediction: `version` says which model, `input` what it is asked in its own spelling.

One address takes every model, official or not: `version` is `owner/name`, `owner/name:version` or the version alone. Source:
https://replicate.com/changelog/2025-08-05-run-all-models-with-the-same-api-endpoint. What a model's family has no input for is
dropped and named: an input that a model does not know would be lost in silence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from proxy.call import Json
from proxy.dialects import Rendering, Support
from proxy.dialects.neutral import is_neutral
from proxy.dialects.parts import format_name
from proxy.dialects.replicate.prompt import Talk, read_talk, transcript
from proxy.dialects.replicate.spellings import Spelling, spelling_of
from proxy.dialects.shape import asked, unsayable, wrong

#: Row of capabilities.py -> how it is said, by the families that have it.
SUPPORT: Mapping[str, Support] = {
    **dict.fromkeys(("temperature", "top_p", "top_k", "seed", "presence_penalty", "frequency_penalty"), "native"),
    **dict.fromkeys(("reasoning_effort", "verbosity", "messages.image.url", "messages.image.base64"), "native"),
    **dict.fromkeys(("model", "messages", "system", "max_tokens", "max_completion_tokens"), "translated"),
    **dict.fromkeys(("stop", "stop_sequences"), "translated"),
    **dict.fromkeys(
        ("messages.system", "messages.developer", "messages.text", "messages.refusal", "stream"), "translated"
    ),
    **dict.fromkeys(("stream_options", "timeout", "fallbacks", "cache"), "ours"),
}
#: Fields that something is said of below, or that are ours.
KNOWN = frozenset(
    {
        *("model", "messages", "system", "max_tokens", "max_completion_tokens", "stop", "stop_sequences", "n"),
        *("response_format", "stream", "stream_options", "timeout", "fallbacks", "cache"),
    }
)
LIMITS = ("max_completion_tokens", "max_tokens")


@dataclass(slots=True)
class Draft:
    """An input in the making, with the names of what was dropped and of what is said in a roundabout way."""

    unified: Json
    spelling: Spelling
    input: Json = field(default_factory=dict)
    dropped: list[str] = field(default_factory=list)
    translated: list[str] = field(default_factory=list)


def render_request(unified: Json, model: str) -> Rendering:
    """Failure("invalid_request") names a field that is wrong, Failure("unsupported_capability") one that cannot be left out."""
    draft = Draft(unified, spelling_of(model))
    say_talk(draft, read_talk(unified, draft.dropped))
    say_limit(draft)
    say_stops(draft)
    if unified.get("n") not in (None, 1):
        raise unsayable("n", "must be 1: a prediction is one answer")
    wanted = unified.get("response_format")
    if wanted is not None and asked(wanted, dict, "response_format").get("type") != "text":
        draft.dropped.append(format_name(wanted))
    for name in [name for name in unified if name not in KNOWN and unified[name] is not None]:
        if name in draft.spelling.same:
            draft.input[name] = unified[name]
        elif not is_neutral(name, unified[name]):
            draft.dropped.append(name)
    wire = {"version": model, "input": draft.input}
    return Rendering(wire, [*dict.fromkeys(draft.dropped)], [*dict.fromkeys(draft.translated)])


def say_talk(draft: Draft, talk: Talk) -> None:
    spelling, turns = draft.spelling, talk.turns
    if not turns:
        raise wrong("messages", "must hold one of the user's")
    if len(turns) == 1 and turns[0].role == "user":
        draft.input["prompt"] = turns[0].text
    elif spelling.turns and not talk.images:
        system = [{"role": "system", "content": talk.system}] if talk.system else []
        draft.input["messages"] = [*system, *({"role": turn.role, "content": turn.text} for turn in turns)]
        return
    else:
        draft.input["prompt"] = transcript(turns)
        draft.translated.append("messages")
    if talk.system:
        draft.input[spelling.system] = talk.system
    say_images(draft, talk.images)


def say_images(draft: Draft, images: list[str]) -> None:
    """As many as the model takes; the row of any other is named, by which a request is refused."""
    spelling = draft.spelling
    taken = images if spelling.images else images[:1] if spelling.image else []
    if taken:
        draft.input |= {spelling.images: taken} if spelling.images else {spelling.image: taken[0]}
    for image in images[len(taken) :]:
        draft.dropped.append(f"messages.image.{'base64' if image.startswith('data:') else 'url'}")


def say_limit(draft: Draft) -> None:
    """`max_completion_tokens` goes before `max_tokens`."""
    for name in LIMITS:
        if draft.unified.get(name) is not None:
            limit = asked(draft.unified[name], int, name)
            if limit < draft.spelling.least:
                draft.translated.append(name)
            draft.input[draft.spelling.limit] = max(limit, draft.spelling.least)
            return


def say_stops(draft: Draft) -> None:
    """One that holds a comma would be taken for two."""
    said: dict[str, None] = {}
    for name in ("stop", "stop_sequences"):
        value = draft.unified.get(name)
        values = [] if value is None else [value] if isinstance(value, str) else asked(value, list, name)
        for index, entry in enumerate(values):
            if "," in asked(entry, str, f"{name}[{index}]") or not draft.spelling.stops:
                draft.dropped.append(name)
            else:
                said[entry] = None
    if said:
        draft.input["stop_sequences"] = ",".join(said)
