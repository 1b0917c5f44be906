"""Tools and choices, both ways."""

from typing import Any

import pytest

from proxy.call import Failure, Json
from proxy.dialects.responses.tools import parse_choice, parse_tools, render_choice, render_tools, render_web_search

SCHEMA: Json = {"type": "object", "properties": {}}
GRAMMAR: Json = {"syntax": "lark", "definition": "start: X"}


@pytest.mark.parametrize(
    ("wire", "unified"),
    [
        (
            {"type": "function", "name": "f", "description": "d", "parameters": SCHEMA, "strict": True},
            {"type": "function", "function": {"name": "f", "description": "d", "parameters": SCHEMA, "strict": True}},
        ),
        (
            {"type": "function", "name": "f", "parameters": SCHEMA, "defer_loading": True, "output_schema": SCHEMA},
            {
                "type": "function",
                "function": {"name": "f", "parameters": SCHEMA},
                "defer_loading": True,
                "responses": {"output_schema": SCHEMA},
            },
        ),
        (
            {"type": "custom", "name": "c", "description": "d", "format": {"type": "grammar", **GRAMMAR}},
            {
                "type": "custom",
                "custom": {"name": "c", "description": "d", "format": {"type": "grammar", "grammar": GRAMMAR}},
            },
        ),
        (
            {"type": "custom", "name": "c", "format": {"type": "text"}},
            {"type": "custom", "custom": {"name": "c", "format": {"type": "text"}}},
        ),
        (
            {"type": "mcp", "server_label": "s", "authorization": "a"},
            {"type": "responses", "responses": {"type": "mcp", "server_label": "s", "authorization": "a"}},
        ),
    ],
)
def test_a_tool_goes_and_comes_back(wire: Json, unified: Json) -> None:
    dropped: list[str] = []
    assert parse_tools([wire]) == [unified]
    assert render_tools([unified], True, dropped) == [wire]
    assert not dropped


def test_a_tool_of_a_chat_request_is_not_strict_unless_it_says_so() -> None:
    short = {"name": "f", "parameters": SCHEMA}
    assert render_tools([short], False, []) == [
        {"type": "function", "name": "f", "parameters": SCHEMA, "strict": False}
    ]
    assert render_tools([{**short, "strict": True}], False, [])[0]["strict"] is True


def test_other_providers_tools_are_named() -> None:
    dropped: list[str] = []
    foreign = [{"type": "web_search_20250305", "name": "w"}, {"type": "gemini", "gemini": {}}, {"name": "f"}]
    assert [tool["name"] for tool in render_tools(foreign, False, dropped)] == ["f"]
    assert dropped == ["tools[0]", "tools[1]"]


def test_a_cache_marker_on_a_tool_is_named() -> None:
    dropped: list[str] = []
    render_tools([{"name": "f", "cache_control": {"type": "ephemeral"}}], False, dropped)
    assert dropped == ["tools.cache_control"]


@pytest.mark.parametrize(
    ("wire", "unified"),
    [
        ("auto", "auto"),
        ("none", "none"),
        ("required", "required"),
        ({"type": "function", "name": "f"}, {"type": "function", "function": {"name": "f"}}),
        ({"type": "custom", "name": "c"}, {"type": "custom", "custom": {"name": "c"}}),
        ({"type": "file_search"}, {"type": "responses", "responses": {"type": "file_search"}}),
        (
            {
                "type": "allowed_tools",
                "mode": "required",
                "tools": [{"type": "function", "name": "f"}, {"type": "mcp"}],
            },
            {
                "type": "allowed_tools",
                "allowed_tools": {
                    "mode": "required",
                    "tools": [
                        {"type": "function", "function": {"name": "f"}},
                        {"type": "responses", "responses": {"type": "mcp"}},
                    ],
                },
            },
        ),
    ],
)
def test_a_choice_goes_and_comes_back(wire: Any, unified: Any) -> None:
    assert parse_choice(wire) == unified
    assert render_choice(unified) == wire


def test_a_choice_that_nobody_here_knows_says_nothing() -> None:
    assert render_choice({"type": "gemini", "gemini": {}}) is None


@pytest.mark.parametrize("choice", ["maybe", 3, {}, {"type": "function"}, {"type": "allowed_tools"}])
def test_a_wrong_choice_is_named(choice: Any) -> None:
    with pytest.raises(Failure) as caught:
        parse_choice(choice)
    assert str(caught.value.param).startswith("tool_choice")


@pytest.mark.parametrize(
    ("tools", "param"),
    [
        ({}, "tools"),
        ([{}], "tools[0].type"),
        ([{"type": "function"}], "tools[0].name"),
        ([{"type": "function", "name": "f", "parameters": {"type": "thing"}}], "tools[0].parameters.type"),
        ([{"type": "custom", "name": "f"}, {"type": "function", "name": "f"}], "tools[1].name"),
    ],
)
def test_a_wrong_tool_is_named(tools: Any, param: str) -> None:
    with pytest.raises(Failure) as caught:
        parse_tools(tools)
    assert (caught.value.kind, caught.value.param) == ("invalid_request", param)


def test_the_chat_apis_web_search_is_a_tool_here() -> None:
    place = {"type": "approximate", "approximate": {"country": "GB"}}
    assert render_web_search({"search_context_size": "low", "user_location": place}) == {
        "type": "web_search",
        "search_context_size": "low",
        "user_location": {"type": "approximate", "country": "GB"},
    }
