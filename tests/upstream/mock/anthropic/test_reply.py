"""Anthropic's message and its errors."""

from __future__ import annotations

import pytest

from proxy.upstream.mock.anthropic.reply import error_body
from tests.upstream.mock.anthropic.playing import CLOCK, WEATHER, answer_to, ask, message_of


def test_a_whole_message() -> None:
    message = message_of(ask("hi", system="Be brief"))
    [block] = message.content
    assert block.type == "text"
    assert block.text.startswith("You said: hi\n")
    assert (message.stop_reason, message.stop_sequence, message.model) == ("end_turn", None, "claude-x")
    assert (message.usage.input_tokens, message.usage.cache_read_input_tokens) == (3, 0)
    assert message.usage.output_tokens > 10


def test_why_it_stopped() -> None:
    short = message_of(ask(max_tokens=3))
    assert (short.stop_reason, short.usage.output_tokens) == ("max_tokens", 3)
    stopped = message_of(ask("one two", stop_sequences=["three", "two"]))
    assert (stopped.stop_reason, stopped.stop_sequence) == ("stop_sequence", "two")


@pytest.mark.parametrize("fields", [{"model": "mock-tools"}, {"tool_choice": {"type": "any"}, "model": "mock-tools"}])
def test_tools_are_called(fields: dict[str, str]) -> None:
    message = message_of(ask(tools=[WEATHER, CLOCK], **fields))
    assert [(block.name, block.input) for block in message.content if block.type == "tool_use"] == [
        ("get_weather", {"city": ""}),
        ("get_time", {}),
    ]
    ids = {block.id for block in message.content if block.type == "tool_use"}
    assert len(ids) == 2
    assert all(each.startswith("toolu_") for each in ids)
    assert message.stop_reason == "tool_use"


def test_a_forced_tool_ends_with_tool_use_too() -> None:
    message = message_of(ask(tools=[WEATHER, CLOCK], tool_choice={"type": "tool", "name": "get_time"}))
    assert [block.type for block in message.content] == ["tool_use"]
    assert message.stop_reason == "tool_use"


@pytest.mark.parametrize("fields", [{"model": "mock-reasoning"}, {"thinking": {"type": "adaptive"}}])
def test_thoughts_are_signed(fields: dict[str, str]) -> None:
    thought, text = message_of(ask(**fields)).content
    assert thought.type == "thinking"
    assert thought.thinking
    assert thought.signature
    assert text.type == "text"


def test_errors() -> None:
    assert error_body(429, "slow")["error"] == {"type": "rate_limit_error", "message": "slow"}
    assert error_body(529, "x")["error"]["type"] == "overloaded_error"
    assert error_body(503, "x")["error"]["type"] == "api_error"
    assert error_body(400, "no", "messages[0].content[1]")["error"]["message"] == "messages.0.content.1: no"
    limited = answer_to(ask(model="mock-status-429-retry-after-2"))
    assert (limited.status, limited.headers["retry-after"], limited.json["type"]) == (429, "2", "error")
    assert answer_to(ask(model="mock-error-event")).json["error"]["type"] == "api_error"
