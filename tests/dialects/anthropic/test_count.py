"""Counting tokens: asked like a message, answered with a number."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given

from proxy.call import Failure, Json
from proxy.dialects.anthropic import DIALECT
from tests.dialects.anthropic.test_recordings import RECORDINGS
from tests.dialects.anthropic.test_robustness import ANYTHING, FEW, OBJECTS, REQUESTS

assert DIALECT.count_tokens is not None
COUNT = DIALECT.count_tokens
MODEL = "claude-sonnet-4-5"
HI: Json = {"role": "user", "content": "hi"}
TOOL: Json = {"name": "f", "input_schema": {"type": "object"}}


def test_what_is_asked_for_an_answer_alone_is_left_out() -> None:
    unified = {
        "messages": [{"role": "system", "content": "be brief"}, HI],
        "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}],
        "max_tokens": 5,
        "temperature": 1.5,
        "seed": 5,
        "stream": True,
        "user": "u",
    }
    wire = {"model": MODEL, "system": "be brief", "messages": [HI], "tools": [TOOL]}
    assert COUNT.render_request(unified, MODEL) == (wire, [], [])


def test_what_would_be_counted_and_cannot_be_said_is_named() -> None:
    unified: Json = {
        "messages": [{**HI, "name": "a"}],
        "tools": [{"type": "gemini", "gemini": {}}],
        "reasoning_effort": "low",
        "logprobs": True,
    }
    wire, dropped, _ = COUNT.render_request(unified, MODEL)
    assert wire["thinking"] == {"type": "enabled", "budget_tokens": 2048}
    assert dropped == ["messages.name", "tools[0]"]


def test_a_request_needs_no_limit_and_comes_back() -> None:
    wire = {"model": MODEL, "messages": [HI], "tools": [TOOL], "tool_choice": {"type": "auto"}, "system": "s"}
    assert COUNT.render_request(COUNT.parse_request(wire), MODEL).wire == wire


def test_a_mistake_is_named_by_its_path() -> None:
    with pytest.raises(Failure) as caught:
        COUNT.parse_request({"model": MODEL, "messages": []})
    assert (caught.value.kind, caught.value.param) == ("invalid_request", "messages")


def test_the_count_there_and_back() -> None:
    wire: Json = {"input_tokens": 2095, "context_management": {"original_input_tokens": 70000}}
    unified = COUNT.parse_reply(wire)
    assert unified == {
        "object": "token_count",
        "prompt_tokens": 2095,
        "context_management": wire["context_management"],
    }
    assert COUNT.render_reply(unified, {}) == wire
    assert COUNT.parse_usage(wire) is None


@pytest.mark.parametrize(
    "wire", [[], {}, {"input_tokens": "5"}, {"type": "error", "error": {"type": "api_error", "message": "x"}}]
)
def test_what_is_no_count(wire: Any) -> None:
    with pytest.raises(Failure) as caught:
        COUNT.parse_reply(wire)
    assert caught.value.kind == "provider_error"


def test_a_recorded_exchange() -> None:
    name = "anthropic/count-tokens-chatlas-test-anthropic-token-count-complete-exceeds-0"
    if name not in RECORDINGS:
        pytest.skip("../shared/wire is not here: no recorded count")
    request, answer = {**RECORDINGS[name]["request"]["json"]}, RECORDINGS[name]["response"]["json"]
    assert request.pop("tools") == []  # an empty list says nothing
    assert COUNT.render_request(COUNT.parse_request(request), request["model"]).wire == request
    assert COUNT.render_reply(COUNT.parse_reply(answer), {}) == answer


@FEW
@given(OBJECTS | REQUESTS, ANYTHING)
def test_anything_is_counted_or_refused(request: Any, reply: Any) -> None:
    with suppress(Failure):
        COUNT.render_request(COUNT.parse_request(request), MODEL)
    with suppress(Failure):
        COUNT.render_reply(COUNT.parse_reply(reply), {})
