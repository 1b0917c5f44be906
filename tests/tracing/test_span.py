"""What replies of the dialects say of themselves, and that a span is carried on."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.tracing.context import Parent
from proxy.tracing.span import LONGEST_FACT, MOST_FACTS, Span, Told, Trace, told


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (
            {"id": "c", "model": "gpt", "choices": [{"finish_reason": "stop"}, {"finish_reason": "length"}]},
            Told("c", "gpt", ("stop", "length")),
        ),
        ({"id": "msg", "model": "claude", "stop_reason": "end_turn"}, Told("msg", "claude", ("end_turn",))),
        (
            {"responseId": "r", "modelVersion": "gemini", "candidates": [{"finishReason": "STOP"}]},
            Told("r", "gemini", ("STOP",)),
        ),
        ({"stopReason": "tool_use"}, Told("", "", ("tool_use",))),
        ({"model": "llama", "done_reason": "stop"}, Told("", "llama", ("stop",))),
        ({"id": "co", "finish_reason": "COMPLETE"}, Told("co", "", ("COMPLETE",))),
        ({}, Told()),
    ],
)
def test_what_a_reply_says(reply: dict[str, Any], expected: Told) -> None:
    assert told(reply) == expected


@pytest.mark.parametrize(
    "reply",
    [
        {"id": 7, "model": None, "choices": "none"},
        {"choices": [None, 1, {"finish_reason": 3}, {}]},
        {"choices": None, "candidates": None, "stop_reason": []},
    ],
)
def test_what_is_not_said_as_it_should(reply: dict[str, Any]) -> None:
    assert told(reply) == Told()


def test_what_is_said_at_length_is_cut() -> None:
    found = told({"id": "x" * 1000, "choices": [{"finish_reason": "y" * 1000}] * 1000})
    assert len(found.id) == LONGEST_FACT
    assert [len(reason) for reason in found.finish_reasons] == [LONGEST_FACT] * MOST_FACTS


def test_a_span_is_carried_on_and_learns() -> None:
    trace = Trace("a" * 32, "b" * 16, 1.0, 0.0, Parent("a" * 32, "c" * 16, True), "s=1")
    attempt = Span(trace, "d" * 16, 2.0)
    assert attempt.lines == f"traceparent: 00-{'a' * 32}-{'d' * 16}-01\r\ntracestate: s=1\r\n"
    assert attempt.trace_id == trace.id
    attempt.learn({"id": "one"})
    assert trace.told.id == "one"
