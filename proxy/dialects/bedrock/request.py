"""A unified request as a Converse request, and the names of what could not be said.

Model and streaming are said by the path. What differs from model to model is asked of models.py. Nothing that is not in
fields.py reaches Bedrock. Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from proxy.call import Json
from proxy.dialects import Rendering
from proxy.dialects.bedrock.fields import KNOWN, OWN, Draft
from proxy.dialects.bedrock.json_text import json_text
from proxy.dialects.bedrock.messages import render_messages
from proxy.dialects.bedrock.models import read_known
from proxy.dialects.bedrock.reasoning import say_reasoning
from proxy.dialects.bedrock.sampling import say_sampling, say_stop
from proxy.dialects.bedrock.tools import say_tools
from proxy.dialects.neutral import is_neutral
from proxy.dialects.parts import ANY_OBJECT, JSON_TOOL, format_name
from proxy.dialects.shape import asked, chosen, unsayable, wrong

SERVICE_TIERS = frozenset({"default", "priority", "flex", "reserved"})
#: What a value of `requestMetadata` may be made of, and how many there may be.
METADATA = re.compile(r"[a-zA-Z0-9\s:_@$#=/+,\-.]{0,256}")
MOST_METADATA = 16


def render_request(unified: Json, model: str) -> Rendering:
    """Unified request -> Converse request, and the names of what could not be said. `unified` stays as it is.

    Failure("invalid_request") names a field that is wrong, Failure("unsupported_capability") one that cannot be left out.
    """
    known = read_known(model)
    transcript = render_messages(unified, known)
    wire: Json = {"messages": transcript.turns}
    if transcript.system:
        wire["system"] = transcript.system
    fields = KNOWN.intersection(unified)
    if not OWN.isdisjoint(fields):
        say_own(wire, unified, fields)
    draft = Draft(unified, known, wire, transcript.dropped)
    for say in steps_of(fields, transcript.only_texts):
        say(draft)
    dropped, translated = draft.dropped, draft.translated
    if len(fields) < len(unified):
        dropped += [name for name, value in unified.items() if name not in KNOWN and not is_neutral(name, value)]
    return Rendering(
        wire,
        list(dict.fromkeys(dropped)) if len(dropped) > 1 else dropped,
        list(dict.fromkeys(translated)) if len(translated) > 1 else translated,
    )


def say_own(wire: Json, unified: Json, fields: frozenset[str]) -> None:
    for name in OWN.intersection(fields):
        if unified[name] is not None:
            wire[name] = unified[name]
    path = "additionalModelRequestFields"
    if path in wire:
        wire[path] = dict(asked(wire[path], dict, path))


def say_choices(draft: Draft) -> None:
    """More than one answer cannot be asked for, and one answer is not what was meant."""
    if draft.unified["n"] not in (None, 1):
        raise unsayable("n", "must be 1: Bedrock gives one answer")


def say_response_format(draft: Draft) -> None:
    """A JSON schema natively, or by a tool that must be called, whose arguments are read back as text. Else it is dropped."""
    wanted = draft.unified["response_format"]
    if wanted is None or asked(wanted, dict, "response_format").get("type") == "text":
        return
    any_object = wanted.get("type") == "json_object"
    form = ANY_OBJECT if any_object else wanted.get("json_schema") if wanted.get("type") == "json_schema" else None
    if not isinstance(form, Mapping) or not isinstance(form.get("schema"), dict):
        draft.dropped.append(format_name(wanted))
    elif draft.known.schema and not any_object:
        text = json_text(form["schema"], wrong("response_format.json_schema.schema", "is nested too deeply"))
        schema = {"schema": text, **chosen(form, ("name", "description"))}
        structure = {"type": "json_schema", "structure": {"jsonSchema": schema}}
        draft.wire["outputConfig"] = {"textFormat": structure}
    elif "tool" in draft.known.choices and "toolConfig" not in draft.wire:
        force_schema(draft, form)
    else:
        draft.dropped.append(format_name(wanted))


def force_schema(draft: Draft, form: Mapping[str, Any]) -> None:
    spec = {"name": JSON_TOOL, **chosen(form, ("description",)), "inputSchema": {"json": form["schema"]}}
    draft.wire["toolConfig"] = {"tools": [{"toolSpec": spec}], "toolChoice": {"tool": {"name": JSON_TOOL}}}
    draft.translated.append("response_format")


def say_metadata(draft: Draft) -> None:
    metadata = asked(draft.unified["metadata"] or {}, dict, "metadata")
    kept = {name: value for name, value in metadata.items() if is_metadata(name) and is_metadata(value)}
    kept = dict(list(kept.items())[:MOST_METADATA])
    if kept:
        draft.wire["requestMetadata"] = kept
    if len(kept) < len(metadata):
        draft.dropped.append("metadata")


def is_metadata(value: Any) -> bool:
    return isinstance(value, str) and METADATA.fullmatch(value) is not None


def say_service_tier(draft: Draft) -> None:
    tier = draft.unified["service_tier"]
    if tier is None or tier == "auto":
        return
    if asked(tier, str, "service_tier") in SERVICE_TIERS:
        draft.wire["serviceTier"] = {"type": tier}
    else:
        draft.dropped.append("service_tier")


#: What speaks of which fields, and is left out where there is none of them. In this order: later ones look at what earlier ones
#: have said.
SAYINGS: tuple[tuple[tuple[str, ...], Callable[[Draft], None]], ...] = (
    (("n",), say_choices),
    (("tools", "tool_choice", "parallel_tool_calls"), say_tools),
    (("response_format",), say_response_format),
    (("reasoning", "reasoning_effort"), say_reasoning),
    (
        ("max_tokens", "max_completion_tokens", "temperature", "top_p", "top_k", "reasoning", "reasoning_effort"),
        say_sampling,
    ),
    (("stop", "stop_sequences"), say_stop),
    (("metadata",), say_metadata),
    (("service_tier",), say_service_tier),
)


@lru_cache(maxsize=256)
def steps_of(fields: frozenset[str], only_texts: bool) -> tuple[Callable[[Draft], None], ...]:
    """What a request with these fields needs. Applications send few shapes, again and again.

    A conversation with calls needs `toolConfig`, so unless there are but texts in it tools are spoken of always.
    """
    always = () if only_texts else (say_tools,)
    return tuple(say for names, say in SAYINGS if say in always or not fields.isdisjoint(names))
