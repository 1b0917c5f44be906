"""A unified request as a Responses request, and the names of what could not be said.

Nothing that is not in fields.py is sent. Unless the application said otherwise nothing is stored with the provider, and a
model that reasons is asked for its reasoning in encrypted form, for the application to carry. Source:
https://platform.openai.com/docs/api-reference/responses/create, https://platform.openai.com/docs/guides/migrate-to-responses.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from proxy.call import Json
from proxy.dialects import Rendering
from proxy.dialects.neutral import is_neutral
from proxy.dialects.openai.request import CAN_REST, REASONS, effort_for
from proxy.dialects.responses.fields import CARRIED, KNOWN, NATIVE, Draft, is_native
from proxy.dialects.responses.items import Transcript, render_messages
from proxy.dialects.responses.tools import render_choice, render_tools, render_web_search
from proxy.dialects.shape import asked, chosen, unsayable

ENCRYPTED, LOGPROBS = "reasoning.encrypted_content", "message.output_text.logprobs"
#: OpenAI's models that do not reason refuse to be asked for it.
PLAIN = re.compile(r"(?:openai/|ft:)?(?:gpt-[1-4](?!\d)|gpt-\d[.\d]*-chat|chatgpt|computer-use)")
REASONING = ("effort", "summary", "generate_summary", "context", "mode")
#: Members of a unified `reasoning` that are said by others.
IMPLIED = frozenset({*REASONING, "display"})


def render_request(unified: Json, model: str) -> Rendering:
    """Unified request -> Responses request. `unified` stays as it is.

    Failure("invalid_request") names a field that is wrong, Failure("unsupported_capability") one that cannot be left out.
    """
    native = is_native(unified)
    transcript = Transcript(model, native and unified.get("store") is not False)
    render_messages(unified, transcript)
    draft = Draft(unified, model, {"model": model}, transcript.dropped)
    if isinstance(unified.get("system"), str):
        draft.wire["instructions"] = unified["system"]
    if transcript.items or not native:
        draft.wire["input"] = transcript.items
    draft.wire |= {name: unified[name] for name in (*NATIVE, *CARRIED) if unified.get(name) is not None}
    for names, say in SAYINGS:
        if not unified.keys().isdisjoint(names):
            say(draft)
    say_state(draft, native)
    draft.dropped += [name for name, value in unified.items() if name not in KNOWN and not is_neutral(name, value)]
    return Rendering(draft.wire, list(dict.fromkeys(draft.dropped)), draft.translated)


def say_choices(draft: Draft) -> None:
    """More than one answer cannot be asked for, and one answer is not what was meant."""
    if draft.unified.get("n") not in (None, 1):
        raise unsayable("n", "must be 1: the Responses API gives one answer")


def say_limit(draft: Draft) -> None:
    limit = draft.unified.get("max_completion_tokens")
    limit = draft.unified.get("max_tokens") if limit is None else limit
    if limit is not None:
        draft.wire["max_output_tokens"] = limit


def say_tools(draft: Draft) -> None:
    """Tools and the choice. Without tools there is nothing to choose, unless a stored prompt has some."""
    unified, wire = draft.unified, draft.wire
    tools = render_tools(unified.get("tools"), is_native(unified), draft.dropped)
    if unified.get("web_search_options") is not None:
        tools.append(render_web_search(unified["web_search_options"]))
    choice = unified.get("tool_choice")
    if tools:
        wire["tools"] = tools
    if choice is None:
        return
    said = render_choice(choice) if tools or unified.get("prompt") or choice in ("auto", "none") else None
    if said is None:
        draft.dropped.append("tool_choice")
    else:
        wire["tool_choice"] = said


def say_format(draft: Draft) -> None:
    wanted = draft.unified.get("response_format")
    if wanted is None:
        return
    kind = asked(wanted, dict, "response_format").get("type")
    if kind == "json_schema":
        form = asked(wanted.get("json_schema"), dict, "response_format.json_schema")
        asked(form.get("schema"), dict, "response_format.json_schema.schema")
        said = chosen(form, ("schema", "strict", "description"))
        draft.wire["text"] = {"format": {"type": kind, "name": form.get("name") or "response", **said}}
    elif kind in ("text", "json_object"):
        draft.wire["text"] = {"format": {"type": kind}}
    else:
        draft.dropped.append("response_format")


def say_verbosity(draft: Draft) -> None:
    if draft.unified.get("verbosity") is not None:
        draft.wire.setdefault("text", {})["verbosity"] = draft.unified["verbosity"]


def say_reasoning(draft: Draft) -> None:
    """An effort and whether to show a summary; a budget is said by an effort. A model that always reasons has been told to."""
    reasoning = asked(draft.unified.get("reasoning") or {}, dict, "reasoning")
    said = chosen(reasoning, REASONING)
    if not reasoning and draft.unified.get("reasoning_effort") is not None:
        said = {"effort": draft.unified["reasoning_effort"]}
    known, budget = {*IMPLIED}, reasoning.get("budget_tokens")
    if "effort" not in said and type(budget) is int and not PLAIN.match(draft.model):
        said["effort"] = effort_for(budget, draft.model)
        known.add("budget_tokens")
        draft.translated.append("reasoning.budget_tokens")
    if "effort" not in said and reasoning.get("enabled") is False and CAN_REST.match(draft.model):
        said["effort"] = "none"
    if reasoning.get("display") == "summarized":
        said.setdefault("summary", "auto")
    if said:
        draft.wire["reasoning"] = said
    if "effort" in said or (reasoning.get("enabled") is True and REASONS.match(draft.model)):
        known.add("enabled")
    draft.dropped += [
        f"reasoning.{name}" for name, value in reasoning.items() if name not in known and value is not None
    ]


def say_stream_options(draft: Draft) -> None:
    """Usage comes unasked."""
    options = asked(draft.unified.get("stream_options") or {}, dict, "stream_options")
    said = {name: value for name, value in options.items() if name != "include_usage" and value is not None}
    if said:
        draft.wire["stream_options"] = said


def say_state(draft: Draft, native: bool) -> None:
    """What is stored and what is included."""
    unified, wire = draft.unified, draft.wire
    include = [*asked(unified.get("include") or [], list, "include")]
    if unified.get("include") == []:
        include.append(ENCRYPTED)
    if unified.get("logprobs") is True:
        include.append(LOGPROBS)
    if native:
        wire |= {} if unified.get("store") is None else {"store": unified["store"]}
    else:
        wire["store"] = unified.get("store") is True
        if not PLAIN.match(draft.model):
            include.append(ENCRYPTED)
    if include:
        wire["include"] = include


#: What speaks of which fields, and is left out where there is none of them.
SAYINGS: tuple[tuple[tuple[str, ...], Callable[[Draft], None]], ...] = (
    (("n",), say_choices),
    (("max_tokens", "max_completion_tokens"), say_limit),
    (("tools", "tool_choice", "web_search_options"), say_tools),
    (("response_format",), say_format),
    (("verbosity",), say_verbosity),
    (("reasoning", "reasoning_effort"), say_reasoning),
    (("stream_options",), say_stream_options),
)
