"""Tools and the choice among them, both ways."""

from typing import Any

import pytest

from proxy.call import Failure, Json
from proxy.dialects.gemini.tools import parse_choice, parse_tools, render_choice, render_tools

SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}}
FUNCTION = {"type": "function", "function": {"name": "f", "description": "d", "parameters": SCHEMA}}
PLAIN = {"type": "function", "function": {"name": "g"}}
SEARCH = {"type": "gemini", "gemini": {"googleSearch": {}}}


def test_both_ways() -> None:
    wire = [
        {"googleSearch": {}},
        {"functionDeclarations": [{"name": "f", "description": "d", "parametersJsonSchema": SCHEMA}, {"name": "g"}]},
    ]
    assert render_tools({"tools": [SEARCH, FUNCTION, PLAIN]}) == (wire, [])
    assert parse_tools(wire) == {"tools": [SEARCH, FUNCTION, PLAIN]}


def test_other_spellings() -> None:
    declaration = {
        "name": "f",
        "description": "d",
        "parameters": {"type": "OBJECT", "properties": {"a": {"type": "STRING"}}},
    }
    assert parse_tools([{"function_declarations": [declaration], "code_execution": None}]) == {"tools": [FUNCTION]}
    assert render_tools({"tools": [{"name": "g", "parameters": None}]})[0] == [
        {"functionDeclarations": [{"name": "g"}]}
    ]


def test_what_a_declaration_says_besides_comes_back() -> None:
    wire = [{"functionDeclarations": [{"name": "g", "behavior": "BLOCKING", "response": {"type": "STRING"}}]}]
    unified = parse_tools(wire)
    assert unified["tools"] == [PLAIN]
    assert render_tools(unified) == (wire, [])


def test_tools_of_others_are_named() -> None:
    strict = {"type": "function", "function": {"name": "f", "strict": True}, "cache_control": {}}
    tools, dropped = render_tools({"tools": [{"type": "web_search_20250305"}, strict]})
    assert dropped == ["tools[0]", "tools.strict", "tools.cache_control"]
    assert tools == [{"functionDeclarations": [{"name": "f"}]}]


def allowed(mode: str, *names: str) -> Json:
    tools = [{"type": "function", "function": {"name": name}} for name in names]
    return {"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": tools}}


CHOICES: list[tuple[Any, Json]] = [
    ("auto", {"mode": "AUTO"}),
    ("none", {"mode": "NONE"}),
    ("required", {"mode": "ANY"}),
    ({"type": "function", "function": {"name": "f"}}, {"mode": "ANY", "allowedFunctionNames": ["f"]}),
    (allowed("required", "f", "g"), {"mode": "ANY", "allowedFunctionNames": ["f", "g"]}),
    (allowed("auto", "f"), {"mode": "VALIDATED", "allowedFunctionNames": ["f"]}),
]


@pytest.mark.parametrize(("choice", "config"), CHOICES)
def test_choices_both_ways(choice: Any, config: Json) -> None:
    assert render_choice({"tool_choice": choice}, True) == (config, [])
    assert parse_choice(config, "c") == ({"tool_choice": choice}, {})


def test_choices_that_cannot_be_made() -> None:
    assert render_choice({"tool_choice": "required"}, False) == (None, ["tool_choice"])
    assert render_choice({"tool_choice": "auto", "parallel_tool_calls": False}, False) == (None, [])
    assert render_choice({"parallel_tool_calls": False}, True) == (None, ["parallel_tool_calls"])
    with pytest.raises(Failure):
        render_choice({"tool_choice": allowed("sometimes", "f")}, True)


def test_what_a_choice_leaves_out_stays_googles() -> None:
    assert parse_choice({"mode": "VALIDATED"}, "c") == ({"tool_choice": "auto"}, {"mode": "VALIDATED"})
    stream = {"stream_function_call_arguments": True}
    assert parse_choice(stream, "c") == ({}, {"streamFunctionCallArguments": True})


@pytest.mark.parametrize(
    ("tools", "param"),
    [
        ({}, "tools"),
        ([{"functionDeclarations": {}}], "tools[0].functionDeclarations"),
        ([{"functionDeclarations": [{}]}], "tools[0].functionDeclarations[0].name"),
        (
            [{"functionDeclarations": [{"name": "f"}]}, {"functionDeclarations": [{"name": "f"}]}],
            "tools[1].functionDeclarations[0].name",
        ),
        (
            [{"functionDeclarations": [{"name": "f", "parameters": {"type": "X"}}]}],
            "tools[0].functionDeclarations[0].parameters.type",
        ),
    ],
)
def test_wrong_tools(tools: Any, param: str) -> None:
    with pytest.raises(Failure) as raised:
        parse_tools(tools)
    assert (raised.value.kind, raised.value.param) == ("invalid_request", param)


def test_a_mode_that_is_none() -> None:
    with pytest.raises(Failure) as raised:
        parse_choice({"mode": "SOMETIMES"}, "toolConfig.functionCallingConfig")
    assert raised.value.param == "toolConfig.functionCallingConfig.mode"
