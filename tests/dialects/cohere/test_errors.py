"""Cohere's errors as Failures, and the other way."""

import orjson
import pytest

from proxy.call import Failure
from proxy.dialects.cohere.errors import failure_of, parse_error, render_error, render_error_event
from proxy.dialects.cohere.events import read_event
from proxy.dialects.cohere.stream import StreamParser
from proxy.wire.sse import Reader


@pytest.mark.parametrize(
    ("status", "kind", "shown"),
    [
        (400, "invalid_request", 400),
        (401, "authentication_failed", 500),
        (402, "authentication_failed", 500),
        (403, "authentication_failed", 500),
        (404, "model_not_found", 404),
        (413, "request_too_large", 413),
        (422, "invalid_request", 422),
        (429, "provider_rate_limited", 429),
        (498, "invalid_request", 498),
        (499, "provider_error", 502),
        (500, "provider_error", 502),
        (501, "unsupported_capability", 400),
        (503, "provider_overloaded", 502),
        (504, "timeout", 504),
    ],
)
def test_kinds(status: int, kind: str, shown: int) -> None:
    body = orjson.dumps({"id": "x", "message": "the words", "error_type": "WHY"})
    failure = parse_error(status, {"retry-after": "7"}, body)
    assert (failure.kind, failure.status, failure.provider_status) == (kind, shown, status)
    assert (failure.detail, failure.code, failure.retry_after, failure.provider_body) == ("the words", "WHY", 7.0, body)


def test_a_page_of_html_is_no_body() -> None:
    failure = parse_error(502, {}, b"<html><title>502 Bad Gateway</title></html>")
    assert failure.kind == "provider_error"
    assert "502 Bad Gateway" in failure.detail
    assert failure.provider_body == b""


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b"{}", b'"no"', b'{"message":{"message":"deeper"}}', b'{"message":[1]}']
)
def test_any_body_has_words(body: bytes) -> None:
    assert parse_error(500, {}, body).detail


def test_inside_a_200_the_type_decides() -> None:
    assert failure_of({"error": "bad tool", "error_type": "INVALID_TOOL_GENERATION"}).kind == "provider_error"
    assert failure_of({"error": "long", "error_type": "TOO_MANY_TOKENS"}).kind == "invalid_request"
    assert failure_of({}).detail == "the provider answered with an error"


def test_rendered_and_parsed_the_words_stay() -> None:
    failure = Failure("invalid_request", "temperature must be less", param="temperature", code="WHY")
    assert render_error(failure) == {
        "message": "temperature must be less",
        "kind": "invalid_request",
        "error_type": "WHY",
        "param": "temperature",
    }
    again = parse_error(400, {}, orjson.dumps(render_error(failure)))
    assert (again.kind, again.detail, again.code) == (failure.kind, failure.detail, failure.code)


def test_the_error_event_is_a_failure_to_our_own_parser() -> None:
    [event] = Reader().feed(render_error_event(Failure("provider_stream_cut", "it broke off")))
    assert event.name == "message-end"
    for read in (StreamParser().feed, read_event):
        with pytest.raises(Failure) as caught:
            read(event)
        assert (caught.value.detail, caught.value.code) == ("it broke off", "provider_stream_cut")


def test_the_words_of_an_error_that_was_cut() -> None:
    assert parse_error(400, {}, b'{"message":"too many tokens","request":{"messages":[').detail == "too many tokens"
