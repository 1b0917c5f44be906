"""Tools and the choice among them, unified and as Google says them.

Source: https://ai.google.dev/gemini-api/docs/function-calling. Tools that Google runs itself (search, code execution and the
like) have no unified form: each is carried as `{"type": "gemini", "gemini": {...}}`, for Google alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from proxy.call import Json
from proxy.dialects.checks import check_names
from proxy.dialects.gemini.schemas import parse_schema
from proxy.dialects.gemini.spelling import camel
from proxy.dialects.parts import NO_PARAMETERS, Choice, Function, read_choice, read_function
from proxy.dialects.shape import asked, wrong

MODES: Mapping[str, str] = {"auto": "AUTO", "none": "NONE", "required": "ANY"}
CHOICES: Mapping[str, str] = {mode: choice for choice, mode in MODES.items()}
#: Modes that keep to the declared functions. VALIDATED leaves the model free to answer in words.
MODES_WITH_NAMES: Mapping[str, str] = {"auto": "VALIDATED", "required": "ANY", "named": "ANY", "none": "NONE"}
#: Members of a declaration without a unified word; they stand in the request's own `functionDeclarations`, by function.
DECLARATION_EXTRAS = ("response", "responseJsonSchema", "behavior")


def render_tools(unified: Json) -> tuple[list[Json], list[str]]:
    """The tools, all functions in one where the first of them stood, and the names of what could not be said."""
    tools: list[Json] = []
    declared: list[Json] = []
    dropped: list[str] = []
    own = asked(unified.get("functionDeclarations") or {}, dict, "functionDeclarations")
    for index, tool in enumerate(asked(unified.get("tools") or [], list, "tools")):
        function = read_function(tool, f"tools[{index}]")
        if function is not None:
            if not declared:
                tools.append({"functionDeclarations": declared})
            declared.append(declaration_of(function, own.get(function.name)))
            dropped += [name for name, unsaid in unsaid_of(function) if unsaid]
        elif tool["type"] == "gemini" and isinstance(tool.get("gemini"), dict):
            tools.append(tool["gemini"])
        else:
            dropped.append(f"tools[{index}]")
    return tools, dropped


def declaration_of(function: Function, own: Any) -> Json:
    said: Json = {"name": function.name}
    if function.description is not None:
        said["description"] = function.description
    if function.parameters is not NO_PARAMETERS:
        said["parametersJsonSchema"] = function.parameters
    return {**said, **own} if isinstance(own, dict) else said


def unsaid_of(function: Function) -> tuple[tuple[str, bool], ...]:
    return ("tools.strict", function.strict), ("tools.cache_control", function.tool.get("cache_control") is not None)


def render_choice(unified: Json, has_tools: bool) -> tuple[Json | None, list[str]]:
    """The functionCallingConfig. Without tools there is nothing to choose; one call at a time cannot be asked for."""
    choice = read_choice(unified.get("tool_choice"))
    dropped = ["parallel_tool_calls"] if unified.get("parallel_tool_calls") is False and has_tools else []
    if choice is None or not has_tools:
        meant = unified.get("tool_choice") not in (None, "auto", "none")
        return None, [*dropped, "tool_choice"] if meant else dropped
    return calling_config(choice), dropped


def calling_config(choice: Choice) -> Json:
    if choice.names is None:
        return {"mode": MODES[choice.mode]}
    mode = MODES_WITH_NAMES.get(choice.mode)
    if mode is None:
        raise wrong("tool_choice.allowed_tools.mode", "must be auto or required")
    return {"mode": mode, "allowedFunctionNames": sorted(choice.names)}


# ---- from the wire


def parse_tools(tools: Any) -> Json:
    """`tools` and `functionDeclarations`: every function for itself, whatever stands beside them as it is."""
    unified: list[Json] = []
    own: Json = {}
    names: list[str] = []
    paths: list[str] = []
    for index, tool in enumerate(asked(tools, list, "tools")):
        said = camel(tool, f"tools[{index}]")
        path = f"tools[{index}].functionDeclarations"
        for at, declaration in enumerate(asked(said.pop("functionDeclarations", []), list, path)):
            function, besides = parse_declaration(declaration, f"{path}[{at}]")
            unified.append({"type": "function", "function": function})
            own |= {function["name"]: besides} if besides else {}
            names.append(function["name"])
            paths.append(f"{path}[{at}].name")
        unified += [{"type": "gemini", "gemini": {name: value}} for name, value in said.items()]
    check_names(names, paths)
    offered: Json = {"tools": unified} if unified else {}
    return {**offered, "functionDeclarations": own} if own else offered


def parse_declaration(declaration: Any, path: str) -> tuple[Json, Json]:
    """(the function, what Google alone knows of it)."""
    said = camel(declaration, path)
    function: Json = {"name": asked(said.get("name"), str, f"{path}.name")}
    if "description" in said:
        function["description"] = asked(said["description"], str, f"{path}.description")
    for name in ("parametersJsonSchema", "parameters"):
        if name in said:
            function["parameters"] = parse_schema(said[name], f"{path}.{name}")
            break
    return function, {name: said[name] for name in DECLARATION_EXTRAS if name in said}


def parse_choice(config: Any, path: str) -> tuple[Json, Json]:
    """The unified `tool_choice`, and what it leaves out, as Google says it."""
    said = camel(config, path)
    mode = asked(said.pop("mode", "MODE_UNSPECIFIED"), str, f"{path}.mode").upper()
    names = asked(said.pop("allowedFunctionNames", []), list, f"{path}.allowedFunctionNames")
    for at, name in enumerate(names):
        asked(name, str, f"{path}.allowedFunctionNames[{at}]")
    if mode == "MODE_UNSPECIFIED":
        return {}, said
    if mode not in ("VALIDATED", *CHOICES):
        raise wrong(f"{path}.mode", f"must be one of VALIDATED, {', '.join(CHOICES)}")
    if mode == "VALIDATED" and not names:
        return {"tool_choice": "auto"}, {**said, "mode": mode}
    return {"tool_choice": choice_of(mode, names)}, said


def choice_of(mode: str, names: list[str]) -> Json | str:
    if not names or mode in ("AUTO", "NONE"):
        return CHOICES[mode]
    if mode == "ANY" and len(names) == 1:
        return {"type": "function", "function": {"name": names[0]}}
    tools = [{"type": "function", "function": {"name": name}} for name in names]
    return {"type": "allowed_tools", "allowed_tools": {"mode": CHOICES.get(mode, "auto"), "tools": tools}}
