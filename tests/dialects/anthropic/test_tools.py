"""Tools and the choice among them, there and back."""

from typing import Any

import pytest

from proxy.call import Failure, Json
from proxy.dialects.anthropic.models import read_model
from proxy.dialects.anthropic.tools import parse_tool, parse_tool_choice, render_tool_choice, render_tools

NEW, OLD = read_model("claude-opus-4-8").generation, read_model("claude-sonnet-4-0").generation
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


def function(name: str, **extras: Any) -> Json:
    return {"type": "function", "function": {"name": name, "description": "d", "parameters": SCHEMA, **extras}}


def tool(name: str, **extras: Any) -> Json:
    return {"name": name, "description": "d", "input_schema": SCHEMA, **extras}


def test_both_unified_forms_of_a_tool_are_one() -> None:
    short = {"name": "b", "description": "d", "parameters": SCHEMA}
    assert render_tools({"tools": [function("a"), short]}, NEW) == ([tool("a"), tool("b")], [])


def test_a_tool_without_parameters_takes_an_empty_object() -> None:
    [said], _ = render_tools({"tools": [{"type": "function", "function": {"name": "now"}}]}, NEW)
    assert said == {"name": "now", "input_schema": {"type": "object", "properties": {}}}


def test_a_marker_and_anthropics_own_members_stand_beside_the_function() -> None:
    beside = {"cache_control": {"type": "ephemeral"}, "defer_loading": True}
    assert render_tools({"tools": [{**function("a"), **beside}]}, NEW) == ([tool("a", **beside)], [])
    assert parse_tool(tool("a", **beside), "tools[0]") == {**function("a"), **beside}


def test_strict_is_native_where_schemas_bind_and_named_where_not() -> None:
    assert render_tools({"tools": [function("a", strict=True)]}, NEW) == ([tool("a", strict=True)], [])
    assert render_tools({"tools": [function("a", strict=True)]}, OLD) == ([tool("a")], ["tools.strict"])
    assert render_tools({"tools": [function("a", strict=False)]}, NEW) == ([tool("a")], [])


def test_a_tool_that_runs_at_the_provider_is_carried_as_it_is() -> None:
    search = {"type": "web_search_20250305", "name": "web_search", "max_uses": 3}
    assert render_tools({"tools": [search]}, NEW) == ([search], [])
    assert parse_tool(search, "tools[0]") == search


def test_a_free_form_tool_cannot_be_said() -> None:
    assert render_tools({"tools": [{"type": "custom", "custom": {"name": "sql"}}]}, NEW) == ([], ["tools[0]"])


def test_allowed_tools_leaves_the_allowed_ones() -> None:
    choice = {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [function("b")]}}
    unified = {"tools": [function("a"), function("b")], "tool_choice": choice}
    assert render_tools(unified, NEW) == ([tool("b")], [])
    assert render_tool_choice(unified, True) == ({"type": "any"}, [])


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        ("auto", {"type": "auto"}),
        ("none", {"type": "none"}),
        ("required", {"type": "any"}),
        ({"type": "function", "function": {"name": "a"}}, {"type": "tool", "name": "a"}),
    ],
)
def test_a_choice_there_and_back(choice: Any, said: Json) -> None:
    assert render_tool_choice({"tool_choice": choice}, True) == (said, [])
    assert parse_tool_choice(said) == {"tool_choice": choice}


@pytest.mark.parametrize(
    ("unified", "said"),
    [
        ({"parallel_tool_calls": False}, {"type": "auto", "disable_parallel_tool_use": True}),
        ({"parallel_tool_calls": True}, None),
        ({"parallel_tool_calls": True, "tool_choice": "auto"}, {"type": "auto", "disable_parallel_tool_use": False}),
        ({"parallel_tool_calls": False, "tool_choice": "required"}, {"type": "any", "disable_parallel_tool_use": True}),
        ({"parallel_tool_calls": False, "tool_choice": "none"}, {"type": "none"}),
    ],
)
def test_parallel_calls_are_part_of_the_choice(unified: Json, said: Json | None) -> None:
    assert render_tool_choice(unified, True) == (said, [])


def test_parallel_calls_are_read_back() -> None:
    choice = {"type": "any", "disable_parallel_tool_use": True}
    assert parse_tool_choice(choice) == {"tool_choice": "required", "parallel_tool_calls": False}


def test_without_tools_there_is_nothing_to_choose() -> None:
    assert render_tool_choice({"tool_choice": "auto"}, False) == (None, [])
    assert render_tool_choice({"tool_choice": "required"}, False) == (None, ["tool_choice"])


@pytest.mark.parametrize(
    ("unified", "param"),
    [
        ({"tools": {"a": 1}}, "tools"),
        ({"tools": ["a"]}, "tools[0]"),
        ({"tools": [{"type": "function"}]}, "tools[0].function.name"),
        ({"tools": [function("a", parameters=[])]}, "tools[0].function.parameters"),
        ({"tool_choice": {"type": "allowed_tools"}}, "tool_choice.allowed_tools"),
    ],
)
def test_a_mistake_in_the_tools_is_named_by_its_path(unified: Json, param: str) -> None:
    with pytest.raises(Failure) as caught:
        render_tools(unified, NEW)
    assert (caught.value.kind, caught.value.param) == ("invalid_request", param)


@pytest.mark.parametrize("choice", ["sometimes", 3, {"type": "function"}])
def test_a_choice_nobody_knows_is_refused(choice: Any) -> None:
    with pytest.raises(Failure, match="tool_choice"):
        render_tool_choice({"tool_choice": choice}, True)


@pytest.mark.parametrize("choice", [{}, {"type": "some"}, {"type": "tool"}, "auto"])
def test_a_choice_anthropic_does_not_know_is_refused(choice: Any) -> None:
    with pytest.raises(Failure, match="tool_choice"):
        parse_tool_choice(choice)
