"""Which tools are called when."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from proxy.upstream.mock.tools import ToolCall, call_tools
from tests.upstream.mock.playing import CLOCK, WEATHER, chat

BOTH = [WEATHER, CLOCK]
BY_NAME = {"type": "function", "function": {"name": "get_time"}}


def only(mode: str, *tools: dict[str, Any]) -> dict[str, Any]:
    return {"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": list(tools)}}


@pytest.mark.parametrize(
    ("text", "fields", "every", "names"),
    [
        ("hello", {}, False, []),
        ("hello", {}, True, []),
        ("hello", {"tools": BOTH}, False, []),
        ("call get_time please", {"tools": BOTH}, False, ["get_time"]),
        ("my_get_time", {"tools": BOTH}, False, []),
        ("get_time and get_weather", {"tools": BOTH}, False, ["get_weather", "get_time"]),
        ("hello", {"tools": BOTH}, True, ["get_weather", "get_time"]),
        ("hello", {"tools": BOTH, "parallel_tool_calls": False}, True, ["get_weather"]),
        ("get_time", {"tools": BOTH, "tool_choice": "none"}, True, []),
        ("hello", {"tools": BOTH, "tool_choice": "required"}, False, ["get_weather"]),
        ("get_time", {"tools": BOTH, "tool_choice": "required"}, False, ["get_time"]),
        ("hello", {"tools": BOTH, "tool_choice": BY_NAME}, False, ["get_time"]),
        ("hello", {"tools": BOTH, "tool_choice": BY_NAME}, True, ["get_time"]),
        ("get_weather", {"tools": BOTH, "tool_choice": only("auto", CLOCK)}, False, []),
        ("hello", {"tools": BOTH, "tool_choice": only("required", CLOCK)}, False, ["get_time"]),
        ("hello", {"tools": [{"type": "custom", "custom": {"name": "free"}}]}, True, []),
    ],
)
def test_which_tools_are_called(text: str, fields: dict[str, Any], every: bool, names: list[str]) -> None:
    calls, _ = call_tools(chat(text, **fields), every, "x")
    assert [call.name for call in calls] == names


def test_arguments_are_the_smallest_that_the_schema_takes() -> None:
    calls, finish_reason = call_tools(chat(tools=BOTH), True, "x")
    assert [orjson.loads(call.arguments) for call in calls] == [{"city": "", "days": 1}, {}]
    assert [call.id for call in calls] == ["call_x0", "call_x1"]
    assert finish_reason == "tool_calls"


def test_a_call_forced_by_name_ends_with_stop() -> None:
    assert call_tools(chat(tools=BOTH, tool_choice=BY_NAME), False, "x")[1] == "stop"


def test_results_are_answered_in_words() -> None:
    request = chat(tools=BOTH, tool_choice="required")
    request["messages"].append({"role": "tool", "tool_call_id": "1", "content": "sunny"})
    assert call_tools(request, True, "x")[0] == []


def test_a_call_in_both_forms() -> None:
    call = ToolCall("call_1", "get_time", '{"zone":""}')
    assert call.opening(2) == {
        "index": 2,
        "id": "call_1",
        "type": "function",
        "function": {"name": "get_time", "arguments": ""},
    }
    assert call.whole()["function"] == {"name": "get_time", "arguments": '{"zone":""}'}
    assert call.tokens == 1 + 8
