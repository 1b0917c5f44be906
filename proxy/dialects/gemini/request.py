"""A unified request as a generateContent request, and the names of what could not be said.

The model and whether to stream are said by the path. What differs from model to model is asked of models.py. Nothing that is
not in fields.py reaches Google. Source: https://ai.google.dev/api/generate-content.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import NamedTuple

from proxy.call import Json
from proxy.dialects import Rendering
from proxy.dialects.gemini.fields import CARRIED, KNOWN, MOST_STOPS, OWN, OWN_NAMES, PENALTIES, Draft
from proxy.dialects.gemini.messages import render_messages
from proxy.dialects.gemini.models import read_model
from proxy.dialects.gemini.thinking import render_thinking
from proxy.dialects.gemini.tools import render_choice, render_tools
from proxy.dialects.neutral import is_neutral
from proxy.dialects.shape import asked, wrong

#: `auto` leaves it to the provider, and so does saying nothing.
SERVICE_TIERS: Mapping[str, str] = {"default": "standard", "flex": "flex", "priority": "priority"}
#: Two names of one member; where both are said, the latter counts.
LIMITS = (("max_tokens", "maxOutputTokens"), ("max_completion_tokens", "maxOutputTokens"))


def render_request(unified: Json, model: str) -> Rendering:
    """Unified request -> generateContent request. `unified` stays as it is.

    Failure("invalid_request") names a field that is wrong, Failure("unsupported_capability") one that cannot be left out.
    """
    read = read_model(model)
    transcript = render_messages(unified, read)
    known = KNOWN.intersection(unified)
    steps = steps_of(known)
    wire: Json = {"contents": transcript.contents}
    if transcript.system:
        wire["systemInstruction"] = {"parts": transcript.system}
    config: Json = {}
    for name, wire_name in steps.carried:
        if unified[name] is not None:
            config[wire_name] = unified[name]
    if steps.sayings:
        draft = Draft(unified, read, wire, transcript.dropped, config, transcript.translated)
        for say in steps.sayings:
            say(draft)
        config = draft.config
    if config:
        wire["generationConfig"] = config
    dropped, translated = transcript.dropped, transcript.translated
    if len(known) < len(unified):
        dropped += [name for name, value in unified.items() if name not in KNOWN and not is_neutral(name, value)]
    return Rendering(wire, once(dropped) if dropped else dropped, once(translated) if translated else translated)


def once(names: list[str]) -> list[str]:
    return list(dict.fromkeys(names))


def say_stop(draft: Draft) -> None:
    """Both spellings together, each sequence once. Those beyond the most that Google takes are left out by name."""
    said: list[str] = []
    for name in ("stop", "stop_sequences"):
        stop = draft.unified.get(name)
        listed = [stop] if isinstance(stop, str) else asked(stop or [], list, name)
        said = list(dict.fromkeys([*said, *(asked(each, str, f"{name}[{at}]") for at, each in enumerate(listed))]))
        if len(said) > MOST_STOPS:
            draft.dropped.append(name)
            del said[MOST_STOPS:]
    if said:
        draft.config["stopSequences"] = said


def say_penalties(draft: Draft) -> None:
    """A penalty of 0 is none and goes without saying; models without penalties refuse any other."""
    for name, wire_name in PENALTIES.items():
        penalty = draft.unified.get(name)
        if penalty and draft.model.takes_penalties:
            draft.config[wire_name] = penalty
        elif penalty:
            draft.dropped.append(name)


def say_modalities(draft: Draft) -> None:
    modalities = draft.unified.get("modalities")
    if modalities is not None:
        listed = asked(modalities, list, "modalities")
        draft.config["responseModalities"] = [
            asked(each, str, f"modalities[{at}]").upper() for at, each in enumerate(listed)
        ]


def say_tools(draft: Draft) -> None:
    tools, dropped = render_tools(draft.unified)
    if tools:
        draft.wire["tools"] = tools
    draft.dropped += dropped


def say_tool_choice(draft: Draft) -> None:
    declared = any("functionDeclarations" in tool for tool in draft.wire.get("tools", ()))
    config, dropped = render_choice(draft.unified, declared)
    if config:
        draft.wire["toolConfig"] = {"functionCallingConfig": config}
    draft.dropped += dropped


def say_response_format(draft: Draft) -> None:
    """JSON, of a schema or of any. Before Gemini 3 it cannot be asked for where functions may be called: dropped by name."""
    wanted = asked(draft.unified.get("response_format") or {"type": "text"}, dict, "response_format")
    kind = wanted.get("type")
    if kind == "text":
        return
    if kind not in ("json_object", "json_schema"):
        raise wrong("response_format.type", "must be one of text, json_object, json_schema")
    if "tools" in draft.wire and not draft.model.schema_beside_tools:
        draft.dropped.append(f"response_format.{kind}")
        return
    draft.config["responseMimeType"] = "application/json"
    if kind == "json_schema":
        form = asked(wanted.get("json_schema"), dict, "response_format.json_schema")
        if form.get("schema") is not None:
            draft.config["responseJsonSchema"] = asked(form["schema"], dict, "response_format.json_schema.schema")


def say_reasoning(draft: Draft) -> None:
    thought = render_thinking(draft.unified, draft.model)
    if thought.config:
        draft.config["thinkingConfig"] = thought.config
    draft.dropped += thought.dropped
    draft.translated += thought.translated


def say_service_tier(draft: Draft) -> None:
    tier = draft.unified.get("service_tier")
    if tier is None or asked(tier, str, "service_tier") == "auto":
        return
    said = SERVICE_TIERS.get(tier)
    if said is None:
        draft.dropped.append("service_tier")
    else:
        draft.wire["serviceTier"] = said


def say_own(draft: Draft) -> None:
    """What an application says to Google in its own words. Where both speak of the same, the unified word counts."""
    for name in sorted(OWN & draft.unified.keys()):
        value = draft.unified[name]
        if name == "generationConfig":
            draft.config = {**asked(value or {}, dict, name), **draft.config}
        elif name == "toolConfig":
            draft.wire[name] = merged(asked(value or {}, dict, name), draft.wire.get(name, {}))
        elif value is not None and name != "functionDeclarations":
            draft.wire[OWN_NAMES.get(name, name)] = value


def merged(own: Json, said: Json) -> Json:
    calling = own.get("functionCallingConfig")
    if not isinstance(calling, dict):
        return {**own, **said}
    ours = said.get("functionCallingConfig", {})
    mode = {"mode": "VALIDATED"} if calling.get("mode") == "VALIDATED" and ours.get("mode") == "AUTO" else {}
    return {**own, "functionCallingConfig": {**calling, **ours, **mode}}


#: What speaks of which fields, and is left out where there is none of them. Later ones look at what earlier ones have said.
SAYINGS: tuple[tuple[tuple[str, ...], Callable[[Draft], None]], ...] = (
    (("stop", "stop_sequences"), say_stop),
    (tuple(PENALTIES), say_penalties),
    (("modalities",), say_modalities),
    (("tools",), say_tools),
    (("tool_choice", "parallel_tool_calls"), say_tool_choice),
    (("response_format",), say_response_format),
    (("reasoning", "reasoning_effort"), say_reasoning),
    (("service_tier",), say_service_tier),
    (tuple(OWN), say_own),
)


class Steps(NamedTuple):
    """`sayings` are called in turn; `carried` are the fields that go as they are, and their names in generationConfig."""

    sayings: tuple[Callable[[Draft], None], ...]
    carried: tuple[tuple[str, str], ...]


@lru_cache(maxsize=256)
def steps_of(known: frozenset[str]) -> Steps:
    """What a request with these fields needs. Applications send few shapes, again and again."""
    return Steps(
        tuple(say for fields, say in SAYINGS if not known.isdisjoint(fields)),
        tuple((name, wire_name) for name, wire_name in (*CARRIED.items(), *LIMITS) if name in known),
    )
