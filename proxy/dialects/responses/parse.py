"""A Responses request, as an app on OpenAI's own SDK sends it, in the unified form.

Lossless for what the unified form can hold. Fields without a unified word keep their name; `include` is always left, so that
it can be seen where the request comes from. Source: https://platform.openai.com/docs/api-reference/responses/create.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import inf
from typing import Any

from proxy.call import Json
from proxy.dialects.checks import NUMBERS, check_range, check_results, check_schema
from proxy.dialects.responses.fields import STATEFUL
from proxy.dialects.responses.request import ENCRYPTED, LOGPROBS
from proxy.dialects.responses.tools import parse_choice, parse_tools
from proxy.dialects.responses.turns import Turns
from proxy.dialects.shape import asked, chosen, wrong

#: Members of the wire request that are said anew; every other keeps its name and value.
SAID = frozenset({"input", "instructions", "tools", "tool_choice", "text", "reasoning", "max_output_tokens", "include"})
SAID |= {"stream_options"}
#: Field -> (least, most).
RANGES: Mapping[str, tuple[float, float]] = {
    "temperature": (0, 2),
    "top_p": (0, 1),
    "top_logprobs": (0, 20),
    "max_output_tokens": (1, inf),
    "max_tool_calls": (0, inf),
}
TYPES: Mapping[str, type] = {
    **dict.fromkeys(("stream", "store", "background", "parallel_tool_calls"), bool),
    **dict.fromkeys(("top_logprobs", "max_output_tokens", "max_tool_calls"), int),
    **dict.fromkeys(("metadata", "stream_options", "text", "reasoning", "prompt"), dict),
    **dict.fromkeys(("user", "safety_identifier", "prompt_cache_key", "service_tier", "truncation"), str),
    **dict.fromkeys(("instructions", "previous_response_id"), str),
    "include": list,
}


def parse_request(wire: Json) -> Json:
    """Responses request -> unified request. Failure("invalid_request") names the member that is wrong."""
    if type(wire) is not dict:
        asked(wire, dict, "body")
    unified = read_fields(wire)
    said = wire.get("input")
    if type(said) is str:
        unified["messages"] = [{"role": "user", "content": said}]
    else:
        unified |= parse_input(said, any(wire.get(name) for name in STATEFUL))
    if instructions := wire.get("instructions"):
        unified["system"] = instructions
    if not PARSED.isdisjoint(wire):
        for name, parse in PARSERS.items():
            if wire.get(name) is not None:
                unified |= parse(wire[name])
    if (limit := wire.get("max_output_tokens")) is not None:
        unified["max_completion_tokens"] = limit
    if include := wire.get("include"):
        unified |= parse_include(include)
    else:
        unified["include"] = None
    if wire.get("stream"):
        # What is reported of tokens belongs to the end of every stream of this kind.
        unified["stream_options"] = {**(wire.get("stream_options") or {}), "include_usage": True}
    return unified


def read_fields(wire: Json) -> Json:
    """The members that keep their name and value, when all have been checked: types first, then numbers."""
    kept: Json = {}
    within = True
    for name, value in wire.items():
        if value is not None:
            if name in TYPES and type(value) is not TYPES[name]:
                asked(value, TYPES[name], name)
            if name in RANGES:
                low, high = RANGES[name]
                within = within and type(value) in NUMBERS and low <= value <= high
        if name not in SAID:
            kept[name] = value
    if not within:
        for name, (low, high) in RANGES.items():
            check_range(name, wire.get(name), low, high if high < inf else None)
    return kept


def parse_input(said: Any, stateful: bool) -> Json:
    """The messages, and whether some of them are only named. Nothing need be said where the provider holds the rest."""
    if said is None and stateful:
        return {"messages": []}
    turns = Turns()
    items = asked(said, list, "input")
    for index, item in enumerate(items):
        turns.add(item, f"input[{index}]")
    turns.end()
    if not items and not stateful:
        raise wrong("input", "must not be empty")
    if not (stateful or turns.references):
        check_results(turns.messages, turns.results.__getitem__)
    return {"messages": turns.messages, **({"item_reference": True} if turns.references else {})}


def parse_text(text: Json) -> Json:
    """The format of the answer, and how much of it is wanted."""
    unified = chosen(text, ("verbosity",))
    form = text.get("format")
    if form is None:
        return unified
    kind = asked(asked(form, dict, "text.format").get("type"), str, "text.format.type")
    if kind != "json_schema":
        return {**unified, "response_format": {"type": kind}}
    check_schema(form.get("schema"), "text.format.schema")
    said = {
        "name": asked(form.get("name"), str, "text.format.name"),
        **chosen(form, ("description", "schema", "strict")),
    }
    return {**unified, "response_format": {"type": kind, kind: said}}


def parse_reasoning(reasoning: Json) -> Json:
    """A summary is what other providers are told to display."""
    said = {name: value for name, value in reasoning.items() if value is not None}
    if "effort" in said:
        asked(said["effort"], str, "reasoning.effort")
    if said.get("summary") or said.get("generate_summary"):
        said["display"] = "summarized"
    return {"reasoning": said} if said else {}


def parse_include(include: list[Any]) -> Json:
    """Logprobs are a field of their own. Encrypted reasoning alone is [], which no other dialect need say; nothing is None."""
    names = [name for name in include if name != LOGPROBS]
    said = {"include": [] if names == [ENCRYPTED] else names or None}
    return {**said, "logprobs": True} if LOGPROBS in include else said


def parse_tool_list(tools: Any) -> Json:
    return {"tools": parse_tools(tools)}


def parse_tool_choice(choice: Any) -> Json:
    return {"tool_choice": parse_choice(choice)}


PARSERS: Mapping[str, Callable[[Any], Json]] = {
    "tools": parse_tool_list,
    "tool_choice": parse_tool_choice,
    "text": parse_text,
    "reasoning": parse_reasoning,
}
PARSED = frozenset(PARSERS)
