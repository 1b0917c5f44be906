"""Tools and the choice among them, unified and as Converse's `toolConfig`.

Converse has no `none`: tools that must not be called are left out, unless the conversation has calls in it, for then it
insists on `toolConfig`. Tools that are no functions (`systemTool`) have no unified form and are carried as they are,
for Bedrock alone. Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ToolConfiguration.html,
userguide/tool-use.
"""

from __future__ import annotations

from typing import Any

from proxy.call import Json
from proxy.dialects.bedrock.fields import NAME, Draft
from proxy.dialects.checks import check_schema
from proxy.dialects.parts import Function, read_choice, read_function
from proxy.dialects.shape import asked, chosen, wrong

MODES = {"auto": "auto", "required": "any", "named": "tool"}
MODES_BACK = {"auto": "auto", "any": "required"}


def say_tools(draft: Draft) -> None:
    """`toolConfig`. What the family of the model does not take is dropped and named."""
    choice = read_choice(draft.unified.get("tool_choice"))
    called = called_names(draft.wire["messages"])
    unified = asked(draft.unified.get("tools") or [], list, "tools")
    allowed = choice.names if choice is not None and choice.mode != "named" else None
    tools = [] if choice is not None and choice.mode == "none" and not called else render_tools(draft, unified, allowed)
    if not tools and called:
        # Converse refuses a conversation with calls in it that names no tools: those that were called stand in for them.
        tools = [{"toolSpec": {"name": name, "inputSchema": {"json": {"type": "object"}}}} for name in called]
        draft.translated.append("tools")
    if tools:
        draft.wire["toolConfig"] = {"tools": tools}
    if draft.unified.get("tool_choice") is not None:
        say_choice(draft, bool(tools))
    say_parallel(draft, bool(tools))


def called_names(turns: list[Json]) -> list[str]:
    """The application's own tools that the conversation has called, each once."""
    names: dict[str, None] = {}
    for turn in turns:
        for block in turn["content"]:
            use = block.get("toolUse")
            if isinstance(use, dict) and use.get("type") != "server_tool_use" and isinstance(use.get("name"), str):
                names[use["name"]] = None
    return list(names)


def render_tools(draft: Draft, unified: list[Any], allowed: frozenset[str] | None) -> list[Json]:
    tools: list[Json] = []
    for index, tool in enumerate(unified):
        path = f"tools[{index}]"
        function = read_function(tool, path)
        if function is not None:
            if allowed is None or function.name in allowed:
                tools.append(render_function(draft, function))
                tools += cache_point(draft, tool)
        elif tool.get("type") == NAME and isinstance(tool.get(NAME), dict):
            tools.append(tool[NAME])
        else:
            draft.dropped.append(path)
    return tools


def render_function(draft: Draft, function: Function) -> Json:
    spec: Json = {"name": function.name, "inputSchema": {"json": function.parameters}}
    if function.description:
        spec["description"] = function.description
    if function.strict and draft.known.schema:
        spec["strict"] = True
    elif function.strict:
        draft.dropped.append("tools.strict")
    return {"toolSpec": spec}


def cache_point(draft: Draft, tool: Json) -> list[Json]:
    marker = tool.get("cache_control")
    if not marker:
        return []
    if "tools" not in draft.known.cache:
        draft.dropped.append("tools.cache_control")
        return []
    return [{"cachePoint": {"type": "default", **(chosen(marker, ("ttl",)) if isinstance(marker, dict) else {})}}]


def say_choice(draft: Draft, has_tools: bool) -> None:
    choice = read_choice(draft.unified["tool_choice"])
    if choice is None or (has_tools and choice.mode == "none"):
        draft.dropped.append("tool_choice")
    elif not has_tools:
        draft.dropped += [] if choice.mode in ("auto", "none") else ["tool_choice"]
        draft.translated += ["tool_choice"] if choice.mode == "none" and draft.unified.get("tools") else []
    elif choice.mode not in MODES:
        raise wrong("tool_choice.allowed_tools.mode", "must be auto or required")
    elif MODES[choice.mode] in draft.known.choices:
        named = {"name": next(iter(choice.names))} if choice.names and choice.mode == "named" else {}
        draft.wire["toolConfig"]["toolChoice"] = {MODES[choice.mode]: named}
    elif choice.mode != "auto":
        draft.dropped.append("tool_choice.named" if choice.mode == "named" else "tool_choice")


def say_parallel(draft: Draft, has_tools: bool) -> None:
    """One call at a time: a word of Claude's own, for Converse has none."""
    parallel = draft.unified.get("parallel_tool_calls")
    if parallel is None or asked(parallel, bool, "parallel_tool_calls") or not has_tools:
        return
    if draft.known.one_call:
        kind = next(iter(draft.wire["toolConfig"].get("toolChoice", ("auto",))))
        if kind != "tool":
            draft.add(("tool_choice",), {"type": kind, "disable_parallel_tool_use": True})
    else:
        draft.dropped.append("parallel_tool_calls")


def is_forced(wire: Json) -> bool:
    choice = wire.get("toolConfig", {}).get("toolChoice", {})
    return "any" in choice or "tool" in choice


def parse_tools(config: Any) -> Json:
    """`tools` and `tool_choice` of a unified request, from `toolConfig`."""
    config = asked(config, dict, "toolConfig")
    unified: Json = {"tools": []}
    for index, tool in enumerate(asked(config.get("tools"), list, "toolConfig.tools")):
        path = f"toolConfig.tools[{index}]"
        if "cachePoint" in asked(tool, dict, path) and unified["tools"]:
            unified["tools"][-1]["cache_control"] = parse_cache_point(tool, path)
        elif "toolSpec" in tool:
            unified["tools"].append(parse_function(tool["toolSpec"], f"{path}.toolSpec"))
        else:
            unified["tools"].append({"type": NAME, NAME: tool})
    if config.get("toolChoice") is not None:
        unified["tool_choice"] = parse_choice(asked(config["toolChoice"], dict, "toolConfig.toolChoice"))
    return unified


def parse_function(spec: Any, path: str) -> Json:
    spec = asked(spec, dict, path)
    function: Json = {"name": asked(spec.get("name"), str, f"{path}.name"), **chosen(spec, ("description", "strict"))}
    schema = asked(
        asked(spec.get("inputSchema"), dict, f"{path}.inputSchema").get("json"), dict, f"{path}.inputSchema.json"
    )
    check_schema(schema, f"{path}.inputSchema.json")
    return {"type": "function", "function": {**function, "parameters": schema}}


def parse_choice(choice: Json) -> Any:
    for wire, unified in MODES_BACK.items():
        if wire in choice:
            return unified
    tool = asked(choice.get("tool"), dict, "toolConfig.toolChoice.tool")
    return {"type": "function", "function": {"name": asked(tool.get("name"), str, "toolConfig.toolChoice.tool.name")}}


def parse_cache_point(block: Json, path: str) -> Json:
    """The marker that a `cachePoint` puts on what stands before it."""
    point = asked(block["cachePoint"], dict, f"{path}.cachePoint")
    return {"type": "ephemeral", **chosen(point, ("ttl",))}
