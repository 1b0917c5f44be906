"""Errors of everyone who speaks like OpenAI: the right kind, their own words, and what the application is told."""

from collections.abc import Mapping
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.call import KINDS, Failure, Json
from proxy.dialects.openai.errors import LONGEST_BODY, LONGEST_DETAIL, parse_error, render_error
from tests.dialects.openai.recorded import ANYTHING, ERRORS, body_of, each

#: How an error recording begins -> the kind it must have, unless it is one of the exceptions.
RECORDED: Mapping[str, str] = {
    "error-400": "invalid_request",
    "error-401": "authentication_failed",
    "error-404": "model_not_found",
    "error-422": "invalid_request",
    "error-429": "provider_rate_limited",
}
EXCEPTIONS: Mapping[str, str] = {
    "mistral/error-400-rig-streaming-error-carries-the-correlation-id-0": "model_not_found",
    "xai/error-400-ruby_llm-chat-error-handling-with-xai-grok-4-1-fast-n-0": "authentication_failed",
}
WAITS: Mapping[str, float] = {
    "azure/error-429-ruby_llm-chat-real-error-scenarios-azure-grok-4-1-fas-0": 0.0,
    "groq/error-429-issue-mindcraft-pull-188-0": 17.359,
    "openrouter/error-429-langchaingo-testopenrouterstreaming-1": 26.0,
}


def parse(status: int, body: Any, **headers: str) -> Failure:
    return parse_error(status, headers, body if isinstance(body, bytes) else orjson.dumps(body))


@each(ERRORS)
def test_a_recorded_error(name: str, recorded: Json) -> None:
    headers = {header.lower(): value for header, value in recorded.get("headers", {}).items()}
    failure = parse_error(recorded["status"], headers, body_of(recorded))
    assert failure.kind == EXCEPTIONS.get(name) or RECORDED[name.partition("/")[2][:9]]
    assert failure.provider_status == recorded["status"]
    assert failure.provider_body == body_of(recorded)
    assert failure.retry_after == WAITS.get(name)
    words = recorded["json"].get("error", recorded["json"])
    said = words if isinstance(words, str) else words.get("message") or words.get("detail")
    assert failure.detail == said or (
        name.startswith("mistral/error-422") and "body.store: Extra inputs" in failure.detail
    )


@pytest.mark.parametrize(
    ("status", "body", "kind", "detail"),
    [
        (400, {"error": {"message": "bad", "type": "x"}}, "invalid_request", "bad"),
        (400, {"error": "bad"}, "invalid_request", "bad"),
        (400, {"code": "c", "error": "bad"}, "invalid_request", "bad"),
        (400, {"error": "Bad Request", "message": "n is too large"}, "invalid_request", "n is too large"),
        (400, {"error": True, "message": "bad"}, "invalid_request", "bad"),
        (400, {"error": ["bad", {"message": "worse"}]}, "invalid_request", "bad; worse"),
        (400, [{"error": {"message": "bad"}}], "invalid_request", "bad"),
        (400, {"message": "bad"}, "invalid_request", "bad"),
        (400, {"detail": "bad"}, "invalid_request", "bad"),
        (400, {"errors": [{"message": "bad", "code": 7003}], "success": False}, "invalid_request", "bad"),
        (422, {"detail": [{"loc": ["body", "n", 0], "msg": "bad"}]}, "invalid_request", "body.n.0: bad"),
        (400, {"detail": {"message": "bad"}}, "invalid_request", "bad"),
        (400, {"error": {"message": {"message": "bad"}}}, "invalid_request", "bad"),
        (400, {"error": {"message": 5}}, "invalid_request", "5"),
        (400, "bad", "invalid_request", "bad"),
        (400, {}, "invalid_request", "the provider answered 400"),
        (400, [], "invalid_request", "the provider answered 400"),
        (400, None, "invalid_request", "the provider answered 400"),
        (400, {"error": {"a": 1}}, "invalid_request", "the provider answered 400"),
        (502, b"", "provider_error", "the provider's answer was empty"),
        (502, b" \n ", "provider_error", "the provider's answer was empty"),
        (502, b"<html>bad</html>", "provider_error", "the provider's answer was not JSON: <html>bad</html>"),
        (
            404,
            b"<!DOCTYPE html><html lang=en><TITLE>\n Error 404\n(Not Found)</TITLE>" + b"x" * 5000,
            "model_not_found",
            "the provider's answer was not JSON: Error 404 (Not Found)",
        ),
        (500, b"\xff\xfe", "provider_error", "the provider's answer was not JSON: \ufffd\ufffd"),
        (500, b'{"error": {"mess', "provider_error", 'the provider\'s answer was not JSON: {"error": {"mess'),
    ],
)
def test_the_words_are_found_wherever_they_stand(status: int, body: Any, kind: str, detail: str) -> None:
    failure = parse(status, body)
    assert (failure.kind, failure.detail) == (kind, detail)


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (401, {"code": "invalid_api_key", "type": "invalid_request_error"}, "authentication_failed"),
        (402, {}, "authentication_failed"),
        (403, {}, "authentication_failed"),
        (404, {"type": "invalid_request_error"}, "model_not_found"),
        (408, {}, "timeout"),
        (409, {}, "invalid_request"),
        (413, {}, "request_too_large"),
        (429, {"type": "tokens", "code": "rate_limit_exceeded"}, "provider_rate_limited"),
        (429, {"type": "insufficient_quota", "code": "insufficient_quota"}, "authentication_failed"),
        (429, {"code": "billing_hard_limit_reached"}, "authentication_failed"),
        (400, {"code": "billing_hard_limit_reached", "type": "invalid_request_error"}, "authentication_failed"),
        (400, {"code": "invalid_api_key"}, "authentication_failed"),
        (400, {"message": "API key not valid. Please pass a valid API key."}, "authentication_failed"),
        (400, {"code": "model_not_found"}, "model_not_found"),
        (400, {"code": "context_length_exceeded", "type": "invalid_request_error"}, "invalid_request"),
        (400, {"code": "rate_limit_exceeded"}, "invalid_request"),
        (498, {}, "provider_overloaded"),
        (500, {"type": "invalid_request_error"}, "provider_error"),
        (500, {"message": "invalid api key"}, "provider_error"),
        (502, {}, "provider_error"),
        (503, {}, "provider_overloaded"),
        (504, {}, "timeout"),
        (524, {}, "timeout"),
        (529, {}, "provider_overloaded"),
        (301, {}, "provider_error"),
        (999, {}, "provider_error"),
        (200, {"code": 429}, "provider_rate_limited"),
        (200, {"code": "429"}, "provider_rate_limited"),
        (200, {"code": 401}, "authentication_failed"),
        (200, {"code": "1500"}, "provider_error"),
        (200, {"code": 200}, "provider_error"),
        (200, {"code": "\u0664\u0662\u0669"}, "provider_error"),
        (200, {"code": True}, "provider_error"),
        (200, {"type": "overloaded_error"}, "provider_overloaded"),
        (200, {"code": "tool_use_failed", "type": "invalid_request_error"}, "invalid_request"),
        (200, {"code": {"a": 1}, "type": ["b"]}, "provider_error"),
        (200, {}, "provider_error"),
    ],
)
def test_the_kind(status: int, error: Json, kind: str) -> None:
    assert parse(status, {"error": error or "x"}).kind == kind


@pytest.mark.parametrize("status", [400, 404, 409, 413, 422])
def test_the_application_sees_the_status_of_its_own_mistake(status: int) -> None:
    assert parse(status, {"error": {"message": "bad"}}).status == status


@pytest.mark.parametrize(("status", "seen"), [(401, 500), (429, 429), (500, 502), (503, 502), (504, 504), (301, 502)])
def test_the_application_sees_what_is_not_its_own_mistake_as_the_kind_says(status: int, seen: int) -> None:
    assert parse(status, {"error": {"message": "bad"}}).status == seen


def test_what_else_the_provider_says() -> None:
    body = {"error": {"message": "bad", "type": "t", "code": "c", "param": "messages[0]"}}
    failure = parse(400, body, **{"retry-after": "7"})
    assert (failure.code, failure.param, failure.retry_after) == ("c", "messages[0]", 7.0)
    assert failure.provider_body == orjson.dumps(body)
    assert parse(400, {"error": {"message": "bad", "type": "t", "code": None}}).code == "t"
    assert parse(401, {"error": {"message": "bad", "code": 401}}).code == "401"


def test_a_body_that_no_sdk_could_read_is_not_passed_on() -> None:
    for body in (b"<html>", b'[{"error":{"message":"bad"}}]', b'"bad"', b'{"error":"' + b"x" * LONGEST_BODY + b'"}'):
        assert parse(400, body).provider_body == b""


def test_words_are_bounded() -> None:
    assert len(parse(400, {"error": {"message": "x" * 10**5}}).detail) == LONGEST_DETAIL
    assert len(parse(400, {"detail": [{"loc": ["a"] * 1000, "msg": "x" * 1000}] * 1000}).detail) < LONGEST_DETAIL
    assert len(parse(400, b"x" * 10**6).detail) < 400
    assert len(str(parse(400, {"error": {"code": ["x" * 999] * 99}}).code)) <= 300


@pytest.mark.parametrize(
    "wrap", [b'{"error":%b}', b'{"error":{"message":%b}}', b'{"error":{"code":%b}}', b'{"detail":[%b]}', b"%b"]
)
def test_deep_nesting_is_no_trap(wrap: bytes) -> None:
    failure = parse(400, wrap % (b'{"error":' * 900 + b"1" + b"}" * 900))
    assert (failure.kind, failure.detail) == ("invalid_request", "the provider answered 400")


def test_the_error_object() -> None:
    failure = Failure("provider_rate_limited", "slow down", param="n", code="tokens")
    assert render_error(failure) == {
        "error": {"message": "slow down", "type": "provider_rate_limited", "param": "n", "code": "tokens"}
    }
    assert render_error(Failure("draining", "bye"))["error"] == {
        "message": "bye",
        "type": "draining",
        "param": None,
        "code": "draining",
    }


@settings(max_examples=300, deadline=None, database=None)
@given(st.integers(200, 999), ANYTHING | ANYTHING.map(lambda error: {"error": error}) | st.binary(max_size=20))
def test_any_error_is_a_failure_with_words(status: int, body: Any) -> None:
    failure = parse(status, body)
    assert failure.detail
    assert failure.kind in KINDS
    assert failure.provider_status == status
    orjson.dumps(render_error(failure))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"error": {"message": "no such \\"thing\\"", "param": "' + b"x" * 99, 'no such "thing"'),
        (b'{"error": "too long", "request": {"messages": [', "too long"),
        (b'{"detail":[{"loc":["body"],"msg":"Field required","input":{"message":"mine', "Field required"),
        (b'{"message": "caf\\u00e9 \\ud83d\\ude', "caf\u00e9 ?"),
        (b'{"message": "it was c', "it was c"),
        (b'{"message": "tail\\', "tail"),
        (b'{"message": "an escape \\q that is none', "an escape "),
        (b'{"message": "\\q', None),
        (b'{"object": "error", "mess', None),
        (b'<p>{"message": "a page"}', None),
    ],
)
def test_the_words_of_an_error_that_was_cut(body: bytes, words: str | None) -> None:
    detail = parse(400, body).detail
    assert detail == words if words is not None else detail.startswith("the provider's answer was not JSON")
    assert parse(400, body).provider_body == b""


def test_a_very_long_message_that_was_cut_has_its_beginning() -> None:
    body = b'{"error":{"message":"' + b"a\\n" * LONGEST_BODY
    assert parse(400, body[:LONGEST_BODY]).detail == ("a\n" * LONGEST_DETAIL)[:LONGEST_DETAIL]
