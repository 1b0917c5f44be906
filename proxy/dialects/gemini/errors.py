"""Google's errors as Failures, and Failures as Google's errors.

Source: https://google.aip.dev/193 and https://ai.google.dev/gemini-api/docs/troubleshooting. The status word decides, then
the HTTP status. A key that is wrong is an INVALID_ARGUMENT at Google, told apart by its reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from proxy.call import Failure, Json
from proxy.dialects.retry_after import parse_retry_after
from proxy.dialects.statuses import KIND_BY_STATUS, kind_of_status

KIND_BY_WORD: Mapping[str, str] = {
    "INVALID_ARGUMENT": "invalid_request",
    "OUT_OF_RANGE": "invalid_request",
    "FAILED_PRECONDITION": "invalid_request",
    "ALREADY_EXISTS": "invalid_request",
    "UNIMPLEMENTED": "unsupported_capability",
    "NOT_FOUND": "model_not_found",
    "UNAUTHENTICATED": "authentication_failed",
    "PERMISSION_DENIED": "authentication_failed",
    "RESOURCE_EXHAUSTED": "provider_rate_limited",
    "UNAVAILABLE": "provider_overloaded",
    "ABORTED": "provider_overloaded",
    "DEADLINE_EXCEEDED": "timeout",
    "INTERNAL": "provider_error",
    "UNKNOWN": "provider_error",
    "DATA_LOSS": "provider_error",
    "CANCELLED": "provider_error",
}
#: Reasons and words of an INVALID_ARGUMENT or FAILED_PRECONDITION that is the operator's affair: the key, the bill, the country.
OPERATORS = ("API_KEY", "api key not valid", "api key expired", "enable billing", "user location is not supported")
TOO_LARGE = ("request payload size exceeds", "request payload is too large")

#: HTTP status -> the word that goes with it.
WORD_BY_STATUS: Mapping[int, str] = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    413: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    500: "INTERNAL",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
CALLERS = frozenset({"invalid_request", "unsupported_capability", "model_not_found", "request_too_large"})
EXCERPT = 300
LONGEST_BODY = 64 << 10
TYPE = "type.googleapis.com/google.rpc."


def parse_error(status: int, headers: Mapping[str, str], body: bytes) -> Failure:
    """The provider's error answer in its own words. `headers` are keyed in lower case; the wait stands in the body."""
    try:
        wire = orjson.loads(body)
    except orjson.JSONDecodeError:
        wire = None
    if isinstance(wire, list) and wire:
        wire = wire[0]
    error = wire.get("error") if isinstance(wire, dict) else None
    failure = failure_of(error if error is not None else excerpt(body), status)
    failure.provider_body = body[:LONGEST_BODY] if wire is not None else b""
    failure.retry_after = parse_retry_after(headers, body)
    return failure


def failure_of(error: Any, status: int | None = None) -> Failure:
    """`error` is Google's `{code, message, status, details}`, or whatever stood in its place; `status` is None inside a 200."""
    fields = error if isinstance(error, dict) else {"message": error}
    word = fields["status"] if isinstance(fields.get("status"), str) else None
    said = fields["message"] if isinstance(fields.get("message"), str) else None
    code = fields.get("code")
    told = status or (code if type(code) is int and 400 <= code < 600 else None)
    kind = kind_of(told, word, f"{reasons_of(fields)} {said}")
    failure = Failure(
        kind,
        said or f"the provider answered {status or 'with an error'}",
        status=told if kind in CALLERS and told and 400 <= told < 500 else None,
        code=word,
        provider_status=status or 200,
    )
    if status is None:
        failure.retry_after = parse_retry_after({}, orjson.dumps(fields))
    return failure


def reasons_of(fields: Json) -> str:
    details = fields.get("details")
    listed = details if isinstance(details, list) else []
    return " ".join(str(detail.get("reason")) for detail in listed if isinstance(detail, dict) and "reason" in detail)


def kind_of(status: int | None, word: str | None, said: str) -> str:
    kind = KIND_BY_WORD.get(word or "")
    if kind is None and status:
        kind = kind_of_status(status)
    if kind == "invalid_request":
        words = said.lower()
        if any(each.lower() in words for each in OPERATORS):
            return "authentication_failed"
        if any(each in words for each in TOO_LARGE):
            return "request_too_large"
        return KIND_BY_STATUS.get(status or 0, kind)
    return kind or "provider_error"


def excerpt(body: bytes) -> str | None:
    return " ".join(body[: EXCERPT * 4].decode("utf-8", "replace").split())[:EXCERPT] or None


def render_error(failure: Failure) -> Json:
    """Google's error object. `reason` is our kind; a field that is wrong and a time to wait are said as Google says them."""
    details: list[Json] = [{"@type": f"{TYPE}ErrorInfo", "reason": failure.kind.upper(), "domain": "outrider"}]
    if failure.param:
        violation = {"field": failure.param, "description": failure.detail}
        details.append({"@type": f"{TYPE}BadRequest", "fieldViolations": [violation]})
    if failure.retry_after is not None:
        details.append({"@type": f"{TYPE}RetryInfo", "retryDelay": f"{failure.retry_after:.9g}s"})
    status = failure.status
    word = WORD_BY_STATUS.get(status) or ("INVALID_ARGUMENT" if status < 500 else "INTERNAL")
    return {"error": {"code": status, "message": failure.detail, "status": word, "details": details}}


def render_error_event(failure: Failure) -> bytes:
    """The error that ends a broken stream; the SDKs raise on it."""
    return b"data: %b\r\n\r\n" % orjson.dumps(render_error(failure))


def render_error_element(failure: Failure) -> bytes:
    """The same as the last element of an array that has begun."""
    return b",\n%b\n]" % orjson.dumps(render_error(failure))
