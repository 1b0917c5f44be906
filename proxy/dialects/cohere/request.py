"""A unified request as a chat request of Cohere's, and the names of what could not be said.

Source: https://docs.cohere.com/v2/reference/chat. Nothing that is not in fields.py reaches Cohere.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from proxy.call import Json
from proxy.dialects import Rendering
from proxy.dialects.cohere.fields import KNOWN, NATIVE, OWN, Draft
from proxy.dialects.cohere.messages import render_messages
from proxy.dialects.cohere.sampling import SAMPLERS, say_limit, say_samplers, say_stop
from proxy.dialects.cohere.thinking import say_reasoning
from proxy.dialects.cohere.tools import say_tools
from proxy.dialects.neutral import is_neutral
from proxy.dialects.shape import asked, unsayable


def render_request(unified: Json, model: str) -> Rendering:
    """Unified request -> chat request. `unified` stays as it is.

    Failure("invalid_request") names a field that is wrong, Failure("unsupported_capability") one that cannot be left out.
    """
    draft = Draft(unified, {"model": model, "messages": []})
    known = KNOWN.intersection(unified)
    steps = steps_of(known)
    for name in steps.carried:
        if unified[name] is not None:
            draft.wire[name] = unified[name]
    if "documents" in known:
        say_documents(draft)
    draft.wire["messages"] = render_messages(draft)
    for say in steps.sayings:
        say(draft)
    if len(known) < len(unified):
        names = [name for name, value in unified.items() if name not in KNOWN and not is_neutral(name, value)]
        draft.dropped += names
    dropped, translated = draft.dropped, draft.translated
    return Rendering(draft.wire, dropped and each_once(dropped), translated and each_once(translated))


def each_once(names: list[str]) -> list[str]:
    return list(dict.fromkeys(names))


def say_choices(draft: Draft) -> None:
    """More than one answer cannot be asked for, and one answer is not what was meant."""
    if draft.unified.get("n") not in (None, 1):
        raise unsayable("n", "must be 1: Cohere gives one answer")


def say_documents(draft: Draft) -> None:
    """A copy, to which texts among the messages may be added."""
    if draft.unified.get("documents") is not None:
        draft.wire["documents"] = [*asked(draft.unified["documents"], list, "documents")]


def say_response_format(draft: Draft) -> None:
    """Not beside tools or documents: Cohere refuses that."""
    if draft.unified.get("response_format") is None:
        return
    wanted = asked(draft.unified["response_format"], dict, "response_format")
    kind = asked(wanted.get("type"), str, "response_format.type")
    form = render_format(wanted, kind)
    if form is None or (kind != "text" and (draft.wire.get("tools") or draft.wire.get("documents"))):
        draft.dropped.append("response_format")
    else:
        draft.wire["response_format"] = form


def render_format(wanted: Json, kind: str) -> Json | None:
    if kind in ("text", "json_object"):
        return {"type": kind}
    if kind != "json_schema":
        return None
    form = asked(wanted.get("json_schema"), dict, "response_format.json_schema")
    if form.get("schema") is None:
        return {"type": "json_object"}
    return {"type": "json_object", "json_schema": asked(form["schema"], dict, "response_format.json_schema.schema")}


#: What speaks of which fields, and is left out where there is none of them. In this order: later ones look at what
#: earlier ones have said.
SAYINGS: tuple[tuple[tuple[str, ...], Callable[[Draft], None]], ...] = (
    (("n",), say_choices),
    (("tools", "tool_choice"), say_tools),
    (("response_format",), say_response_format),
    (("reasoning", "reasoning_effort"), say_reasoning),
    (("max_tokens", "max_completion_tokens"), say_limit),
    (SAMPLERS, say_samplers),
    (("stop", "stop_sequences"), say_stop),
)
CARRIED = (*NATIVE, *sorted(OWN - {"documents"}))


class Steps(NamedTuple):
    """`sayings` are called in turn; the members named in `carried` go as they are."""

    sayings: tuple[Callable[[Draft], None], ...]
    carried: tuple[str, ...]


@lru_cache(maxsize=256)
def steps_of(known: frozenset[str]) -> Steps:
    """What a request with these fields needs. Applications send few shapes, again and again."""
    return Steps(
        tuple(say for fields, say in SAYINGS if not known.isdisjoint(fields)),
        tuple(name for name in CARRIED if name in known),
    )
