"""Errors of the provider as Failures, and Failures as errors the SDK knows."""

import orjson
import pytest

from proxy.call import KINDS, Failure
from proxy.dialects.anthropic.errors import LONGEST_BODY, failure_of, parse_error, render_error, render_error_event


def answer(kind: str, message: str = "words") -> bytes:
    return orjson.dumps({"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"})


@pytest.mark.parametrize(
    ("status", "kind", "ours"),
    [
        (400, "invalid_request_error", "invalid_request"),
        (401, "authentication_error", "authentication_failed"),
        (402, "billing_error", "authentication_failed"),
        (403, "permission_error", "authentication_failed"),
        (404, "not_found_error", "model_not_found"),
        (409, "conflict_error", "invalid_request"),
        (413, "request_too_large", "request_too_large"),
        (413, "invalid_request_error", "request_too_large"),
        (422, "unheard_of", "invalid_request"),
        (429, "rate_limit_error", "provider_rate_limited"),
        (500, "api_error", "provider_error"),
        (503, "unheard_of", "provider_overloaded"),
        (504, "timeout_error", "timeout"),
        (529, "overloaded_error", "provider_overloaded"),
        (599, "unheard_of", "provider_error"),
    ],
)
def test_a_status_and_a_type_are_one_kind(status: int, kind: str, ours: str) -> None:
    failure = parse_error(status, {}, answer(kind))
    assert (failure.kind, failure.detail, failure.code, failure.provider_status) == (ours, "words", kind, status)
    assert failure.provider_body == answer(kind)


@pytest.mark.parametrize(
    "words",
    [
        "Your credit balance is too low to access the Anthropic API.",
        "You have reached your specified API usage limits.",
    ],
)
def test_an_unpaid_bill_is_the_operators_and_never_the_callers(words: str) -> None:
    failure = parse_error(400, {}, answer("invalid_request_error", words))
    assert (failure.kind, failure.party, failure.status) == ("authentication_failed", "operator", 500)


def test_a_callers_mistake_keeps_its_status() -> None:
    assert parse_error(422, {}, answer("invalid_request_error")).status == 422


def test_retry_after_is_heard() -> None:
    assert parse_error(429, {"retry-after": "31"}, answer("rate_limit_error")).retry_after == 31


@pytest.mark.parametrize(
    "body", [b"", b"<html>bad gateway</html>", b"[]", b'"oh"', b'{"error": null}', b'{"error": "oh"}']
)
def test_any_body_ends_in_a_failure_with_words(body: bytes) -> None:
    failure = parse_error(502, {}, body)
    assert failure.kind == "provider_error"
    assert failure.detail


def test_the_body_is_kept_in_bounds() -> None:
    assert len(parse_error(500, {}, b"x" * (LONGEST_BODY + 1)).provider_body) == LONGEST_BODY


def test_an_error_inside_a_200_goes_by_its_type() -> None:
    assert failure_of({"type": "overloaded_error", "message": "Overloaded"}).kind == "provider_overloaded"
    assert failure_of({"type": "rate_limit_error"}).kind == "provider_rate_limited"
    assert failure_of(None).kind == "provider_error"


@pytest.mark.parametrize("kind", KINDS)
def test_every_failure_has_an_error_the_sdk_knows(kind: str) -> None:
    wire = render_error(Failure(kind, "words", param="messages"))
    assert wire["type"] == "error"
    assert wire["error"]["message"] == "words"
    assert (wire["error"]["kind"], wire["error"]["param"]) == (kind, "messages")
    assert wire["error"]["type"].endswith("_error") or wire["error"]["type"] == "request_too_large"


def test_a_broken_stream_ends_with_an_error_event() -> None:
    event = render_error_event(Failure("provider_stream_cut", "cut"))
    assert event.startswith(b"event: error\ndata: {")
    assert event.endswith(b"}\n\n")
