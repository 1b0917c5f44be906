"""OpenAI's error object, and what its wire answers besides chats. Replies and streams are in test_reply and test_stream."""

from __future__ import annotations

import orjson
import pytest
from openai.types import Model

from proxy.upstream.mock.openai import OPENAI, error_body, event


def test_error_bodies() -> None:
    assert error_body(429, "slow down")["error"] == {
        "message": "slow down",
        "type": "requests",
        "param": None,
        "code": "rate_limit_exceeded",
    }
    assert error_body(422, "x")["error"]["type"] == "invalid_request_error"
    assert error_body(599, "x")["error"]["type"] == "server_error"
    assert error_body(400, "x", "n", "invalid_type")["error"]["code"] == "invalid_type"


def test_the_listing_is_of_models() -> None:
    listed = OPENAI.models(["a", "b"])
    assert listed["object"] == "list"
    assert [Model.model_validate(each, strict=True).id for each in listed["data"]] == ["a", "b"]


def test_the_events_of_faults() -> None:
    assert orjson.loads(OPENAI.failed.removeprefix(b"data: "))["error"]["type"] == "server_error"
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(OPENAI.broken.removeprefix(b"data: "))


def test_a_choice_may_carry_more() -> None:
    sent = orjson.loads(event({"id": "x"}, 1, {"content": "a"}, stop_reason=None).removeprefix(b"data: "))
    assert sent["choices"][0] == {
        "index": 1,
        "delta": {"content": "a"},
        "logprobs": None,
        "finish_reason": None,
        "stop_reason": None,
    }
