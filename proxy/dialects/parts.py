"""What several dialects read in the same way: data: URLs, a tool call's arguments, the tools of a request, the choice of one.

Sources: RFC 2397 for data: URLs; https://platform.openai.com/docs/api-reference/chat/create for tools.
"""

from __future__ import annotations

import binascii
from base64 import b64encode
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes

from orjson import JSONDecodeError, loads

from proxy.call import Json
from proxy.dialects.shape import asked, wrong

#: The tool that stands for a JSON schema where a model cannot be bound to one; its call is the answer's text.
JSON_TOOL = "outrider_json_answer"
NO_PARAMETERS: Mapping[str, Any] = {"type": "object", "properties": {}}


#: What applications write -> what it is called, for providers that take nothing else.
MISSPELT: Mapping[str, str] = {"image/jpg": "image/jpeg"}


class Inline(NamedTuple):
    """Content by value: `data` is base64."""

    media_type: str
    data: str


class DataUrl(NamedTuple):
    """A data: URL in its parts, its content as it stands there: base64 where it is `encoded`, else percent-encoded."""

    media_type: str
    data: str
    encoded: bool


def split_data_url(url: str, path: str) -> DataUrl:
    head, comma, data = url[5:].partition(",")
    media_type, *options = head.split(";")
    if not comma or not media_type:
        raise wrong(path, "is not a data: URL with a media type")
    return DataUrl(media_type, data, "base64" in options)


def read_data_url(url: str, path: str) -> Inline | None:
    """The content of a data: URL, seen to be decodable; None for any other address."""
    if not url.startswith("data:"):
        return None
    media_type, data, encoded = split_data_url(url, path)
    media_type = MISSPELT.get(media_type, media_type)
    if not encoded:
        return Inline(media_type, b64encode(unquote_to_bytes(data)).decode())
    try:
        binascii.a2b_base64(data, strict_mode=True)
    except ValueError:
        raise wrong(path, "is not valid base64") from None
    return Inline(media_type, data)


def image_url_of(part: Json, path: str) -> str:
    """The address of an image, web or data: URL, of `image_url` or of the shorter `image` with a `source`."""
    if part.get("type") == "image_url":
        return asked(asked(part.get("image_url"), dict, f"{path}.image_url").get("url"), str, f"{path}.image_url.url")
    source = asked(part.get("source"), dict, f"{path}.source")
    if source.get("type") == "url":
        return asked(source.get("url"), str, f"{path}.source.url")
    media_type = asked(source.get("media_type"), str, f"{path}.source.media_type")
    return f"data:{media_type};base64,{asked(source.get('data'), str, f'{path}.source.data')}"


def parse_arguments(arguments: Any) -> Json | None:
    """The object that a tool call's JSON text says; "" says {}. None when it says no object."""
    if isinstance(arguments, dict):
        return arguments
    if not isinstance(arguments, str):
        return None
    try:
        value = loads(arguments or "{}")
    except JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None


#: Ends of an answer that may come in the middle of a call.
CUTS = ("length", "content_filter")


def was_cut(choice: Json) -> bool:
    """Whether the choice of a reply ended before the model did."""
    return choice.get("finish_reason") in CUTS


def is_whole(call: Any) -> bool:
    """Whether the arguments of a function's call are all there, for an answer that was cut: nothing at all is not."""
    function = call.get("function") if isinstance(call, dict) else None
    arguments = function.get("arguments") if isinstance(function, dict) else None
    return bool(arguments or arguments == {}) and parse_arguments(arguments) is not None


#: Thinking budgets in tokens, and the effort that a model with efforts only comes nearest to them with.
EFFORTS: tuple[tuple[int, str], ...] = ((1024, "minimal"), (4096, "low"), (12288, "medium"))


def effort_of(budget: int) -> str:
    """The effort that stands for a budget of thinking tokens."""
    if budget <= 0:
        return "none"
    return next((effort for most, effort in EFFORTS if budget <= most), "high")


#: Stands for a schema where any JSON object is wanted and a model has no such mode.
ANY_OBJECT: Mapping[str, Any] = {
    "description": "Give the whole answer with this tool: one JSON object with whatever members it needs.",
    "schema": {"type": "object", "additionalProperties": True},
}


def format_name(wanted: Json) -> str:
    """The row that a `response_format` is of, to be named by where it cannot be said."""
    kind = wanted.get("type")
    return f"response_format.{kind}" if kind in ("json_object", "json_schema") else "response_format"


class Function(NamedTuple):
    """A tool the caller runs. `tool` is the unified tool that holds it, for what stands beside the function."""

    name: str
    description: str | None
    parameters: Mapping[str, Any]
    strict: bool
    tool: Json


def read_function(tool: Json, path: str) -> Function | None:
    """A function in OpenAI's form or the shorter `{name, description, parameters}`; None for a tool of any other type."""
    if asked(tool, dict, path).get("type", "function") != "function":
        return None
    function = asked(tool.get("function", tool), dict, f"{path}.function")
    name = asked(function.get("name"), str, f"{path}.function.name")
    description, parameters = function.get("description"), function.get("parameters")
    if description is not None:
        asked(description, str, f"{path}.function.description")
    said = NO_PARAMETERS if parameters is None else asked(parameters, dict, f"{path}.function.parameters")
    return Function(name, description, said, bool(function.get("strict")), tool)


def is_foreign(tool: Json) -> bool:
    """Whether it is a tool of one dialect alone, which holds it whole under its own name: `{type: gemini, gemini: {...}}`."""
    kind = tool.get("type")
    return isinstance(kind, str) and kind != "function" and isinstance(tool.get(kind), dict)


class Choice(NamedTuple):
    """`mode` is `auto`, `none`, `required` or `named`; `names` are the only functions that may be called, None for any."""

    mode: str
    names: frozenset[str] | None


def read_choice(choice: Any) -> Choice | None:
    """The unified `tool_choice`; None when it says nothing, or names a tool that is no function."""
    if choice is None:
        return None
    if isinstance(choice, str):
        if choice not in ("auto", "none", "required"):
            raise wrong("tool_choice", "must be one of auto, none, required, or name a function")
        return Choice(choice, None)
    kind = asked(choice, dict, "tool_choice").get("type", "function")
    if kind == "allowed_tools":
        allowed = asked(choice.get("allowed_tools"), dict, "tool_choice.allowed_tools")
        return Choice(allowed.get("mode") or "auto", allowed_names(choice))
    return Choice("named", frozenset({name_of(choice, "tool_choice")})) if kind == "function" else None


def allowed_names(choice: Any) -> frozenset[str] | None:
    """The functions that `allowed_tools` leaves."""
    if not isinstance(choice, dict) or choice.get("type") != "allowed_tools":
        return None
    path = "tool_choice.allowed_tools"
    tools = asked(asked(choice.get("allowed_tools"), dict, path).get("tools"), list, f"{path}.tools")
    return frozenset(name_of(tool, f"{path}.tools[{index}]") for index, tool in enumerate(tools))


def name_of(entry: Any, path: str) -> str:
    function = asked(asked(entry, dict, path).get("function", entry), dict, f"{path}.function")
    return asked(function.get("name"), str, f"{path}.function.name")
