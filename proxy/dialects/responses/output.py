"""The items of an output as we make them, and the response around them.

What a response echoes of the request is rendered anew from the unified request. Ids depend on nothing but the response's own.
Source: https://platform.openai.com/docs/api-reference/responses/object.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from proxy.call import Json, Usage
from proxy.dialects.ids import made_up_id
from proxy.dialects.parts import is_whole
from proxy.dialects.responses.fields import CARRIED, EXTRAS, NATIVE
from proxy.dialects.responses.items import CALLS, generated_item
from proxy.dialects.responses.request import render_request
from proxy.dialects.responses.usage import render_usage
from proxy.dialects.shape import answered

#: finish_reason -> why a response is incomplete. Of the others, those in GOOD completed it, and any word more is its own reason.
REASONS: Mapping[str, str] = {"length": "max_output_tokens", "content_filter": "content_filter"}
GOOD = frozenset({"stop", "tool_calls", "function_call", None})
#: A response that has just begun, of a request that said nothing. Nothing of it lies anywhere: `store` is false.
BEGUN: Mapping[str, Any] = {
    "id": "",
    "object": "response",
    "created_at": 0,
    "status": "in_progress",
    "background": False,
    "error": None,
    "incomplete_details": None,
    "model": "",
    "output": [],
    "previous_response_id": None,
    "store": False,
    "usage": None,
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "prompt_cache_key": None,
    "reasoning": {"effort": None, "summary": None},
    "safety_identifier": None,
    "service_tier": "default",
    "temperature": None,
    "text": {"format": {"type": "text"}},
    "tool_choice": "auto",
    "tools": [],
    "top_logprobs": 0,
    "top_p": None,
    "truncation": "disabled",
    "user": None,
}
#: Of these, what is not the request's to say.
OURS = frozenset(
    {
        *("id", "object", "created_at", "status", "background", "error", "incomplete_details", "model", "output"),
        *("previous_response_id", "store", "usage"),
    }
)
ECHOED = BEGUN.keys() - OURS
#: Fields of most requests -> as they are echoed, with the same value; where there are no others nothing need be rendered.
ECHOED_AS: Mapping[str, str] = {
    "system": "instructions",
    "max_completion_tokens": "max_output_tokens",
    **{name: name for name in (*NATIVE, *CARRIED) if name in ECHOED},
}
PLAIN = frozenset({*ECHOED_AS, "max_tokens", "messages", "model", "stream", "stream_options", "include", "store"})
#: What has no place in a response, and what an MCP server is told for its eyes only.
UNHEARD = frozenset({"messages", "include", "n"})
SECRETS = frozenset({"authorization", "headers"})


def item_id(prefix: str, response: str, index: int) -> str:
    return prefix + made_up_id(response, index).removeprefix("call")


def echo(request: Json) -> Json:
    """What a response repeats of the request it answers; of a tool not how it gets in."""
    system = request.get("system")
    if not PLAIN.issuperset(request) or not (system is None or type(system) is str):
        return echo_rendered(request)
    echoed = {"max_output_tokens": request["max_tokens"]} if request.get("max_tokens") is not None else {}
    for name, value in request.items():
        if value is not None and name in ECHOED_AS:
            echoed[ECHOED_AS[name]] = value
    return echoed


def echo_rendered(request: Json) -> Json:
    said = {name: value for name, value in request.items() if name not in UNHEARD}
    wire = render_request({**said, "messages": []}, "").wire
    echoed = {name: value for name, value in wire.items() if name in ECHOED}
    if "tools" in echoed:
        tools = echoed["tools"]
        echoed["tools"] = [{name: value for name, value in tool.items() if name not in SECRETS} for tool in tools]
    return echoed


def response_of(called: str, model: str, created: int, echoed: Json) -> Json:
    """A response that has just begun."""
    return {**BEGUN, "id": called, "created_at": created, "model": model, **echoed}


def finished(response: Json, reason: str | None, output: list[Json], usage: Usage | None) -> Json:
    """The response at its end; `reason`: why it is incomplete."""
    return {
        **response,
        "status": "incomplete" if reason else "completed",
        "incomplete_details": {"reason": reason} if reason else None,
        "output": output,
        "usage": None if usage is None else render_usage(usage),
    }


def reason_of(choice: Json) -> str | None:
    """Why the response is incomplete; None when it is complete."""
    finish = choice.get("finish_reason")
    if finish is None or isinstance(finish, str):
        return None if finish in GOOD else REASONS.get(str(finish), finish)
    return str(finish)


def text_part(text: str, notes: list[Json], logprobs: list[Any]) -> Json:
    return {"type": "output_text", "annotations": notes, "logprobs": logprobs, "text": text}


def refusal_part(words: str) -> Json:
    return {"type": "refusal", "refusal": words}


def message_item(called: str, parts: list[Json], status: str, extras: Json) -> Json:
    return {"id": called, "type": "message", "status": status, "role": "assistant", "content": parts, **extras}


def call_item(called: str, call: Json, status: str, said: str | None = None) -> Json:
    """A tool call; `said` stands for its arguments where they are streamed. Of the calls in an answer that is incomplete those
    are complete whose arguments are all there.
    """
    kind, words, item_type = CALLS["custom" if call.get("type") == "custom" else "function"]
    function = answered(call.get(kind) or {}, dict, "a tool call's function")
    item: Json = {
        "id": called,
        "type": item_type,
        words: answered(function.get(words) or "", str, words) if said is None else said,
        "call_id": answered(call.get("id"), str, "a tool call's id"),
        "name": answered(function.get("name"), str, "a tool's name"),
        **answered(call.get(EXTRAS) or {}, dict, EXTRAS),
    }
    if status == "incomplete" and kind == "function" and is_whole({kind: item}):
        status = "completed"
    return {**item, "status": status}


def image_item(called: str, image: Any) -> Json | None:
    """An output image as the item that made it; None for one that is not at hand."""
    own = generated_item(image)
    if own is not None:
        return {"id": called, "type": "image_generation_call", "status": "completed", **own}
    url = image.get("image_url") if isinstance(image, dict) else None
    data = url.get("url") if isinstance(url, dict) else None
    if not isinstance(data, str) or not data.startswith("data:"):
        return None
    form = data[5:].partition(";")[0].rpartition("/")[2]
    result = data.partition(",")[2]
    return {
        "id": called,
        "type": "image_generation_call",
        "status": "completed",
        "output_format": form,
        "result": result,
    }
