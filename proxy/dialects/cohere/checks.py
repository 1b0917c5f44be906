"""What is checked of a request at Cohere's door: its own limits, in its own names.

Only what Cohere itself would refuse: what it took before, as types of parameters in Python's names, it may get.
Source: https://docs.cohere.com/v2/reference/chat, https://docs.cohere.com/v2/reference/errors.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from proxy.call import Json
from proxy.dialects.checks import NUMBERS, TYPES, check_base64, check_names, check_range, check_results, check_schema
from proxy.dialects.parts import split_data_url
from proxy.dialects.shape import CALLED, wrong

#: Member -> least, most.
RANGES: Mapping[str, tuple[float, float | None]] = {
    "temperature": (0, 1),
    "p": (0, 1),
    "k": (0, 500),
    "frequency_penalty": (0, 1),
    "presence_penalty": (0, 1),
    "max_tokens": (1, None),
}
KINDS: Mapping[str, type] = {
    **dict.fromkeys(("stream", "strict_tools", "logprobs", "raw_prompting"), bool),
    **dict.fromkeys(("max_tokens", "seed", "k"), int),
    **dict.fromkeys(("stop_sequences", "documents", "tools", "messages"), list),
    **dict.fromkeys(("citation_options", "response_format", "thinking"), dict),
    **dict.fromkeys(("model", "safety_mode", "tool_choice"), str),
}
#: Parameters were described in Python's words in the API's first version.
PARAMETER_TYPES = TYPES | {"str", "int", "float", "bool", "list", "dict"}


def check_members(wire: Json) -> None:
    """Types and ranges. None stands for absence, as in the SDK."""
    for name, value in wire.items():
        if value is None:
            continue
        if name in KINDS and type(value) is not KINDS[name]:
            raise wrong(name, f"must be {CALLED[KINDS[name]]}")
        if name in RANGES:
            least, most = RANGES[name]
            if type(value) not in NUMBERS or value < least or (most is not None and value > most):
                check_range(name, value, least, most)


def check_messages(messages: list[Json]) -> None:
    """What is easier seen in the unified form, whose paths are Cohere's: images, and results that belong to a call."""
    if not messages:
        raise wrong("messages", "must not be empty")
    answers = False
    for index, message in enumerate(messages):
        answers = answers or message["role"] == "tool"
        if message["role"] == "user" and type(message["content"]) is list:
            check_images(message["content"], f"messages[{index}].content")
    if answers:
        check_results(messages, "messages[{}].tool_call_id".format)


def check_schemas(unified: Json) -> None:
    """Those of the tools and of the answer, in the unified form as well."""
    if unified.get("tools"):
        check_tools(unified["tools"])
    form = unified.get("response_format", {}).get("json_schema")
    if form:
        check_schema(form["schema"], "response_format.json_schema")


def check_images(parts: list[Any], path: str) -> None:
    for index, part in enumerate(parts):
        url = part["image_url"]["url"] if part["type"] == "image_url" else ""
        if url.startswith("data:"):
            place = f"{path}[{index}].image_url.url"
            inline = split_data_url(url, place)
            if inline.encoded:
                check_base64(inline.data, inline.media_type, place)


def check_tools(tools: list[Json]) -> None:
    names: list[str] = []
    paths: list[str] = []
    for index, tool in enumerate(tools):
        function = tool.get("function")
        if function is not None:
            names.append(function["name"])
            paths.append(f"tools[{index}].function.name")
            if "parameters" in function:
                check_schema(function["parameters"], f"tools[{index}].function.parameters", PARAMETER_TYPES)
    check_names(names, paths)
