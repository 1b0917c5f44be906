"""OpenAI's wire: the chat completion object and its chunks, https://platform.openai.com/docs/api-reference/chat/object.

Errors: https://platform.openai.com/docs/guides/error-codes. Streams: https://platform.openai.com/docs/api-reference/chat/streaming.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import zip_longest
from typing import Any

import orjson

from proxy.call import Json
from proxy.upstream.mock.answer import Answer, Choice
from proxy.upstream.mock.checks import check_request
from proxy.upstream.mock.wire import CREATED, FAULT, Events, Operation, Wire

DONE = b"data: [DONE]\n\n"
ROUTES: Mapping[tuple[bytes, bytes], Operation] = {
    (b"POST", b"/v1/chat/completions"): "chat",
    (b"POST", b"/v1/embeddings"): "embeddings",
    (b"GET", b"/v1/models"): "models",
}
#: Status -> type and code of the error body; the hundreds stand for the rest.
ERRORS: Mapping[int, tuple[str, str | None]] = {
    400: ("invalid_request_error", None),
    401: ("invalid_request_error", "invalid_api_key"),
    404: ("invalid_request_error", "model_not_found"),
    429: ("requests", "rate_limit_exceeded"),
    500: ("server_error", None),
}


def error_body(status: int, text: str, param: str | None = None, code: str | None = None) -> Json:
    kind, usual_code = ERRORS.get(status, ERRORS[status // 100 * 100])
    return {"error": {"message": text, "type": kind, "param": param, "code": code or usual_code}}


def identity(request: Json, id: str, object: str) -> Json:
    """The fields that a reply and each chunk of a stream begin with."""
    return {
        "id": f"chatcmpl-{id}",
        "object": object,
        "created": CREATED,
        "model": request["model"],
        "service_tier": "default",
        "system_fingerprint": "fp_mock",
    }


def completion(request: Json, answer: Answer, id: str) -> Json:
    choices = [
        {"index": index, "message": choice.message(), "logprobs": None, "finish_reason": choice.finish_reason}
        for index, choice in enumerate(answer.choices)
    ]
    return identity(request, id, "chat.completion") | {"choices": choices, "usage": answer.usage()}


def events(request: Json, answer: Answer, id: str) -> Events:
    """One role for each choice; the content; the finish reasons with usage and `[DONE]`."""
    wants_usage = bool((request.get("stream_options") or {}).get("include_usage"))
    frame = identity(request, id, "chat.completion.chunk") | ({"usage": None} if wants_usage else {})
    choices = list(enumerate(answer.choices))
    opening = [event(frame, index, role(choice)) for index, choice in choices]
    content = (event(frame, index, delta) for index, delta in deltas(answer))
    closing = [event(frame, index, {}, choice.finish_reason) for index, choice in choices]
    usage = [sse(frame | {"choices": [], "usage": answer.usage()})] if wants_usage else []
    return Events(opening, content, [*closing, *usage, DONE])


def role(choice: Choice) -> Json:
    return {"role": "assistant", "content": None if choice.calls else "", "refusal": None}


def deltas(answer: Answer) -> Iterator[tuple[int, Json]]:
    """The deltas of all choices, which take turns."""
    for turn in zip_longest(*(choice.deltas() for choice in answer.choices)):
        for index, delta in enumerate(turn):
            if delta is not None:
                yield index, delta


def event(frame: Json, index: int, delta: Json, finish_reason: str | None = None, **more: Any) -> bytes:
    choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish_reason, **more}
    return sse(frame | {"choices": [choice]})


def sse(payload: Json) -> bytes:
    return b"data: %b\n\n" % orjson.dumps(payload)


def models(names: list[str]) -> Json:
    data = [{"id": name, "object": "model", "created": CREATED, "owned_by": "outrider"} for name in names]
    return {"object": "list", "data": data}


OPENAI = Wire(
    name="openai",
    routes=ROUTES,
    checks={"chat": check_request},
    whole=completion,
    events=events,
    error=error_body,
    failed=sse(error_body(500, FAULT)),
    broken=b'data: {"id":"chatcmpl-broken","choices":[{"index":0,\n\n',
    models=models,
    id_header="x-request-id",
)
