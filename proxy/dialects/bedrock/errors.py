"""Bedrock's errors as Failures, and Failures as the errors that the AWS SDKs know.

The type decides, then the status. It stands in the header `x-amzn-errortype`, mostly with an address after it, in a
stream in the name of an exception frame; the body is `{"message"}`. Source:
https://docs.aws.amazon.com/bedrock/latest/APIReference/CommonErrors.html, API_runtime_Converse.html and
API_runtime_ConverseStreamOutput.html (errors).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from proxy.call import Failure, Headers, Json
from proxy.dialects.retry_after import parse_retry_after
from proxy.dialects.statuses import KIND_BY_STATUS as STATUSES
from proxy.dialects.statuses import kind_of_status
from proxy.wire.eventstream import render_event

KIND_BY_TYPE: Mapping[str, str] = {
    "ValidationException": "invalid_request",
    "SerializationException": "invalid_request",
    "ResourceNotFoundException": "model_not_found",
    "ThrottlingException": "provider_rate_limited",
    "ServiceQuotaExceededException": "provider_rate_limited",
    "TooManyRequestsException": "provider_rate_limited",
    "ModelTimeoutException": "timeout",
    "ModelNotReadyException": "provider_overloaded",
    "ServiceUnavailableException": "provider_overloaded",
    "InternalServerException": "provider_error",
    "ModelErrorException": "provider_error",
    "ModelStreamErrorException": "provider_error",
    **dict.fromkeys(
        (
            *("AccessDeniedException", "UnrecognizedClientException", "InvalidSignatureException"),
            *("ExpiredTokenException", "IncompleteSignatureException", "MissingAuthenticationTokenException"),
            *("InvalidClientTokenId", "OptInRequired", "NotAuthorized", "MissingAuthenticationToken"),
        ),
        "authentication_failed",
    ),
}
#: A frame names its exception with a small letter, an HTTP answer with a capital.
KIND_BY_LOWER = {name.lower(): kind for name, kind in KIND_BY_TYPE.items()}
KIND_BY_STATUS: Mapping[int, str] = {**STATUSES, 424: "provider_error"}

#: Failure kind -> error type.
TYPE_BY_KIND: Mapping[str, str] = {
    "invalid_request": "ValidationException",
    "unsupported_capability": "ValidationException",
    "blocked": "ValidationException",
    "request_too_large": "ValidationException",
    "model_not_found": "ResourceNotFoundException",
    "unauthenticated": "AccessDeniedException",
    "authentication_failed": "AccessDeniedException",
    "rate_limited": "ThrottlingException",
    "budget_exceeded": "ThrottlingException",
    "provider_rate_limited": "ThrottlingException",
    "timeout": "ModelTimeoutException",
    **dict.fromkeys(("provider_error", "provider_stream_cut", "network_error"), "ModelErrorException"),
    "provider_overloaded": "ServiceUnavailableException",
    "circuit_open": "ServiceUnavailableException",
    "no_healthy_target": "ServiceUnavailableException",
    "draining": "ServiceUnavailableException",
}
#: What an SDK knows as an answer of Converse; a provider's own type is passed on only if it is one of them.
KNOWN_TYPES = frozenset({*TYPE_BY_KIND.values(), "InternalServerException", "ModelNotReadyException"})
#: The exceptions that a stream may hold.
STREAM_TYPES = {
    "ValidationException": "validationException",
    "ThrottlingException": "throttlingException",
    "ServiceUnavailableException": "serviceUnavailableException",
    "ResourceNotFoundException": "validationException",
    "AccessDeniedException": "validationException",
    "InternalServerException": "internalServerException",
}

#: A 400 that is about the model's name.
NO_MODEL = ("model identifier is invalid",)
CALLERS = frozenset({"invalid_request", "model_not_found", "request_too_large"})
LONGEST_BODY = 64 << 10
EXCERPT = 300


def parse_error(status: int, headers: Mapping[str, str], body: bytes) -> Failure:
    """The provider's error answer in its own words. `headers` are keyed in lower case."""
    wire = load(body)
    said = words_of(wire)
    code = code_of(headers.get("x-amzn-errortype") or type_in(wire))
    failure = failure_of(code, said or (excerpt(body) if wire is None else None), status)
    failure.provider_body = body[:LONGEST_BODY] if wire is not None else b""
    failure.retry_after = parse_retry_after(headers, body)
    return failure


def load(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


def words_of(wire: Any) -> str | None:
    """`message`, which some services of AWS spell with a capital."""
    for name in ("message", "Message"):
        if isinstance(wire, dict) and isinstance(wire.get(name), str):
            return str(wire[name]) or None
    return None


def type_in(wire: Any) -> str | None:
    kind = wire.get("__type") if isinstance(wire, dict) else None
    return kind if isinstance(kind, str) else None


def code_of(kind: str | None) -> str | None:
    """`ThrottlingException`, of `com.amazon.coral#ThrottlingException:http://...`."""
    return (kind or "").partition(":")[0].rpartition("#")[2].strip() or None


def failure_of(code: str | None, said: str | None, status: int | None = None) -> Failure:
    """`status` is None inside a 200."""
    kind = KIND_BY_LOWER.get((code or "").lower())
    if kind is None and status:
        kind = kind_of_status(status, KIND_BY_STATUS)
    elif kind == "invalid_request" and status in KIND_BY_STATUS:
        kind = KIND_BY_STATUS[status or 0]
    kind = kind or "provider_error"
    if kind == "invalid_request" and any(words in (said or "") for words in NO_MODEL):
        return Failure("model_not_found", said or "", code=code, provider_status=status or 200)
    return Failure(
        kind,
        said or f"the provider answered {status or 'with an error'}",
        status=status if kind in CALLERS and status and 400 <= status < 500 else None,
        code=code,
        provider_status=status or 200,
    )


def failure_in_stream(name: str, data: bytes) -> Failure:
    """The failure that an exception or error frame tells. `name` is `exception/...` or `error/...`."""
    wire = load(data)
    said = words_of(wire) or excerpt(data)
    failure = failure_of(code_of(name.partition("/")[2]), said)
    failure.provider_body = data[:LONGEST_BODY] if wire is not None else b""
    failure.retry_after = parse_retry_after({}, data)
    return failure


def is_failure(name: str) -> bool:
    return name.startswith(("exception/", "error/"))


def excerpt(body: bytes) -> str | None:
    return " ".join(body[: EXCERPT * 4].decode("utf-8", "replace").split())[:EXCERPT] or None


def type_of(failure: Failure) -> str:
    if failure.code in KNOWN_TYPES and failure.kind != "authentication_failed":
        return str(failure.code)
    return TYPE_BY_KIND.get(failure.kind, "InternalServerException")


def render_error(failure: Failure) -> Json:
    """Bedrock's error object; `kind` and `param` are ours besides, for whoever reads the log."""
    return {"message": failure.detail, "kind": failure.kind, **({"param": failure.param} if failure.param else {})}


def error_headers(failure: Failure) -> Headers:
    return (("x-amzn-errortype", type_of(failure)),)


def render_error_event(failure: Failure) -> bytes:
    """The exception frame that ends a broken stream; the SDKs raise on it."""
    kind = STREAM_TYPES.get(type_of(failure), "modelStreamErrorException")
    return render_event(f"exception/{kind}", orjson.dumps(render_error(failure)))
