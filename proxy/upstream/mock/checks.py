"""What the mock refuses, with the words `param` and `code` that OpenAI's API uses for it.

After `check_request` the rest of the mock may trust the shape of a request. Fields it does not know pass unread. The
shapes are those of https://platform.openai.com/docs/api-reference/chat/create; a field that is null counts as absent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import inf
from typing import Any

from proxy.call import Failure, Json

Types = tuple[type, ...]

#: Field -> the JSON types it may have.
FIELDS: Mapping[str, Types] = {
    "model": (str,),
    "messages": (list,),
    "stream": (bool,),
    "stream_options": (dict,),
    "n": (int,),
    "max_tokens": (int,),
    "max_completion_tokens": (int,),
    "temperature": (int, float),
    "top_p": (int, float),
    "stop": (str, list),
    "tools": (list,),
    "tool_choice": (str, dict),
    "parallel_tool_calls": (bool,),
    "response_format": (dict,),
}
REQUIRED = ("model", "messages")
#: Field -> the bounds of its value, inclusive.
BOUNDS: Mapping[str, tuple[float, float]] = {
    "n": (1, 128),
    "max_tokens": (1, inf),
    "max_completion_tokens": (1, inf),
    "temperature": (0, 2),
    "top_p": (0, 1),
}
ROLES = ("system", "developer", "user", "assistant", "tool", "function")
TOOL_CHOICES = ("none", "auto", "required")
FORMATS = ("text", "json_object", "json_schema")
MOST_STOPS = 4
NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
TYPE_NAMES: Mapping[type, str] = {
    str: "a string",
    list: "an array",
    dict: "an object",
    bool: "a boolean",
    int: "an integer",
    float: "a number",
    type(None): "null",
}


def check_request(request: object) -> Json:
    """The request itself when its shape is right; raises Failure("invalid_request") that names the field."""
    body = check_types(request, REQUIRED, FIELDS, BOUNDS)
    _check_options(body)
    _check_tools(body)
    _check_format(body.get("response_format") or {})
    _check_messages(body["messages"])
    return body


def check_types(
    request: object, needed: tuple[str, ...], fields: Mapping[str, Types], bounds: Mapping[str, tuple[float, float]]
) -> Json:
    """A request whose fields are there, of their types and within their bounds; null counts as absent."""
    body: Json = expect(request, (dict,), "")
    for name in needed:
        required(body, name, "")
    for name, types in fields.items():
        if body.get(name) is not None:
            expect(body[name], types, name)
    for name, (low, high) in bounds.items():
        if body.get(name) is not None and not low <= body[name] <= high:
            most = f" and at most {high}" if high < inf else ""
            raise invalid(f"'{name}' must be at least {low}{most}.", name)
    return body


def _check_options(body: Json) -> None:
    if body.get("stream_options") and not body.get("stream"):
        raise invalid("'stream_options' is allowed only together with 'stream'.", "stream_options")
    stops = body.get("stop")
    if isinstance(stops, list):
        if len(stops) > MOST_STOPS:
            raise invalid(f"'stop' may hold at most {MOST_STOPS} sequences.", "stop")
        for index, stop in enumerate(stops):
            expect(stop, (str,), f"stop[{index}]")


def _check_tools(body: Json) -> None:
    names = [_tool_name(tool, f"tools[{index}]") for index, tool in enumerate(body.get("tools") or [])]
    choice = body.get("tool_choice")
    if choice is None:
        return
    if not names:
        raise invalid("'tool_choice' is allowed only together with 'tools'.", "tool_choice")
    if isinstance(choice, str):
        one_of(choice, TOOL_CHOICES, "tool_choice")
    elif choice.get("type") != "allowed_tools" and _tool_name(choice, "tool_choice") not in names:
        raise invalid("'tool_choice' names a tool that is not in 'tools'.", "tool_choice")
    elif choice.get("type") == "allowed_tools":
        _check_allowed(required(choice, "allowed_tools", "tool_choice", (dict,)), names)


def _check_allowed(allowed: Json, names: list[str]) -> None:
    where = "tool_choice.allowed_tools"
    one_of(required(allowed, "mode", where), ("auto", "required"), f"{where}.mode")
    for index, tool in enumerate(required(allowed, "tools", where, (list,))):
        if _tool_name(tool, f"{where}.tools[{index}]") not in names:
            raise invalid(f"'{where}' names a tool that is not in 'tools'.", where)


def _tool_name(tool: object, where: str) -> str:
    kind = one_of(required(expect(tool, (dict,), where), "type", where), ("function", "custom"), f"{where}.type")
    named = required(expect(tool, (dict,), where), kind, where, (dict,))
    name: str = required(named, "name", f"{where}.{kind}", (str,))
    if not NAME.fullmatch(name):
        raise invalid("A tool's name is 1 to 64 letters, digits, '_' or '-'.", f"{where}.{kind}.name")
    if named.get("parameters") is not None:
        expect(named["parameters"], (dict,), f"{where}.{kind}.parameters")
    return name


def _check_format(form: Json) -> None:
    if not form:
        return
    kind = one_of(required(form, "type", "response_format"), FORMATS, "response_format.type")
    if kind == "json_schema":
        described = required(form, "json_schema", "response_format", (dict,))
        required(described, "name", "response_format.json_schema", (str,))
        if described.get("schema") is not None:
            expect(described["schema"], (dict,), "response_format.json_schema.schema")


def _check_messages(messages: list[Any]) -> None:
    if not messages:
        raise Failure("invalid_request", "'messages' must not be empty.", param="messages", code="empty_array")
    called: set[str] = set()
    for index, message in enumerate(messages):
        where = f"messages[{index}]"
        role = one_of(required(expect(message, (dict,), where), "role", where), ROLES, f"{where}.role")
        _check_content(message, role, where)
        called |= {_call_id(call, f"{where}.tool_calls[{i}]") for i, call in enumerate(_calls(message, where))}
        if role == "tool" and required(message, "tool_call_id", where, (str,)) not in called:
            raise invalid("A message of role 'tool' must answer one of the 'tool_calls' before it.", where)


def _check_content(message: Json, role: str, where: str) -> None:
    content = message.get("content")
    if content is None and role != "assistant":
        required(message, "content", where)
    if content is None or isinstance(content, str):
        return
    for index, part in enumerate(expect(content, (str, list), f"{where}.content")):
        at = f"{where}.content[{index}]"
        if required(expect(part, (dict,), at), "type", at, (str,)) == "text":
            required(part, "text", at, (str,))


def _calls(message: Json, where: str) -> list[Any]:
    calls: list[Any] = expect(message.get("tool_calls") or [], (list,), f"{where}.tool_calls")
    return calls


def _call_id(call: object, where: str) -> str:
    name: str = required(expect(call, (dict,), where), "id", where, (str,))
    return name


def required(body: Json, name: str, where: str, types: Types = ()) -> Any:
    path = f"{where}.{name}" if where else name
    if body.get(name) is None:
        detail = f"Missing required parameter: '{path}'."
        raise Failure("invalid_request", detail, param=path, code="missing_required_parameter")
    return expect(body[name], types, path) if types else body[name]


def expect(value: Any, types: Types, path: str) -> Any:
    if isinstance(value, types) and (bool in types or not isinstance(value, bool)):
        return value
    wanted = " or ".join(TYPE_NAMES[kind] for kind in types)
    detail = f"Invalid type for '{path or 'body'}': expected {wanted}, but got {TYPE_NAMES[type(value)]} instead."
    raise Failure("invalid_request", detail, param=path or None, code="invalid_type")


def one_of(value: Any, allowed: tuple[str, ...], path: str) -> str:
    if value in allowed and isinstance(value, str):
        return value
    shown = ", ".join(f"'{name}'" for name in allowed)
    raise invalid(f"Invalid value for '{path}': supported are {shown}.", path)


def invalid(detail: str, param: str) -> Failure:
    return Failure("invalid_request", detail, param=param, code="invalid_value")
