"""Anthropic's message object and its errors: https://docs.claude.com/en/api/messages, https://docs.claude.com/en/api/errors."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping

import orjson

from proxy.call import Json
from proxy.upstream.mock.answer import Answer, Choice
from proxy.upstream.mock.tools import ToolCall
from proxy.upstream.mock.wire import ERROR_ID

#: Status -> type of the error; the hundreds stand for the rest.
ERRORS: Mapping[int, str] = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}
STOPS: Mapping[str, str] = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use"}


def error_body(status: int, text: str, param: str | None = None, code: str | None = None) -> Json:
    """A field at fault stands before the words, as `messages.0.content`."""
    kind = ERRORS.get(status, ERRORS[status // 100 * 100])
    place = re.sub(r"\[(\d+)\]", r".\1", f"{param}: ") if param else ""
    return {"type": "error", "error": {"type": kind, "message": f"{place}{text}"}, "request_id": ERROR_ID}


def identity(request: Json, id: str) -> Json:
    return {"id": f"msg_{id}", "type": "message", "role": "assistant", "model": request["model"]}


def message(request: Json, answer: Answer, id: str) -> Json:
    [choice] = answer.choices
    ending = {**ending_of(choice), "usage": usage(answer.prompt_tokens, answer.tokens)}
    return identity(request, id) | {"content": list(blocks(choice, id)), **ending}


def blocks(choice: Choice, id: str) -> list[Json]:
    thought = {"type": "thinking", "thinking": "".join(choice.reasoning), "signature": signature(id)}
    calls = [
        {"type": "tool_use", "id": id_of(call), "name": call.name, "input": orjson.loads(call.arguments)}
        for call in choice.calls
    ]
    text = {"type": "text", "text": "".join(choice.text)}
    return [*([thought] if choice.reasoning else []), *([text] if choice.text else []), *calls]


def id_of(call: ToolCall) -> str:
    return f"toolu_{call.id.removeprefix('call_')}"


def ending_of(choice: Choice) -> Json:
    """A call ends with `tool_use`, also where it was forced."""
    reason = "tool_calls" if choice.calls else choice.finish_reason
    stop = "stop_sequence" if choice.stopped_by else STOPS[reason]
    return {"stop_reason": stop, "stop_sequence": choice.stopped_by}


def usage(prompt: int, completion: int) -> Json:
    return {
        "input_tokens": prompt,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "output_tokens": completion,
        "service_tier": "standard",
    }


def signature(id: str) -> str:
    """What an application has to send back with a thought, byte for byte."""
    return b64encode(f"signed {id}".encode()).decode()
