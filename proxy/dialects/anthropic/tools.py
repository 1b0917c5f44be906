"""Tools and the choice among them, unified and as Anthropic says them.

Source: https://docs.claude.com/en/docs/agents-and-tools/tool-use/overview, build-with-claude/structured-outputs
(`strict`). A tool that runs at the provider (web search and the like) has no unified form: it is carried as it is,
for Anthropic alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from proxy.call import Json
from proxy.dialects.anthropic.models import Generation
from proxy.dialects.parts import allowed_names, is_foreign, name_of, read_function
from proxy.dialects.shape import asked, chosen, wrong

#: What a tool of Anthropic's may say besides; it stands beside `function`.
EXTRAS = ("cache_control", "allowed_callers", "defer_loading", "eager_input_streaming", "input_examples")

CHOICES: Mapping[str, str] = {"auto": "auto", "none": "none", "required": "any"}
CHOICES_BACK: Mapping[str, str] = {wire: unified for unified, wire in CHOICES.items()}


def render_tools(unified: Json, generation: Generation) -> tuple[list[Json], list[str]]:
    """The tools and the names of what could not be said. `allowed_tools` leaves only the tools that may be called."""
    tools, dropped = [], []
    allowed = allowed_names(unified.get("tool_choice"))
    for index, tool in enumerate(asked(unified.get("tools") or [], list, "tools")):
        path = f"tools[{index}]"
        if is_foreign(asked(tool, dict, path)):
            dropped.append(path)
            continue
        said = render_tool(tool, path)
        if said.get("strict") and not generation.schema:
            dropped.append("tools.strict")
            del said["strict"]
        if allowed is None or said.get("name") in allowed:
            tools.append(said)
    return tools, dropped


def render_tool(tool: Json, path: str) -> Json:
    """A function in OpenAI's form or the shorter `{name, description, parameters}`.

    Any other type is Anthropic's own.
    """
    function = read_function(tool, path)
    if function is None:
        return dict(tool)
    said: Json = {"name": function.name}
    if function.description is not None:
        said["description"] = function.description
    said["input_schema"] = function.parameters
    if function.strict:
        said["strict"] = True
    return {**said, **chosen(tool, EXTRAS)}


def render_tool_choice(unified: Json, has_tools: bool) -> tuple[Json | None, list[str]]:
    """The choice with `parallel_tool_calls` in it. Without tools there is nothing to choose."""
    choice, parallel = unified.get("tool_choice"), unified.get("parallel_tool_calls")
    if not has_tools:
        return None, [] if choice in (None, "auto", "none") else ["tool_choice"]
    if isinstance(choice, dict) and choice.get("type") == "custom":
        return None, ["tool_choice"]
    said = None if choice is None else render_choice(choice)
    if parallel is not None and (said or not parallel):
        said = said or {"type": "auto"}
        if said["type"] != "none":
            said["disable_parallel_tool_use"] = not asked(parallel, bool, "parallel_tool_calls")
    return said, []


def render_choice(choice: Any) -> Json:
    if isinstance(choice, dict) and choice.get("type") == "allowed_tools":
        choice = choice["allowed_tools"].get("mode", "auto")
    if isinstance(choice, str):
        if choice not in CHOICES:
            raise wrong("tool_choice", f"must be one of {', '.join(CHOICES)}, or name a function")
        return {"type": CHOICES[choice]}
    return {"type": "tool", "name": name_of(choice, "tool_choice")}


def parse_tool(tool: Any, path: str) -> Json:
    """Anthropic's tool in OpenAI's form; one that runs at the provider as it is."""
    tool = asked(tool, dict, path)
    if tool.get("type") not in (None, "custom"):
        return dict(tool)
    function = {"name": asked(tool.get("name"), str, f"{path}.name"), **chosen(tool, ("description",))}
    function["parameters"] = asked(tool.get("input_schema"), dict, f"{path}.input_schema")
    return {"type": "function", "function": {**function, **chosen(tool, ("strict",))}, **chosen(tool, EXTRAS)}


def parse_tool_choice(choice: Any) -> Json:
    """`tool_choice` and `parallel_tool_calls` of a unified request."""
    choice = asked(choice, dict, "tool_choice")
    kind = asked(choice.get("type"), str, "tool_choice.type")
    if kind == "tool":
        name = asked(choice.get("name"), str, "tool_choice.name")
        unified: Json = {"tool_choice": {"type": "function", "function": {"name": name}}}
    elif kind in CHOICES_BACK:
        unified = {"tool_choice": CHOICES_BACK[kind]}
    else:
        raise wrong("tool_choice.type", f"must be one of {', '.join(CHOICES_BACK)}, tool")
    if choice.get("disable_parallel_tool_use") is not None:
        unified["parallel_tool_calls"] = not choice["disable_parallel_tool_use"]
    return unified
