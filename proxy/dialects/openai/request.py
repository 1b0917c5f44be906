"""The unified request: OpenAI's chat request plus our extras. At the door it is checked, towards an OpenAI target the extras are said its way.

The check names the field that is wrong and refuses to know what a model can do. Unknown fields pass: the provider owns its own language.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from proxy.call import Failure, Json

ROLES = frozenset({"system", "developer", "user", "assistant", "tool", "function"})

NUMBER = (int, float)
#: field -> (accepted types, how they are called in an error). None stands for absence, as in OpenAI's own API.
TYPES: Mapping[str, tuple[tuple[type, ...], str]] = {
    **dict.fromkeys(("stream", "parallel_tool_calls", "logprobs", "store"), ((bool,), "a boolean")),
    **dict.fromkeys(
        ("max_tokens", "max_completion_tokens", "n", "seed", "top_logprobs", "top_k"), ((int,), "an integer")
    ),
    **dict.fromkeys(
        ("temperature", "top_p", "presence_penalty", "frequency_penalty", "timeout"), (NUMBER, "a number")
    ),
    **dict.fromkeys(("user", "reasoning_effort", "service_tier"), ((str,), "a string")),
    **dict.fromkeys(("tools", "functions", "modalities"), ((list,), "an array")),
    **dict.fromkeys(
        ("stream_options", "response_format", "logit_bias", "metadata", "reasoning"), ((dict,), "an object")
    ),
    **dict.fromkeys(("stop", "stop_sequences"), ((str, list), "a string or an array of strings")),
    "tool_choice": ((str, dict), "a string or an object"),
    "system": ((str, list), "a string or an array of parts"),
    "fallbacks": ((list,), "an array of model strings"),
    "cache": ((dict, bool), "an object"),
}

#: Our own fields. They never reach a provider raw.
EXTRAS = frozenset({"system", "top_k", "stop_sequences", "timeout", "fallbacks", "cache", "reasoning"})


def parse_request(wire: Json) -> Json:
    """The same dict, checked. Failure("invalid_request") names the first field that is wrong."""
    messages = wire.get("messages")
    if type(messages) is not list:
        raise wrong("messages", "an array of messages", messages)
    if not messages:
        raise Failure("invalid_request", "messages must not be empty", param="messages")
    for name, value in wire.items():
        expected = TYPES.get(name)
        if expected is not None and value is not None and not is_one(value, expected[0]):
            raise wrong(name, expected[1], value)
    for index, message in enumerate(messages):
        check_message(message, index)
    return wire


def is_one(value: Any, types: tuple[type, ...]) -> bool:
    # bool is an int in Python and none in JSON.
    return isinstance(value, types) and (type(value) is not bool or bool in types)


def check_message(message: Any, index: int) -> None:
    if type(message) is not dict:
        raise wrong(f"messages[{index}]", "an object", message)
    role = message.get("role")
    if type(role) is not str or role not in ROLES:
        allowed = ", ".join(sorted(ROLES))
        raise Failure("invalid_request", f"messages[{index}].role must be one of {allowed}", param=f"messages[{index}].role")
    content = message.get("content")
    if type(content) is list:
        check_parts(content, f"messages[{index}].content")
    elif content is not None and type(content) is not str:
        raise wrong(f"messages[{index}].content", "a string or an array of parts", content)
    calls = message.get("tool_calls")
    if calls is not None:
        check_tool_calls(calls, f"messages[{index}].tool_calls")


def check_parts(parts: list[Any], path: str) -> None:
    for index, part in enumerate(parts):
        if type(part) is not dict or type(part.get("type")) is not str:
            raise wrong(f"{path}[{index}]", "an object with a type", part)


def check_tool_calls(calls: Any, path: str) -> None:
    if type(calls) is not list:
        raise wrong(path, "an array", calls)
    for index, call in enumerate(calls):
        if type(call) is not dict:
            raise wrong(f"{path}[{index}]", "an object", call)


def wrong(path: str, expected: str, value: Any) -> Failure:
    return Failure("invalid_request", f"{path} must be {expected}, not {json_type(value)}", param=path)


def json_type(value: Any) -> str:
    names: Mapping[type, str] = {
        dict: "an object",
        list: "an array",
        str: "a string",
        bool: "a boolean",
        int: "a number",
        float: "a number",
        type(None): "null",
    }
    return names[type(value)]


def is_plain(unified: Json, body: bytes) -> bool:
    """Whether the caller's own bytes say it OpenAI's way: no shorter spellings of tools and images."""
    if any(is_short_tool(tool) for tool in unified.get("tools") or ()):
        return False
    return b'"source"' not in body or not any(map(is_short_image, parts_of(unified)))


def is_short_tool(tool: Any) -> bool:
    return isinstance(tool, dict) and "function" not in tool and "name" in tool and "type" not in tool


def is_short_image(part: Any) -> bool:
    return isinstance(part, dict) and part.get("type") == "image" and isinstance(part.get("source"), dict)


def parts_of(unified: Json) -> list[Any]:
    return [part for message in unified["messages"] if isinstance(message.get("content"), list) for part in message["content"]]


def render_request(unified: Json, model: str) -> tuple[Json, list[str]]:
    """Unified request -> OpenAI request, and the names of what it cannot say. The argument stays as it is."""
    wire = {name: value for name, value in unified.items() if name not in EXTRAS}
    wire["model"] = model
    wire["messages"] = [plain_message(message) for message in unified["messages"]]
    if isinstance(unified.get("tools"), list):
        wire["tools"] = [plain_tool(tool) for tool in unified["tools"]]
    for name, say in SAYINGS.items():
        if unified.get(name) is not None:
            say(wire, unified[name])
    return wire, [name for name in ("top_k",) if unified.get(name) is not None]


def say_system(wire: Json, system: Any) -> None:
    wire["messages"].insert(0, {"role": "system", "content": system})


def say_stop(wire: Json, stop: Any) -> None:
    wire.setdefault("stop", stop)


def say_reasoning(wire: Json, reasoning: Json) -> None:
    if isinstance(reasoning.get("effort"), str):
        wire.setdefault("reasoning_effort", reasoning["effort"])


SAYINGS: Mapping[str, Callable[[Json, Any], None]] = {
    "system": say_system,
    "stop_sequences": say_stop,
    "reasoning": say_reasoning,
}

#: What assistant messages carry for other dialects' next turn.
FOREIGN = ("reasoning_content", "thinking_blocks", "provider_blocks")


def plain_message(message: Json) -> Json:
    content = message.get("content")
    if isinstance(content, list) and any(map(is_short_image, content)):
        message = {**message, "content": [plain_part(part) for part in content]}
    if any(name in message for name in FOREIGN):
        message = {name: value for name, value in message.items() if name not in FOREIGN}
    return message


def plain_part(part: Json) -> Json:
    if not is_short_image(part):
        return part
    source = part["source"]
    url = source.get("url") if source.get("type") == "url" else f"data:{source.get('media_type')};base64,{source.get('data')}"
    image: Json = {"url": url}
    if part.get("detail") is not None:
        image["detail"] = part["detail"]
    return {"type": "image_url", "image_url": image}


def plain_tool(tool: Json) -> Json:
    return {"type": "function", "function": tool} if is_short_tool(tool) else tool
