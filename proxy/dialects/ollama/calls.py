"""The tool calls of a reply, unified and as Ollama says them: arguments are an object, and every call comes whole.

Newer servers give a call an id and its place; the ids of older ones are made up from what the answer itself says, so that
the same answer has the same ids. Source: https://docs.ollama.com/capabilities/tool-calling.
"""

from __future__ import annotations

from typing import Any

import orjson

from proxy.call import Failure, Json
from proxy.dialects.ids import made_up_id
from proxy.dialects.parts import is_whole, parse_arguments
from proxy.dialects.shape import answered, broken


def arguments_text(arguments: Json) -> str | None:
    """The JSON text of an object; None when it is nested deeper than can be written, which is less deep than can be read."""
    try:
        return orjson.dumps(arguments).decode()
    except orjson.JSONEncodeError:
        return None


def parse_calls(calls: list[Any], created_at: Any, first: int) -> list[Json]:
    return [
        parse_call(answered(call, dict, "a tool call"), created_at, index) for index, call in enumerate(calls, first)
    ]


def parse_call(call: Json, created_at: Any, index: int) -> Json:
    function = answered(call.get("function"), dict, "a tool call's function")
    name = answered(function.get("name"), str, "a tool's name")
    given = function.get("arguments")
    arguments = arguments_text(answered({} if given is None else given, dict, "a tool's arguments"))
    if arguments is None:
        raise broken("a tool's arguments are nested too deeply")
    called = call["id"] if isinstance(call.get("id"), str) else ""
    called = called or made_up_id(created_at, index, name, arguments)
    return {"id": called, "type": "function", "function": {"name": name, "arguments": arguments}}


def render_calls(calls: list[Any], first: int = 0, cut: bool = False) -> list[Json]:
    """Arguments can only be said whole: where the answer was `cut`, a call that lost its end is left out."""
    kept = [call for call in calls if is_whole(call)] if cut else calls
    return [render_call(answered(call, dict, "a tool call"), index) for index, call in enumerate(kept, first)]


def render_call(call: Json, index: int) -> Json:
    function = answered(call.get("function"), dict, "a tool call's function")
    arguments = parse_arguments(function.get("arguments"))
    if arguments is None:
        raise Failure("provider_error", "the model's tool call has arguments that are not a JSON object")
    name = answered(function.get("name"), str, "a tool's name")
    identified = {"id": call["id"]} if isinstance(call.get("id"), str) else {}
    return {**identified, "function": {"index": index, "name": name, "arguments": arguments}}
