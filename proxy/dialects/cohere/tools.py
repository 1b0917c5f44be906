"""Tools and the choice among them, unified and as Cohere says them.

Cohere can be made to call some tool or none, not a certain one: then only those that may be called are offered.
`strict_tools` is said of all tools at once. Source: https://docs.cohere.com/v2/docs/tool-use-overview,
https://docs.cohere.com/v2/reference/chat.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from proxy.call import Json
from proxy.dialects.cohere.citations import NAME
from proxy.dialects.cohere.fields import Draft
from proxy.dialects.parts import Choice, Function, read_choice, read_function
from proxy.dialects.shape import asked, chosen, wrong

CHOICES: Mapping[str, str | None] = {"auto": None, "none": "NONE", "required": "REQUIRED", "named": "REQUIRED"}
CHOICES_BACK: Mapping[str, str] = {"NONE": "none", "REQUIRED": "required", "AUTO": "auto"}
#: Members of a tool that Cohere has no word for.
UNSAID = ("cache_control", "allowed_callers", "defer_loading", "eager_input_streaming", "input_examples")


def say_tools(draft: Draft) -> None:
    """The tools that may be called, whether strictly, and whether one must be."""
    choice = read_choice(draft.unified.get("tool_choice"))
    functions, own = read_tools(draft)
    kept = allow(functions, choice, draft)
    tools = [*map(render_tool, kept), *own]
    if tools:
        draft.wire["tools"] = tools
        say_strict(kept, draft)
    say_choice(choice, bool(tools), draft)


def read_tools(draft: Draft) -> tuple[list[Function], list[Json]]:
    """The functions, and Cohere's own tools; any other is dropped by name."""
    functions: list[Function] = []
    own: list[Json] = []
    for index, tool in enumerate(asked(draft.unified.get("tools") or [], list, "tools")):
        function = read_function(tool, f"tools[{index}]")
        if function is not None:
            draft.dropped += [f"tools.{name}" for name in UNSAID if function.tool.get(name)]
            functions.append(function)
        elif tool.get("type") == NAME and isinstance(tool.get(NAME), dict):
            own.append(tool[NAME])
        else:
            draft.dropped.append(f"tools[{index}]")
    return functions, own


def allow(functions: list[Function], choice: Choice | None, draft: Draft) -> list[Function]:
    """Those that the choice leaves."""
    if choice is None or choice.names is None:
        return functions
    unknown = choice.names - {function.name for function in functions}
    if unknown:
        raise wrong("tool_choice", f"names {', '.join(sorted(unknown))}, which is not among the tools")
    draft.translated.append("tool_choice")
    return [function for function in functions if function.name in choice.names]


def render_tool(function: Function) -> Json:
    described = {} if function.description is None else {"description": function.description}
    return {"type": "function", "function": {"name": function.name, **described, "parameters": function.parameters}}


def say_strict(functions: list[Function], draft: Draft) -> None:
    strict = [function.strict for function in functions]
    if all(strict) and strict:
        draft.wire["strict_tools"] = True
    elif any(strict):
        draft.dropped.append("tools.strict")


def say_choice(choice: Choice | None, has_tools: bool, draft: Draft) -> None:
    """Without tools there is nothing to choose."""
    if choice is None:
        if draft.unified.get("tool_choice") is not None:
            draft.dropped.append("tool_choice")
        return
    if choice.mode not in CHOICES:
        raise wrong("tool_choice.allowed_tools.mode", "must be auto or required")
    said = CHOICES[choice.mode]
    if said is not None and has_tools:
        draft.wire["tool_choice"] = said
    elif said == "REQUIRED":
        draft.dropped.append("tool_choice")


def parse_tool(tool: Any, path: str, strict: bool) -> Json:
    """Cohere's tool in the unified form; one that is no function is its own."""
    tool = asked(tool, dict, path)
    if tool.get("type", "function") != "function":
        return {"type": NAME, NAME: tool}
    function = asked(tool.get("function"), dict, f"{path}.function")
    said: Json = {
        "name": asked(function.get("name"), str, f"{path}.function.name"),
        **chosen(function, ("description",)),
    }
    if function.get("parameters") is not None:
        said["parameters"] = asked(function["parameters"], dict, f"{path}.function.parameters")
    return {"type": "function", "function": said | ({"strict": True} if strict else {})}


def parse_tools(wire: Json) -> Json:
    """`tools` and `tool_choice` of a unified request."""
    unified: Json = {}
    strict = asked(wire.get("strict_tools") or False, bool, "strict_tools")
    if wire.get("tools") is not None:
        tools = asked(wire["tools"], list, "tools")
        unified["tools"] = [parse_tool(tool, f"tools[{index}]", strict) for index, tool in enumerate(tools)]
    if wire.get("tool_choice") is not None:
        choice = CHOICES_BACK.get(asked(wire["tool_choice"], str, "tool_choice"))
        if choice is None:
            raise wrong("tool_choice", "must be REQUIRED or NONE")
        unified["tool_choice"] = choice
    return unified
