"""A unified request as one for /api/chat, and the names of what could not be said.

Source: https://docs.ollama.com/api/chat. `stream` is always said, for Ollama streams unless told not to. There is no word
for a choice among tools: `none` leaves the tools out, `allowed_tools` leaves some, and nothing forces a call.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from proxy.call import Json
from proxy.dialects import Rendering
from proxy.dialects.neutral import is_neutral
from proxy.dialects.ollama.fields import KNOWN, OPTIONS, OWN, Draft
from proxy.dialects.ollama.messages import render_messages
from proxy.dialects.parts import NO_PARAMETERS, read_choice, read_function
from proxy.dialects.shape import asked, unsayable, wrong

#: Unified effort -> `think`. The levels are those of https://docs.ollama.com/capabilities/thinking, which only some models have:
#: Ollama 0.17.4 answers a level with a 400 ("not supported for this model") where a model can only think or not.
EFFORTS: Mapping[str, bool | str] = {
    "none": False,
    "minimal": "low",
    "low": "low",
    "medium": "medium",
    "high": "high",
    "xhigh": "high",
    "max": "max",
}
#: What stands in the names of models that have levels.
LEVELLED = "gpt-oss"
LIMITS = ("max_tokens", "max_completion_tokens")
#: Fields that no saying but `say_options` speaks of.
PLAIN = frozenset({"model", "messages", "system", "stream", "stream_options", *OPTIONS, *LIMITS})
#: Members of a function that Ollama knows.
FUNCTION = frozenset({"name", "description", "parameters"})


def render_request(unified: Json, model: str) -> Rendering:
    """Unified request -> chat request. Failure("unsupported_capability") names what can neither be said nor left out."""
    dropped: list[str] = []
    return finish(unified, {"model": model, "messages": render_messages(unified, dropped)}, dropped)


def finish(unified: Json, wire: Json, dropped: list[str]) -> Rendering:
    """What a chat and a generate request have in common: everything but who says what."""
    options: Json = {}
    translated: list[str] = []
    if unified.keys() <= PLAIN:
        put_options(unified, options)
    else:
        say_all(Draft(unified, wire, options, dropped, translated))
    if options:
        wire["options"] = options
    wire["stream"] = bool(unified.get("stream"))
    return Rendering(wire, list(dict.fromkeys(dropped)) if len(dropped) > 1 else dropped, translated)


def put_options(unified: Json, options: Json) -> None:
    """Samplers and the limit."""
    for name, kind in OPTIONS.items():
        if name in unified and (value := unified[name]) is not None:
            options[name] = value if type(value) is kind or type(value) is int else asked(value, kind, name)
    name = "max_tokens" if unified.get("max_completion_tokens") is None else "max_completion_tokens"
    limit = unified.get(name)
    if limit is not None:
        options["num_predict"] = limit if type(limit) is int else asked(limit, int, name)


def say_all(draft: Draft) -> None:
    """What any field says. What none speaks of is dropped, and named, unless leaving it out changes nothing."""
    unified = draft.unified
    for names, say in SAYINGS:
        if not unified.keys().isdisjoint(names):
            say(draft)
    draft.dropped += [name for name, value in unified.items() if name not in KNOWN and not is_neutral(name, value)]


def say_choices(draft: Draft) -> None:
    """More than one answer cannot be asked for, and one answer is not what was meant."""
    if draft.unified.get("n") not in (None, 1):
        raise unsayable("n", "must be 1: Ollama gives one answer")


def say_options(draft: Draft) -> None:
    put_options(draft.unified, draft.options)


def say_stop(draft: Draft) -> None:
    sequences: list[str] = []
    for name in ("stop", "stop_sequences"):
        value = draft.unified.get(name)
        values = [] if value is None else [value] if isinstance(value, str) else asked(value, list, name)
        sequences += [asked(entry, str, f"{name}[{index}]") for index, entry in enumerate(values)]
    if sequences:
        draft.options["stop"] = list(dict.fromkeys(sequences))


def say_tools(draft: Draft) -> None:
    choice = read_choice(draft.unified.get("tool_choice"))
    tools = render_tools(draft, None if choice is None or choice.mode == "named" else choice.names)
    if draft.unified.get("parallel_tool_calls") is False and tools:
        draft.dropped.append("parallel_tool_calls")
    if choice is not None and choice.mode == "none":
        draft.translated += ["tool_choice"] if tools else []
        return
    if tools:
        draft.wire["tools"] = tools
    if draft.unified.get("tool_choice") is not None and (choice is None or choice.mode in ("required", "named")):
        draft.dropped.append("tool_choice")


def render_tools(draft: Draft, allowed: frozenset[str] | None) -> list[Json]:
    tools = []
    for index, tool in enumerate(asked(draft.unified.get("tools") or [], list, "tools")):
        path = f"tools[{index}]"
        function = read_function(tool, path)
        if function is None and tool["type"] == "ollama":
            tools.append(asked(tool.get("ollama"), dict, f"{path}.ollama"))
        elif function is None:
            draft.dropped.append(path)
        elif allowed is None or function.name in allowed:
            tools.append(render_function(tool))
            draft.dropped += ["tools.strict"] if function.strict else []
            draft.dropped += ["tools.cache_control"] if tool.get("cache_control") else []
    return tools


def render_function(tool: Json) -> Json:
    """`parameters` is required there."""
    function = {
        name: value for name, value in tool.get("function", tool).items() if name in FUNCTION and value is not None
    }
    return {"type": "function", "function": {"parameters": NO_PARAMETERS, **function}}


def say_format(draft: Draft) -> None:
    wanted = draft.unified.get("response_format")
    if wanted is None:
        return
    kind = asked(wanted, dict, "response_format").get("type")
    if kind == "json_object":
        draft.wire["format"] = "json"
    elif kind == "json_schema":
        form = asked(wanted.get("json_schema"), dict, "response_format.json_schema")
        draft.wire["format"] = asked(form.get("schema"), dict, "response_format.json_schema.schema")
    elif kind != "text":
        draft.dropped.append("response_format")


def say_reasoning(draft: Draft) -> None:
    """`reasoning` goes before `reasoning_effort`. A budget has no word: it says no more than that there is to be thinking."""
    reasoning = draft.unified.get("reasoning")
    if reasoning is None:
        return say_effort(draft, draft.unified.get("reasoning_effort"), "reasoning_effort")
    asked(reasoning, dict, "reasoning")
    budget, enabled = reasoning.get("budget_tokens"), reasoning.get("enabled")
    if budget is not None:
        enabled = asked(budget, int, "reasoning.budget_tokens") > 0 if enabled is None else enabled
        draft.dropped += ["reasoning.budget_tokens"] if budget else []
    if enabled is not None:
        draft.wire["think"] = asked(enabled, bool, "reasoning.enabled")
    draft.dropped += ["reasoning.display"] if reasoning.get("display") is not None else []
    return say_effort(draft, reasoning.get("effort"), "reasoning.effort") if enabled is not False else None


def say_effort(draft: Draft, effort: Any, name: str) -> None:
    if effort is None:
        return
    if asked(effort, str, name) not in EFFORTS:
        raise wrong(name, f"must be one of {', '.join(EFFORTS)}")
    level = EFFORTS[effort]
    draft.wire["think"] = level if LEVELLED in draft.wire["model"] else level is not False
    if draft.wire["think"] not in (effort, False):
        draft.translated.append(name)


def say_carried(draft: Draft) -> None:
    """Fields of the same name, and Ollama's own."""
    for name in CARRIED:
        if draft.unified.get(name) is not None:
            draft.wire[name] = draft.unified[name]


def say_own_options(draft: Draft) -> None:
    """Said first: a unified field goes before an option of the same name."""
    draft.options |= asked(draft.unified.get("ollama_options") or {}, dict, "ollama_options")


CARRIED = ("logprobs", "top_logprobs", *sorted(OWN - {"ollama_options"}))

#: What speaks of which fields, and is left out where there is none of them.
SAYINGS: tuple[tuple[tuple[str, ...], Callable[[Draft], None]], ...] = (
    (("ollama_options",), say_own_options),
    (("n",), say_choices),
    ((*OPTIONS, *LIMITS), say_options),
    (("stop", "stop_sequences"), say_stop),
    (("tools", "tool_choice", "parallel_tool_calls"), say_tools),
    (("response_format",), say_format),
    (("reasoning", "reasoning_effort"), say_reasoning),
    (CARRIED, say_carried),
)
