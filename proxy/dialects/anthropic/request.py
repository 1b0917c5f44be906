"""A unified request as a Messages request, and the names of what could not be said.

Source: https://docs.claude.com/en/api/messages. What differs from model to model is asked of models.py. Nothing that
is not in fields.py reaches Anthropic.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import NamedTuple

from proxy.call import Json
from proxy.dialects import Rendering
from proxy.dialects.anthropic.fields import ANTHROPIC_ONLY, KNOWN, NATIVE, Draft
from proxy.dialects.anthropic.messages import render_messages
from proxy.dialects.anthropic.models import read_model
from proxy.dialects.anthropic.sampling import say_limit, say_samplers, say_stop
from proxy.dialects.anthropic.thinking import render_reasoning
from proxy.dialects.anthropic.tools import render_tool_choice, render_tools
from proxy.dialects.neutral import is_neutral
from proxy.dialects.parts import ANY_OBJECT, JSON_TOOL, format_name
from proxy.dialects.shape import asked, chosen, unsayable

SERVICE_TIERS: Mapping[str, str] = {"auto": "auto", "default": "standard_only", "standard_only": "standard_only"}
FORCED = ("any", "tool")


def render_request(unified: Json, model: str) -> Rendering:
    """Unified request -> Messages request. `unified` stays as it is.

    Failure("invalid_request") names a field that is wrong, Failure("unsupported_capability") one that cannot be left
    out.
    """
    transcript = render_messages(unified)
    known = KNOWN.intersection(unified)
    steps = steps_of(known)
    wire: Json = {"model": model, "max_tokens": 0}
    if transcript.system and (system := transcript.system_prompt()) is not None:
        wire["system"] = system
    wire["messages"] = transcript.turns
    for name in steps.carried:
        if unified[name] is not None:
            wire[name] = unified[name]
    draft = Draft(unified, read_model(model), wire, transcript.dropped)
    for say in steps.sayings:
        say(draft)
    dropped = draft.dropped
    if len(known) < len(unified):
        dropped += [name for name, value in unified.items() if name not in KNOWN and not is_neutral(name, value)]
    return Rendering(wire, list(dict.fromkeys(dropped)) if len(dropped) > 1 else dropped, draft.translated)


def say_choices(draft: Draft) -> None:
    """More than one answer cannot be asked for, and one answer is not what was meant."""
    if draft.unified.get("n") not in (None, 1):
        raise unsayable("n", "must be 1: Anthropic gives one answer")


def say_tools(draft: Draft) -> None:
    tools, dropped = render_tools(draft.unified, draft.model.generation)
    if tools:
        draft.wire["tools"] = tools
    draft.dropped += dropped


def say_tool_choice(draft: Draft) -> None:
    choice, dropped = render_tool_choice(draft.unified, "tools" in draft.wire)
    if choice and choice["type"] in FORCED and not draft.model.forcible:
        choice, dropped = {**choice, "type": "auto"}, ["tool_choice"]
        choice.pop("name", None)
    if choice:
        draft.wire["tool_choice"] = choice
    draft.dropped += dropped


def say_response_format(draft: Draft) -> None:
    """A JSON schema natively, or on older models by a tool that must be called; any JSON object by such a tool on every model.

    The reply is read back as text. Else it is dropped.
    """
    wanted = draft.unified.get("response_format")
    if wanted is None or asked(wanted, dict, "response_format").get("type") == "text":
        return
    any_object = wanted.get("type") == "json_object"
    form = ANY_OBJECT if any_object else wanted.get("json_schema") if wanted.get("type") == "json_schema" else None
    if not isinstance(form, Mapping) or not isinstance(form.get("schema"), dict):
        draft.dropped.append(format_name(wanted))
    elif draft.model.generation.schema and not any_object:
        draft.configure("format", {"type": "json_schema", "schema": form["schema"]})
    elif draft.wire.get("tools") or not draft.model.forcible:
        draft.dropped.append(format_name(wanted))
    else:
        said = chosen(form, ("description",))
        draft.wire["tools"] = [{"name": JSON_TOOL, **said, "input_schema": form["schema"]}]
        draft.wire["tool_choice"] = {"type": "tool", "name": JSON_TOOL}
        draft.translated.append("response_format")


def say_reasoning(draft: Draft) -> None:
    """Thinking and a forced tool exclude each other.

    The tool is what the app's code relies on, so thinking gives way.
    """
    thought = render_reasoning(draft.unified, draft.model)
    draft.dropped += thought.dropped
    if thought.effort:
        draft.configure("effort", thought.effort)
    if thought.thinking is None:
        return
    forced = draft.wire.get("tool_choice", {}).get("type") in FORCED
    if forced and thought.is_on:
        draft.dropped.append("reasoning" if draft.unified.get("reasoning") is not None else "reasoning_effort")
    else:
        draft.wire["thinking"] = thought.thinking
        draft.translated += thought.translated


def say_user(draft: Draft) -> None:
    """Who asks: `metadata.user_id` is all the metadata there is."""
    metadata = asked(draft.unified.get("metadata") or {}, dict, "metadata")
    names = (draft.unified.get("user"), draft.unified.get("safety_identifier"), metadata.get("user_id"))
    user = next((name for name in names if name is not None), None)
    if user is not None:
        draft.wire["metadata"] = {"user_id": user}
    if metadata.keys() - {"user_id"}:
        draft.dropped.append("metadata")


def say_service_tier(draft: Draft) -> None:
    tier = draft.unified.get("service_tier")
    if tier is None:
        return
    said = SERVICE_TIERS.get(asked(tier, str, "service_tier"))
    if said is None:
        draft.dropped.append("service_tier")
    else:
        draft.wire["service_tier"] = said


#: What speaks of which fields, and is left out where there is none of them. In this order: later ones look at what
#: earlier ones have said. A limit is said always, and messages are in every request.
SAYINGS: tuple[tuple[tuple[str, ...], Callable[[Draft], None]], ...] = (
    (("n",), say_choices),
    (("tools", "tool_choice"), say_tools),
    (("tool_choice", "parallel_tool_calls"), say_tool_choice),
    (("response_format",), say_response_format),
    (("reasoning", "reasoning_effort"), say_reasoning),
    (("messages",), say_limit),
    (("temperature", "top_p", "top_k"), say_samplers),
    (("stop", "stop_sequences"), say_stop),
    (("user", "safety_identifier", "metadata"), say_user),
    (("service_tier",), say_service_tier),
)


class Steps(NamedTuple):
    """`sayings` are called in turn; the members named in `carried` go as they are."""

    sayings: tuple[Callable[[Draft], None], ...]
    carried: tuple[str, ...]


@lru_cache(maxsize=256)
def steps_of(known: frozenset[str]) -> Steps:
    """What a request with these fields needs. Applications send few shapes, again and again."""
    return Steps(
        tuple(say for fields, say in SAYINGS if not known.isdisjoint(fields)),
        tuple(name for name in (*NATIVE, *sorted(ANTHROPIC_ONLY)) if name in known),
    )
