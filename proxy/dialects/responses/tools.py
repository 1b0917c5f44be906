"""Tools and the choice among them, unified and as the Responses API says them: flat, where the chat API nests.

A tool that runs at the provider (web search, MCP and the like) has no unified form: it is carried whole, for this dialect
alone. Source: https://platform.openai.com/docs/guides/function-calling and tools,
https://platform.openai.com/docs/guides/migrate-to-responses (tools are strict by default here and not there).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from proxy.call import Json
from proxy.dialects.checks import check_names, check_schema
from proxy.dialects.parts import read_choice, read_function
from proxy.dialects.responses.content import carry, extras_of
from proxy.dialects.responses.fields import EXTRAS
from proxy.dialects.shape import asked, chosen, wrong

FUNCTION = ("name", "description", "parameters", "strict")
CUSTOM = ("name", "description", "format")
#: Unified members that stand beside the function and mean the same here.
BESIDE = ("defer_loading",)


def render_tools(tools: Any, native: bool, dropped: list[str]) -> list[Json]:
    """The tools that can be said. `native`: a function that does not say whether it is strict is left to the provider."""
    said = []
    for index, tool in enumerate(asked(tools or [], list, "tools")):
        path = f"tools[{index}]"
        wire = render_tool(asked(tool, dict, path), path, native)
        if wire is None:
            dropped.append(path)
            continue
        said.append(wire)
        if tool.get("cache_control"):
            dropped.append("tools.cache_control")
    return said


def render_tool(tool: Json, path: str, native: bool = True) -> Json | None:
    kind = tool.get("type", "function")
    if kind == EXTRAS:
        return asked(tool.get(EXTRAS), dict, f"{path}.{EXTRAS}")
    if kind == "custom" and isinstance(tool.get("custom"), dict):
        return {**render_custom(tool["custom"], f"{path}.custom"), **extras_of(tool, path)}
    function = read_function(tool, path) if kind == "function" else None
    if function is None:
        return None
    wire: Json = {"type": "function", "name": function.name}
    if function.description is not None:
        wire["description"] = function.description
    wire["parameters"] = function.parameters
    strict = tool.get("function", tool).get("strict")
    if strict is not None or not native:
        wire["strict"] = bool(strict)
    return {**wire, **chosen(tool, BESIDE), **extras_of(tool, path)}


def render_custom(custom: Json, path: str) -> Json:
    """A tool that takes text; a grammar is nested in the chat API and not here."""
    wire: Json = {
        "type": "custom",
        "name": asked(custom.get("name"), str, f"{path}.name"),
        **chosen(custom, CUSTOM[1:]),
    }
    form = wire.get("format")
    if isinstance(form, dict) and isinstance(form.get("grammar"), dict):
        wire["format"] = {"type": "grammar", **form["grammar"]}
    return wire


def render_web_search(options: Any) -> Json:
    """The chat API's `web_search_options` as the tool that does it."""
    options = asked(options, dict, "web_search_options")
    tool: Json = {"type": "web_search", **chosen(options, ("search_context_size",))}
    place = options.get("user_location")
    if isinstance(place, dict) and isinstance(place.get("approximate"), dict):
        tool["user_location"] = {"type": "approximate", **place["approximate"]}
    return tool


def render_choice(choice: Any) -> Json | str | None:
    """None for what has no word here."""
    kind = choice.get("type") if isinstance(choice, dict) else None
    if isinstance(kind, str) and kind in CHOICES:
        return CHOICES[kind](choice)
    read = read_choice(choice)
    if read is None:
        return None
    if read.mode == "named":
        return {"type": "function", "name": next(iter(read.names or ()))}
    return read.mode


def render_named_custom(choice: Json) -> Json:
    custom = asked(choice.get("custom"), dict, "tool_choice.custom")
    return {"type": "custom", "name": asked(custom.get("name"), str, "tool_choice.custom.name")}


def render_allowed(choice: Json) -> Json:
    path = "tool_choice.allowed_tools"
    allowed = asked(choice.get("allowed_tools"), dict, path)
    tools = asked(allowed.get("tools"), list, f"{path}.tools")
    named = [render_allowed_tool(tool, f"{path}.tools[{index}]") for index, tool in enumerate(tools)]
    return {"type": "allowed_tools", "mode": allowed.get("mode") or "auto", "tools": named}


def render_allowed_tool(tool: Any, path: str) -> Json:
    kind = asked(tool, dict, path).get("type", "function")
    if kind == EXTRAS:
        return asked(tool.get(EXTRAS), dict, f"{path}.{EXTRAS}")
    named = tool.get(kind, tool) if isinstance(kind, str) else tool
    return {"type": kind, "name": asked(asked(named, dict, path).get("name"), str, f"{path}.name")}


def render_own_choice(choice: Json) -> Json:
    return asked(choice.get(EXTRAS), dict, f"tool_choice.{EXTRAS}")


CHOICES: Mapping[str, Callable[[Json], Json]] = {
    EXTRAS: render_own_choice,
    "custom": render_named_custom,
    "allowed_tools": render_allowed,
}


# ---- and back


def parse_tools(tools: Any) -> list[Json]:
    said = asked(tools, list, "tools")
    unified = [parse_tool(tool, f"tools[{index}]") for index, tool in enumerate(said)]
    named = [(tool["name"], f"tools[{index}].name") for index, tool in enumerate(said) if tool["type"] in PARSERS]
    check_names([name for name, _ in named], [path for _, path in named])
    return unified


def parse_tool(tool: Any, path: str) -> Json:
    kind = asked(asked(tool, dict, path).get("type"), str, f"{path}.type")
    parse = PARSERS.get(kind)
    return {"type": EXTRAS, EXTRAS: tool} if parse is None else parse(tool, path)


def parse_function(tool: Json, path: str) -> Json:
    function = {"name": asked(tool.get("name"), str, f"{path}.name"), **chosen(tool, FUNCTION[1:])}
    if "parameters" in function:
        check_schema(function["parameters"], f"{path}.parameters")
    unified = {"type": "function", "function": function, **chosen(tool, BESIDE)}
    return carry(unified, tool, ("type", *FUNCTION, *BESIDE))


def parse_custom(tool: Json, path: str) -> Json:
    custom = {"name": asked(tool.get("name"), str, f"{path}.name"), **chosen(tool, CUSTOM[1:])}
    form = custom.get("format")
    if isinstance(form, dict) and form.get("type") == "grammar":
        grammar = {name: value for name, value in form.items() if name != "type"}
        custom["format"] = {"type": "grammar", "grammar": grammar}
    return carry({"type": "custom", "custom": custom}, tool, ("type", *CUSTOM))


PARSERS: Mapping[str, Callable[[Json, str], Json]] = {"function": parse_function, "custom": parse_custom}


def parse_choice(choice: Any) -> Json | str:
    if isinstance(choice, str):
        if choice not in ("auto", "none", "required"):
            raise wrong("tool_choice", "must be one of auto, none, required, or name a tool")
        return choice
    kind = asked(asked(choice, dict, "tool_choice").get("type"), str, "tool_choice.type")
    if kind in PARSERS:
        return {"type": kind, kind: {"name": asked(choice.get("name"), str, "tool_choice.name")}}
    if kind != "allowed_tools":
        return {"type": EXTRAS, EXTRAS: choice}
    tools = asked(choice.get("tools"), list, "tool_choice.tools")
    allowed = [parse_allowed_tool(tool, f"tool_choice.tools[{index}]") for index, tool in enumerate(tools)]
    return {"type": kind, kind: {**chosen(choice, ("mode",)), "tools": allowed}}


def parse_allowed_tool(tool: Any, path: str) -> Json:
    kind = asked(asked(tool, dict, path).get("type"), str, f"{path}.type")
    if kind not in PARSERS:
        return {"type": EXTRAS, EXTRAS: tool}
    return {"type": kind, kind: {"name": asked(tool.get("name"), str, f"{path}.name")}}
