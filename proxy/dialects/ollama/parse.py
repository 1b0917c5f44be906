"""A request to /api/chat, as an app on Ollama's own client sends it, in the unified form.

What has a unified word is said with it, wherever it stood: `options.num_predict` is `max_tokens`. The rest of `options` is kept
in `ollama_options`, any other member under its own name, so that Ollama gets it back and every other target names it as dropped;
the unified extras (`timeout`, `fallbacks`) can be sent this way too. An empty list of messages is no mistake: it loads a model.
Source: https://docs.ollama.com/api/chat.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from proxy.call import Json
from proxy.dialects.checks import check_names, check_range, check_schema
from proxy.dialects.ollama.fields import OPTIONS
from proxy.dialects.ollama.parse_messages import parse_messages
from proxy.dialects.ollama.request import EFFORTS
from proxy.dialects.parts import read_function
from proxy.dialects.shape import asked, chosen

#: Members of the wire request that are said anew; every other keeps its name and value.
SAID = frozenset({"messages", "tools", "format", "options", "think", "stream"})
#: option -> lowest, highest. What no model takes is told at once.
RANGES: Mapping[str, tuple[float, float | None]] = {
    "temperature": (0, 2),
    "top_p": (0, 1),
    "top_k": (0, None),
    "frequency_penalty": (-2, 2),
    "presence_penalty": (-2, 2),
}
ANY = (float("-inf"), None)
#: Option -> its unified name, and what it mostly is: kind, lowest, highest. Then there is nothing to convert or to complain of.
USUAL: Mapping[str, tuple[str, type[int] | type[float], float, float]] = {
    "temperature": ("temperature", float, 0, 2),
    "top_p": ("top_p", float, 0, 1),
    "top_k": ("top_k", int, 0, float("inf")),
    "seed": ("seed", int, float("-inf"), float("inf")),
    "num_predict": ("max_tokens", int, 1, float("inf")),
}
#: Members that few requests have.
RARE = frozenset({"logprobs", "top_logprobs", "think", "format"})


def parse_request(wire: Json) -> Json:
    """Chat request -> unified request. Failure("invalid_request") names the member that is wrong."""
    unified = parse_common(wire, SAID)
    messages = wire.get("messages")
    if type(messages) is not list:
        messages = asked([] if messages is None else messages, list, "messages")
    unified["messages"] = parse_messages(messages)
    if wire.get("tools"):
        unified["tools"] = parse_tools(asked(wire["tools"], list, "tools"))
    return unified


def parse_common(wire: Json, said: frozenset[str]) -> Json:
    """What a chat and a generate request have in common. The members named in `said` are left to the caller or said here."""
    unified: Json = {}
    for name, value in (wire if type(wire) is dict else asked(wire, dict, "body")).items():
        if name not in said:
            unified[name] = value
    stream = wire.get("stream")
    unified["stream"] = True if stream is None else stream if type(stream) is bool else asked(stream, bool, "stream")
    rare = not RARE.isdisjoint(wire)
    if rare:
        check_likelihoods(wire)
    if wire.get("options") is not None:
        take_options(wire["options"], unified)
    return unified | parse_think(wire.get("think")) | parse_format(wire.get("format")) if rare else unified


def check_likelihoods(wire: Json) -> None:
    if wire.get("logprobs") is not None:
        asked(wire["logprobs"], bool, "logprobs")
    check_range("top_logprobs", wire.get("top_logprobs"), 0, 20)


def take_options(options: Any, unified: Json) -> None:
    """What has a unified word goes into the request, the rest under a name of its own."""
    rest: Json = {}
    for name, value in (options if type(options) is dict else asked(options, dict, "options")).items():
        if name in USUAL:
            said, kind, low, high = USUAL[name]
            if type(value) is kind and low <= value <= high:
                unified[said] = value
                continue
        if value is not None:
            take_option(name, value, unified, rest)
    if rest:
        unified["ollama_options"] = rest


def take_option(name: str, value: Any, unified: Json, rest: Json) -> None:
    """Any value but null."""
    path = f"options.{name}"
    if name in OPTIONS:
        unified[name] = whole(value, path) if OPTIONS[name] is int else value
        check_range(path, unified[name], *RANGES.get(name, ANY))
    elif name == "num_predict" and whole(value, path) > 0:
        unified["max_tokens"] = whole(value, path)
    elif name == "stop":
        unified["stop"] = parse_stop(value)
    else:
        rest[name] = value


def whole(value: Any, path: str) -> int:
    """Ollama takes 3.0 for 3."""
    return int(value) if type(value) is float and value.is_integer() else asked(value, int, path)


def parse_stop(value: Any) -> str | list[str]:
    if isinstance(value, str):
        return value
    return [
        asked(entry, str, f"options.stop[{index}]") for index, entry in enumerate(asked(value, list, "options.stop"))
    ]


def parse_think(think: Any) -> Json:
    """A level that only the model knows keeps its own name."""
    if think is None:
        return {}
    if isinstance(think, bool):
        return {"reasoning": {"enabled": think}}
    level = asked(think, str, "think")
    return {"reasoning": {"effort": level}} if level in EFFORTS else {"think": level}


def parse_format(form: Any) -> Json:
    """OpenAI wants a name for a schema: its title, or `response`."""
    if form is None or form == "":
        return {}
    if form == "json":
        return {"response_format": {"type": "json_object"}}
    schema = asked(form, dict, "format")
    check_schema(schema, "format")
    title = schema.get("title")
    name = title if isinstance(title, str) and title else "response"
    return {"response_format": {"type": "json_schema", "json_schema": {"name": name, "schema": schema, "strict": True}}}


def parse_tools(tools: list[Any]) -> list[Json]:
    """Ollama's form is OpenAI's. A tool that is no function has no unified form."""
    unified = [parse_tool(tool, f"tools[{index}]") for index, tool in enumerate(tools)]
    names = {index: tool["function"]["name"] for index, tool in enumerate(unified) if "function" in tool}
    check_names(list(names.values()), [f"tools[{index}].function.name" for index in names])
    return unified


def parse_tool(tool: Any, path: str) -> Json:
    function = read_function(asked(tool, dict, path), path)
    if function is None:
        return {"type": "ollama", "ollama": tool}
    check_schema(function.parameters, f"{path}.function.parameters")
    said = {"name": function.name, **chosen(tool.get("function", tool), ("description", "parameters"))}
    return {"type": "function", "function": said}
