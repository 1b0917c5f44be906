"""What is checked of a unified request at the door: the types that the proxy or a translation relies on, and OpenAI's own limits.

The check names the field that is wrong and refuses to know what a model can do. Unknown fields pass: the provider owns its own
language. Source of types and limits: https://platform.openai.com/docs/api-reference/chat/create.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import inf
from typing import Any

from proxy.call import Failure, Json
from proxy.dialects.checks import check_base64, check_names, check_range, check_results, check_schema
from proxy.dialects.parts import split_data_url
from proxy.dialects.shape import asked

ROLES = frozenset({"system", "developer", "user", "assistant", "tool", "function"})

Kind = tuple[tuple[type, ...], str]
NUMBER: Kind = ((int, float), "a number")
INTEGER: Kind = ((int,), "an integer")
STRING: Kind = ((str,), "a string")
BOOLEAN: Kind = ((bool,), "a boolean")
OBJECT: Kind = ((dict,), "an object")
ARRAY: Kind = ((list,), "an array")

#: field -> (accepted types, how they are called in an error). None stands for absence, as in OpenAI's own API.
TYPES: Mapping[str, Kind] = {
    **dict.fromkeys(("stream", "parallel_tool_calls", "logprobs", "store"), BOOLEAN),
    **dict.fromkeys(("max_tokens", "max_completion_tokens", "n", "seed", "top_logprobs", "top_k"), INTEGER),
    **dict.fromkeys(("temperature", "top_p", "presence_penalty", "frequency_penalty", "timeout"), NUMBER),
    **dict.fromkeys(("user", "reasoning_effort", "service_tier"), STRING),
    **dict.fromkeys(("tools", "functions"), ((list,), "an array of objects")),
    **dict.fromkeys(("stream_options", "response_format", "logit_bias", "metadata", "reasoning"), OBJECT),
    **dict.fromkeys(("stop", "stop_sequences"), ((str, list), "a string or an array of strings")),
    "modalities": ARRAY,
    "tool_choice": ((str, dict), "a string or an object"),
    "system": ((str, list), "a string or an array of parts"),
    "fallbacks": ((list,), "an array of model strings"),
    "cache": ((dict, bool), "an object or a boolean"),
}
#: The least and the most of numbers.
LIMITS: Mapping[str, tuple[float, float]] = {
    "temperature": (0, 2),
    "top_p": (0, 1),
    **dict.fromkeys(("presence_penalty", "frequency_penalty"), (-2, 2)),
    "n": (1, 128),
    **dict.fromkeys(("max_tokens", "max_completion_tokens"), (1, inf)),
    "top_logprobs": (0, 20),
}
MEMBERS: Mapping[str, Mapping[str, Kind]] = {
    "reasoning": {"effort": STRING, "budget_tokens": INTEGER, "enabled": BOOLEAN},
}

OURS = frozenset({"system", *MEMBERS})

CALLED: Mapping[type, str] = {dict: "an object", list: "an array", str: "a string", type(None): "null"}


def parse_request(wire: Json) -> Json:
    """The same dict, checked. Failure("invalid_request") names the first field that is wrong."""
    if type(wire) is not dict:
        asked(wire, dict, "body")
    messages = wire.get("messages")
    if type(messages) is not list:
        raise wrong("messages", "an array of messages", messages)
    if not messages:
        raise Failure("invalid_request", "messages must not be empty", param="messages")
    for name, value in wire.items():
        kind = TYPES.get(name)
        if kind is not None and value is not None:
            if type(value) not in kind[0]:
                raise wrong(name, kind[1], value)
            if name in LIMITS:
                low, high = LIMITS[name]
                if not low <= value <= high:
                    check_range(name, value, low, high if high < inf else None)
            elif name in LOOKS:
                LOOKS[name](name, value)
    answers = False
    for index, message in enumerate(messages):
        # Asked here, since most are nothing but a text of one of two.
        if type(message) is dict and len(message) == 2 and type(message.get("content")) is str:
            role = message.get("role")
            if role == "user" or role == "assistant":
                continue
        check_message(message, index)
        answers = answers or message["role"] == "tool"
    if answers:
        check_results(messages, "messages[{}].tool_call_id".format)
    if not wire.keys().isdisjoint(OURS):
        check_ours(wire)
    return wire


def check(path: str, value: Any, kind: Kind) -> None:
    # Exactly: bool is an int in Python and none in JSON.
    if type(value) not in kind[0]:
        raise wrong(path, kind[1], value)


def check_elements(path: str, values: list[Any], kind: Kind) -> None:
    for index, value in enumerate(values):
        check(f"{path}[{index}]", value, kind)


def check_strings(path: str, values: Any) -> None:
    if type(values) is list:
        check_elements(path, values, STRING)


def check_tools(path: str, tools: list[Any]) -> None:
    """Functions differ in their names, and a JSON Schema describes what they take. Tools of other types are the provider's."""
    names: list[str] = []
    paths: list[str] = []
    for index, tool in enumerate(tools):
        place = f"{path}[{index}]"
        check(place, tool, OBJECT)
        function = tool.get("function")
        if function is None:
            function = tool if "type" not in tool else {}
        else:
            place = f"{place}.function"
            check(place, function, OBJECT)
        if type(function.get("name")) is str:
            names.append(function["name"])
            paths.append(f"{place}.name")
        if function.get("parameters") is not None:
            check_schema(function["parameters"], f"{place}.parameters")
    check_names(names, paths)


def check_format(path: str, form: Json) -> None:
    schema = form.get("json_schema")
    if schema is not None:
        check(f"{path}.json_schema", schema, OBJECT)
        if schema.get("schema") is not None:
            check_schema(schema["schema"], f"{path}.json_schema.schema")


def check_bias(path: str, biases: Json) -> None:
    for token, bias in biases.items():
        check_range(f"{path}.{token[:40]}", bias, -100, 100)


#: What else is looked at besides the type.
LOOKS: Mapping[str, Callable[[str, Any], None]] = {
    "logit_bias": check_bias,
    **dict.fromkeys(("tools", "functions"), check_tools),
    "response_format": check_format,
    **dict.fromkeys(("stop", "stop_sequences", "fallbacks"), check_strings),
}


def check_ours(wire: Json) -> None:
    if type(wire.get("system")) is list:
        check_parts(wire["system"], "system")
    for name, members in MEMBERS.items():
        for member, kind in members.items() if wire.get(name) else ():
            if wire[name].get(member) is not None:
                check(f"{name}.{member}", wire[name][member], kind)


def check_message(message: Any, index: int) -> None:
    if type(message) is not dict:
        raise wrong(f"messages[{index}]", "an object", message)
    role = message.get("role")
    if type(role) is not str or role not in ROLES:
        path = f"messages[{index}].role"
        raise Failure("invalid_request", f"{path} must be one of {', '.join(sorted(ROLES))}", param=path)
    content = message.get("content")
    if type(content) is list:
        check_parts(content, f"messages[{index}].content")
    elif content is not None and type(content) is not str:
        raise wrong(f"messages[{index}].content", "a string or an array of parts", content)
    calls = message.get("tool_calls")
    if calls is not None:
        check(f"messages[{index}].tool_calls", calls, ARRAY)
        check_elements(f"messages[{index}].tool_calls", calls, OBJECT)


def check_parts(parts: list[Any], path: str) -> None:
    for index, part in enumerate(parts):
        if type(part) is not dict or type(part.get("type")) is not str:
            raise wrong(f"{path}[{index}]", "an object with a type", part)
        if part["type"] in INLINE:
            check_inline(part, f"{path}[{index}]")


#: Part -> the member that holds it, and the member of that which may be a data: URL.
INLINE: Mapping[str, tuple[str, str]] = {
    "image_url": ("image_url", "url"),
    "file": ("file", "file_data"),
    "image": ("source", "data"),
    "input_audio": ("input_audio", "data"),
}


def check_inline(part: Json, path: str) -> None:
    """Content by value can be decoded, and is what it says."""
    holder, member = INLINE[part["type"]]
    held = part.get(holder)
    content = held.get(member) if type(held) is dict else None
    if type(held) is not dict or type(content) is not str:
        return
    path = f"{path}.{holder}.{member}"
    if content.startswith("data:"):
        inline = split_data_url(content, path)
        if inline.encoded:
            check_base64(inline.data, inline.media_type, path)
    elif member == "data":
        media_type = held.get("media_type")
        check_base64(content, media_type if type(media_type) is str else "", path)


def wrong(path: str, expected: str, value: Any) -> Failure:
    """JSON has no integers beyond 64 bits here: they come as floats, and are shown as they are read."""
    found = CALLED[type(value)] if type(value) in CALLED else str(value).lower()
    found = "one without" if expected == "an object with a type" and type(value) is dict else found
    return Failure("invalid_request", f"{path} must be {expected}, not {found}", param=path)
