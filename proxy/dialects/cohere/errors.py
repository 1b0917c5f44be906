"""Cohere's errors as Failures, and Failures as Cohere's errors.

Source: https://docs.cohere.com/v2/reference/errors. The words stand in a bare `message`, a finer kind in `error_type`. A
generation that fails in a 200 ends with the finish reason `ERROR`, its words in `error`. 498 means that the request or the
answer held a word from a deny list.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from proxy.call import Failure, Json
from proxy.dialects.openai.errors import excerpt, text_of
from proxy.dialects.retry_after import parse_retry_after
from proxy.dialects.statuses import KIND_BY_STATUS as STATUSES
from proxy.dialects.statuses import kind_of_status

#: What is not here: other 4xx are the caller's, the rest the provider's. 402 is an unpaid bill, 499 a request that was
#: abandoned on the way, 501 something that this model or plan does not do.
KIND_BY_STATUS: Mapping[int, str] = {
    **STATUSES,
    499: "provider_error",
    501: "unsupported_capability",
}
#: `error_type` inside a 200, where there is no status to go by.
KIND_BY_TYPE: Mapping[str, str] = {"TOO_MANY_TOKENS": "invalid_request"}

CALLERS = frozenset({"invalid_request", "model_not_found", "request_too_large"})
LONGEST_DETAIL = 4096
LONGEST_BODY = 64 << 10


def parse_error(status: int, headers: Mapping[str, str], body: bytes) -> Failure:
    """The provider's error answer in its own words. `headers` are keyed in lower case."""
    try:
        wire = orjson.loads(body)
    except orjson.JSONDecodeError:
        failure = failure_of({"message": excerpt(body)}, status)
    else:
        failure = failure_of(wire, status)
        failure.provider_body = body if isinstance(wire, dict) and len(body) <= LONGEST_BODY else b""
    failure.retry_after = parse_retry_after(headers, body)
    return failure


def failure_of(error: Any, status: int | None = None) -> Failure:
    """`error` is an error answer, or what ended a generation, its words in `message` or `error`. `status`: None inside a 200."""
    fields = error if isinstance(error, dict) else {"message": error}
    code = text_of(fields.get("error_type"))
    said = next((fields[name] for name in ("message", "error", "detail") if fields.get(name)), None)
    kind = kind_of(status, code)
    return Failure(
        kind,
        words_of(said) or f"the provider answered {status or 'with an error'}",
        status=status if kind in CALLERS and status and 400 <= status < 500 else None,
        code=code,
        provider_status=status or 200,
    )


def words_of(said: Any) -> str | None:
    """Proxies before Cohere's API put the words one level deeper."""
    if isinstance(said, dict) and said.get("message"):
        said = said["message"]
    return text_of(said, LONGEST_DETAIL)


def kind_of(status: int | None, code: str | None) -> str:
    if status is None or status < 400:
        return KIND_BY_TYPE.get(code or "", "provider_error")
    return kind_of_status(status, KIND_BY_STATUS)


def render_error(failure: Failure) -> Json:
    """Cohere's error object; its SDK chooses the exception by the status alone. `kind` and `param` are ours besides."""
    error: Json = {"message": failure.detail, "kind": failure.kind}
    if failure.code:
        error["error_type"] = failure.code
    return error | ({"param": failure.param} if failure.param else {})


def render_error_event(failure: Failure) -> bytes:
    """The `message-end` by which Cohere says that a generation failed: the SDK hands it on, `error` and all.

    No `[DONE]` follows it: nothing was done.
    """
    delta = {"finish_reason": "ERROR", "error": failure.detail, "error_type": failure.code or failure.kind}
    return b"event: message-end\ndata: %b\n\n" % orjson.dumps({"type": "message-end", "delta": delta})
