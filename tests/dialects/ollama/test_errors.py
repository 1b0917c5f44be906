"""Ollama's errors as Failures and back, and what its own client raises."""

import orjson
import pytest
from ollama import ResponseError

from proxy.call import Failure
from proxy.dialects.ollama.errors import failure_of, parse_error, render_error, render_error_event


@pytest.mark.parametrize(
    ("status", "words", "kind", "shown"),
    [
        (400, "invalid think value", "invalid_request", 400),
        (400, '"gemma3:1b" does not support tools', "unsupported_capability", 400),
        (401, "unauthorized", "authentication_failed", 500),
        (404, "model 'x' not found", "model_not_found", 404),
        (429, "you've reached your hourly usage limit", "provider_rate_limited", 429),
        (500, "model requires more system memory", "provider_error", 502),
        (502, "cannot reach the cloud model", "provider_error", 502),
        (503, "server busy, please try again", "provider_overloaded", 502),
    ],
)
def test_the_kind_and_the_words(status: int, words: str, kind: str, shown: int) -> None:
    body = orjson.dumps({"error": words})
    failure = parse_error(status, {"retry-after": "7"}, body)
    assert (failure.kind, failure.detail, failure.status) == (kind, words, shown)
    assert (failure.provider_status, failure.provider_body, failure.retry_after) == (status, body, 7)


def test_other_bodies() -> None:
    assert (
        parse_error(404, {}, b"404 page not found").detail == "the provider's answer was not JSON: 404 page not found"
    )
    assert parse_error(404, {}, b"404 page not found").provider_body == b""
    assert parse_error(400, {}, b'{"error":{"message":"no","code":"x"}}').detail == "no"
    assert parse_error(500, {}, b"").kind == "provider_error"


def test_an_error_inside_a_200() -> None:
    failure = failure_of({"error": "an error was encountered while running the model"}, 200)
    assert (failure.kind, failure.detail) == ("provider_error", "an error was encountered while running the model")


def test_what_the_client_raises() -> None:
    failure = Failure("invalid_request", "options.seed must be an integer", param="options.seed")
    error = ResponseError(orjson.dumps(render_error(failure)).decode(), failure.status)
    assert (error.error, error.status_code) == ("options.seed must be an integer", 400)
    assert render_error(failure)["param"] == "options.seed"


def test_an_error_event_is_one_line_and_never_without_words() -> None:
    line = render_error_event(Failure("provider_stream_cut", ""))
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert orjson.loads(line)["error"] == "provider_stream_cut"
