"""A unified request as a Messages request, and the names of what could not be said.

Source: https://docs.claude.com/en/api/messages. What differs from model to model is asked of models.py. Nothing that
is not in fields.py reaches Anthropic.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from proxy.call import Json
from proxy.dialects.anthropic.fields import ANTHROPIC_ONLY, NATIVE, SUPPORT, Draft, is_neutral
from proxy.dialects.anthropic.messages import render_messages
from proxy.dialects.anthropic.models import read_model
from proxy.dialects.anthropic.sampling import say_limit, say_samplers, say_stop
from proxy.dialects.anthropic.shape import asked, chosen, unsayable
from proxy.dialects.anthropic.thinking import render_reasoning
from proxy.dialects.anthropic.tools import JSON_TOOL, render_tool_choice, render_tools

SERVICE_TIERS: Mapping[str, str] = {"auto": "auto", "default": "standard_only", "standard_only": "standard_only"}
FORCED = ("any", "tool")


def render_request(unified: Json, model: str) -> tuple[Json, list[str]]:
    """Unified request -> Messages request, and the names of what could not be said. `unified` stays as it is.

    Failure("invalid_request") names a field that is wrong, Failure("unsupported_capability") one that cannot be left
    out.
    """
    transcript = render_messages(unified)
    wire: Json = {"model": model, "max_tokens": 0, **chosen({"system": transcript.system_prompt()}, ("system",))}
    wire["messages"] = transcript.turns
    draft = Draft(
        unified, read_model(model), {**wire, **chosen(unified, (*NATIVE, *ANTHROPIC_ONLY))}, transcript.dropped
    )
    for say in SAYINGS:
        say(draft)
    draft.drop(*(name for name, value in unified.items() if name not in SUPPORT and not is_neutral(name, value)))
    return draft.wire, list(dict.fromkeys(draft.dropped))


def say_choices(draft: Draft) -> None:
    """More than one answer cannot be asked for, and one answer is not what was meant."""
    if draft.unified.get("n") not in (None, 1):
        raise unsayable("n", "must be 1: Anthropic gives one answer")


def say_tools(draft: Draft) -> None:
    tools, dropped = render_tools(draft.unified, draft.model.generation)
    if tools:
        draft.wire["tools"] = tools
    draft.drop(*dropped)


def say_tool_choice(draft: Draft) -> None:
    choice, dropped = render_tool_choice(draft.unified, "tools" in draft.wire)
    if choice and choice["type"] in FORCED and not draft.model.forcible:
        choice, dropped = {**choice, "type": "auto"}, ["tool_choice"]
        choice.pop("name", None)
    if choice:
        draft.wire["tool_choice"] = choice
    draft.drop(*dropped)


def say_response_format(draft: Draft) -> None:
    """A JSON schema natively, or on older models by a tool that must be called.

    The reply is read back as text. Else it is dropped.
    """
    wanted = draft.unified.get("response_format")
    if wanted is None or asked(wanted, dict, "response_format").get("type") == "text":
        return
    form = wanted.get("json_schema")
    if wanted.get("type") != "json_schema" or not isinstance(form, dict) or not isinstance(form.get("schema"), dict):
        draft.drop("response_format")
    elif draft.model.generation.schema:
        draft.wire["output_config"] = {"format": {"type": "json_schema", "schema": form["schema"]}}
    elif draft.wire.get("tools"):
        draft.drop("response_format")
    else:
        said = chosen(form, ("description",))
        draft.wire["tools"] = [{"name": JSON_TOOL, **said, "input_schema": form["schema"]}]
        draft.wire["tool_choice"] = {"type": "tool", "name": JSON_TOOL}


def say_reasoning(draft: Draft) -> None:
    """Thinking and a forced tool exclude each other.

    The tool is what the app's code relies on, so thinking gives way.
    """
    thought = render_reasoning(draft.unified, draft.model)
    draft.drop(*thought.dropped)
    if thought.effort:
        draft.wire.setdefault("output_config", {})["effort"] = thought.effort
    if thought.thinking is None:
        return
    forced = draft.wire.get("tool_choice", {}).get("type") in FORCED
    if forced and thought.is_on:
        draft.drop("reasoning" if draft.unified.get("reasoning") is not None else "reasoning_effort")
    else:
        draft.wire["thinking"] = thought.thinking


def say_user(draft: Draft) -> None:
    """Who asks: `metadata.user_id` is all the metadata there is."""
    metadata = asked(draft.unified.get("metadata") or {}, dict, "metadata")
    names = (draft.unified.get("user"), draft.unified.get("safety_identifier"), metadata.get("user_id"))
    user = next((name for name in names if name is not None), None)
    if user is not None:
        draft.wire["metadata"] = {"user_id": user}
    if metadata.keys() - {"user_id"}:
        draft.drop("metadata")


def say_service_tier(draft: Draft) -> None:
    tier = draft.unified.get("service_tier")
    if tier is None:
        return
    said = SERVICE_TIERS.get(asked(tier, str, "service_tier"))
    if said is None:
        draft.drop("service_tier")
    else:
        draft.wire["service_tier"] = said


#: In this order: later ones look at what earlier ones have said.
SAYINGS: tuple[Callable[[Draft], None], ...] = (
    say_choices,
    say_tools,
    say_tool_choice,
    say_response_format,
    say_reasoning,
    say_limit,
    say_samplers,
    say_stop,
    say_user,
    say_service_tier,
)
