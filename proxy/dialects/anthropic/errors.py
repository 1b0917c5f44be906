"""Anthropic's errors as Failures, and Failures as Anthropic's errors.

Source: https://docs.claude.com/en/api/errors. The error's type decides, then the status; a bill that was not paid is
the operator's fault and never the caller's, whatever status it comes with.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from proxy.call import Failure, Json
from proxy.dialects.retry_after import parse_retry_after
from proxy.dialects.statuses import KIND_BY_STATUS, kind_of_status

KIND_BY_TYPE: Mapping[str, str] = {
    "invalid_request_error": "invalid_request",
    "authentication_error": "authentication_failed",
    "billing_error": "authentication_failed",
    "permission_error": "authentication_failed",
    "not_found_error": "model_not_found",
    "request_too_large": "request_too_large",
    "rate_limit_error": "provider_rate_limited",
    "timeout_error": "timeout",
    "api_error": "provider_error",
    "overloaded_error": "provider_overloaded",
}
#: A 400 that speaks of money: the account's credit, or a spend limit its owner set.
UNPAID = ("credit balance", "api usage limits", "spend limit")

#: Failure kind -> error type. `overloaded_error` is what Anthropic's SDKs know as "later".
TYPE_BY_KIND: Mapping[str, str] = {
    "invalid_request": "invalid_request_error",
    "unsupported_capability": "invalid_request_error",
    "blocked": "invalid_request_error",
    "model_not_found": "not_found_error",
    "request_too_large": "request_too_large",
    "unauthenticated": "authentication_error",
    "rate_limited": "rate_limit_error",
    "budget_exceeded": "rate_limit_error",
    "provider_rate_limited": "rate_limit_error",
    "provider_overloaded": "overloaded_error",
    "circuit_open": "overloaded_error",
    "no_healthy_target": "overloaded_error",
    "draining": "overloaded_error",
    "timeout": "timeout_error",
}

#: By these the SDKs know that they must send the whole conversation themselves.
NO_THREADS = {"error_code": "thread_unsupported_request", "unsupported": ["provider"]}

CALLERS = frozenset({"invalid_request", "model_not_found", "request_too_large"})
EXCERPT = 300
LONGEST_BODY = 64 << 10


def parse_error(status: int, headers: Mapping[str, str], body: bytes) -> Failure:
    """The provider's error answer in its own words.

    `headers` are keyed in lower case; `retry-after` counts, for this is an error.
    """
    try:
        wire = orjson.loads(body)
    except orjson.JSONDecodeError:
        wire = None
    error = wire.get("error") if isinstance(wire, dict) else None
    failure = failure_of(error if error is not None else excerpt(body), status)
    failure.provider_body = body[:LONGEST_BODY]
    failure.retry_after = parse_retry_after(headers, body)
    return failure


def failure_of(error: Any, status: int | None = None) -> Failure:
    """`error` is Anthropic's `{type, message}`, or whatever stood in its place; `status` is None inside a 200."""
    fields = error if isinstance(error, dict) else {"message": error}
    code = fields["type"] if isinstance(fields.get("type"), str) else None
    said = fields["message"] if isinstance(fields.get("message"), str) else None
    kind = kind_of(status, code, said or "")
    return Failure(
        kind,
        said or f"the provider answered {status or 'with an error'}",
        status=status if kind in CALLERS and status and 400 <= status < 500 else None,
        code=code,
        provider_status=status or 200,
    )


def kind_of(status: int | None, code: str | None, said: str) -> str:
    kind = KIND_BY_TYPE.get(code or "")
    if kind is None and status:
        kind = kind_of_status(status)
    elif kind == "invalid_request" and status in KIND_BY_STATUS:
        kind = KIND_BY_STATUS[status or 0]
    if kind == "invalid_request" and any(words in said.lower() for words in UNPAID):
        return "authentication_failed"
    return kind or "provider_error"


def excerpt(body: bytes) -> str | None:
    return " ".join(body[: EXCERPT * 4].decode("utf-8", "replace").split())[:EXCERPT] or None


def render_error(failure: Failure) -> Json:
    """Anthropic's error object; `kind` and `param` are ours besides, for whoever reads the log."""
    error: Json = {"type": TYPE_BY_KIND.get(failure.kind, "api_error"), "message": failure.detail, "kind": failure.kind}
    if failure.param == "thread":
        error["details"] = NO_THREADS
    return {"type": "error", "error": error | ({"param": failure.param} if failure.param else {})}


def render_error_event(failure: Failure) -> bytes:
    """The `error` event that ends a broken stream; the SDKs raise on it."""
    return b"event: error\ndata: %b\n\n" % orjson.dumps(render_error(failure))
