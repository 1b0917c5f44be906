"""Errors of Google's by kind, and ours as its SDK raises them."""

from typing import Any

import orjson
import pytest
from google.genai.errors import APIError, ClientError, ServerError

from proxy.call import KINDS, Failure, Json
from proxy.dialects.gemini.errors import failure_of, parse_error, render_error, render_error_element, render_error_event

RETRY = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "26.5s"}]


def body(code: int, status: str, message: str = "m", details: Any = None) -> bytes:
    return orjson.dumps({"error": {"code": code, "message": message, "status": status, "details": details}})


@pytest.mark.parametrize(
    ("code", "status", "message", "kind"),
    [
        (400, "INVALID_ARGUMENT", "bad", "invalid_request"),
        (400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.", "authentication_failed"),
        (400, "INVALID_ARGUMENT", "Request payload size exceeds the limit", "request_too_large"),
        (400, "FAILED_PRECONDITION", "User location is not supported for the API use.", "authentication_failed"),
        (403, "PERMISSION_DENIED", "m", "authentication_failed"),
        (404, "NOT_FOUND", "m", "model_not_found"),
        (429, "RESOURCE_EXHAUSTED", "m", "provider_rate_limited"),
        (500, "INTERNAL", "m", "provider_error"),
        (503, "UNAVAILABLE", "m", "provider_overloaded"),
        (504, "DEADLINE_EXCEEDED", "m", "timeout"),
        (418, "", "m", "invalid_request"),
        (413, "INVALID_ARGUMENT", "m", "request_too_large"),
    ],
)
def test_kinds(code: int, status: str, message: str, kind: str) -> None:
    failure = parse_error(code, {}, body(code, status, message))
    assert (failure.kind, failure.detail, failure.code, failure.provider_status) == (kind, message, status, code)
    assert failure.provider_body
    assert failure_of(orjson.loads(body(code, status, message))["error"]).kind == kind


def test_the_wait_stands_in_the_body() -> None:
    wire = body(429, "RESOURCE_EXHAUSTED", details=RETRY)
    assert parse_error(429, {}, wire).retry_after == 26.5
    assert failure_of(orjson.loads(wire)["error"]).retry_after == 26.5


def test_an_array_and_what_is_no_json() -> None:
    assert parse_error(404, {}, b"[" + body(404, "NOT_FOUND", "gone") + b"]").detail == "gone"
    html = parse_error(502, {}, b"<html>\n Bad   Gateway</html>")
    assert (html.kind, html.detail, html.provider_body) == ("provider_error", "<html> Bad Gateway</html>", b"")
    assert parse_error(500, {}, b"").detail == "the provider answered 500"


def raised_by_sdk(status: int, wire: Json) -> APIError:
    with pytest.raises(APIError) as raised:
        APIError.raise_error(status, wire, None)
    return raised.value


@pytest.mark.parametrize("kind", KINDS)
def test_the_sdk_raises_its_typed_error(kind: str) -> None:
    failure = Failure(kind, "what went wrong", param="contents", retry_after=1.5)
    error = raised_by_sdk(failure.status, render_error(failure))
    assert isinstance(error, ClientError if failure.status < 500 else ServerError)
    assert (error.code, error.message) == (failure.status, "what went wrong")
    assert error.status
    [info, request, retry] = error.details["error"]["details"]
    assert info["reason"] == kind.upper()
    assert request["fieldViolations"][0]["field"] == "contents"
    assert retry["retryDelay"] == "1.5s"


def test_an_error_ends_a_stream() -> None:
    failure = Failure("provider_stream_cut", "cut")
    event = render_error_event(failure)
    assert event.startswith(b'data: {"error":')
    assert event.endswith(b"\r\n\r\n")
    array = orjson.loads(b"[{}\n" + render_error_element(failure))
    assert array[1] == orjson.loads(event[6:])
