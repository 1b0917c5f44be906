"""Errors inside a 200, and the event that ends a broken stream."""

from typing import Any

import httpx2
import orjson
import pytest
from openai import APIError, OpenAI, Stream
from openai.types.responses import ResponseStreamEvent

from proxy.call import Failure
from proxy.dialects.responses.errors import failure_in, render_error_event


@pytest.mark.parametrize(
    ("wire", "kind", "code"),
    [
        (
            {"type": "error", "error": {"type": "tokens", "code": "rate_limit_exceeded"}},
            "provider_rate_limited",
            "rate_limit_exceeded",
        ),
        ({"type": "error", "code": "server_error", "message": "m", "param": None}, "provider_error", "server_error"),
        (
            {"status": "failed", "error": {"code": "invalid_prompt", "message": "m"}},
            "invalid_request",
            "invalid_prompt",
        ),
        (
            {"status": "failed", "error": {"code": "image_too_large", "message": "m"}},
            "invalid_request",
            "image_too_large",
        ),
        (
            {"status": "failed", "error": {"code": "vector_store_timeout", "message": "m"}},
            "provider_error",
            "vector_store_timeout",
        ),
        ({"status": "failed", "error": {"code": ["odd"], "message": "m"}}, "provider_error", '["odd"]'),
        ("no object", "provider_error", None),
    ],
)
def test_the_code_says_whose_fault_it_was(wire: Any, kind: str, code: str | None) -> None:
    failure = failure_in(wire)
    assert (failure.kind, failure.code) == (kind, code)


def test_a_wait_that_is_said_in_words_is_heard() -> None:
    wire = {"error": {"code": "rate_limit_exceeded", "message": "Please try again in 1.5s."}}
    assert failure_in(wire, orjson.dumps(wire)).retry_after == 1.5


def test_the_sdk_raises_on_the_event_that_ends_a_broken_stream() -> None:
    body = render_error_event(Failure("provider_stream_cut", "the provider's stream ended", code="gone"))
    response = httpx2.Response(200, content=body, request=httpx2.Request("POST", "http://x/v1/responses"))
    with OpenAI(api_key="k", base_url="http://x/v1") as client:
        stream: Stream[Any] = Stream(cast_to=ResponseStreamEvent, response=response, client=client)  # type: ignore[arg-type]
        with pytest.raises(APIError) as caught:
            list(stream)
    assert caught.value.message == "the provider's stream ended"
    assert caught.value.code == "gone"


def test_the_event_has_the_flat_members_too() -> None:
    body = render_error_event(Failure("timeout", "too slow", param="input"))
    name, data = body.strip().split(b"\n")
    assert name == b"event: error"
    said = orjson.loads(data.removeprefix(b"data: "))
    assert said.pop("error")["message"] == "too slow"
    assert said == {"type": "error", "code": "timeout", "message": "too slow", "param": "input", "sequence_number": 0}
