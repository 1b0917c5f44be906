"""Tools and the choice among them, both ways."""

from typing import Any

import pytest

from proxy.call import Failure, Json
from proxy.dialects.bedrock.request import render_request
from proxy.dialects.bedrock.tools import parse_tools

SONNET, NOVA, LLAMA, COHERE = (
    "anthropic.claude-sonnet-4-5",
    "amazon.nova-lite-v1:0",
    "us.meta.llama3-3-70b-instruct-v1:0",
    "cohere.command-r-v1:0",
)
HI = {"role": "user", "content": "hi"}
CALL = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
CALLED = [HI, {"role": "assistant", "tool_calls": [CALL]}, {"role": "tool", "tool_call_id": "c", "content": "1"}]
SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}}
POINT = {"cachePoint": {"type": "default"}}


def tool(name: str, **extras: Any) -> Json:
    return {"type": "function", "function": {"name": name, "parameters": SCHEMA}, **extras}


def spec(name: str, **extras: Any) -> Json:
    return {"toolSpec": {"name": name, "inputSchema": {"json": SCHEMA}, **extras}}


def say(model: str = SONNET, **unified: Any) -> tuple[Json | None, list[str], Any]:
    wire, dropped, translated = render_request({"messages": [HI], **unified}, model)
    return wire.get("toolConfig"), dropped, translated


def test_tools_in_either_form_and_bedrocks_own() -> None:
    own = {"systemTool": {"name": "nova_grounding"}}
    tools = [
        {"type": "function", "function": {"name": "f", "description": "d", "parameters": SCHEMA, "strict": True}},
        {"name": "g", "description": ""},
        {"type": "bedrock", "bedrock": own},
        {"type": "web_search_20250305", "name": "web_search"},
    ]
    config, dropped, _ = say(tools=tools)
    assert config == {
        "tools": [
            spec("f", description="d", strict=True),
            {"toolSpec": {"name": "g", "inputSchema": {"json": {"type": "object", "properties": {}}}}},
            own,
        ]
    }
    assert dropped == ["tools[3]"]


def test_strict_and_markers_are_named_where_the_model_has_no_word_for_them() -> None:
    strict = {"type": "function", "function": {"name": "f", "parameters": SCHEMA, "strict": True}}
    assert say(NOVA, tools=[strict]) == ({"tools": [spec("f")]}, ["tools.strict"], [])
    marked = tool("f", cache_control={"type": "ephemeral"})
    assert say(tools=[marked]) == ({"tools": [spec("f"), POINT]}, [], [])
    assert say(NOVA, tools=[marked]) == ({"tools": [spec("f")]}, ["tools.cache_control"], [])


@pytest.mark.parametrize(
    ("model", "choice", "said", "dropped"),
    [
        (SONNET, "auto", {"auto": {}}, []),
        (SONNET, "required", {"any": {}}, []),
        (SONNET, {"type": "function", "function": {"name": "g"}}, {"tool": {"name": "g"}}, []),
        ("anthropic.claude-opus-5-5", "required", None, ["tool_choice"]),
        (
            "mistral.mistral-large-2407-v1:0",
            {"type": "function", "function": {"name": "g"}},
            None,
            ["tool_choice.named"],
        ),
        (LLAMA, "auto", {"auto": {}}, []),
        (LLAMA, "required", None, ["tool_choice"]),
        (COHERE, "auto", None, []),
        (SONNET, {"type": "custom", "custom": {"name": "x"}}, None, ["tool_choice"]),
    ],
)
def test_choices_by_model(model: str, choice: Any, said: Json | None, dropped: list[str]) -> None:
    config, named, _ = say(model, tools=[tool("f"), tool("g")], tool_choice=choice)
    assert config is not None
    assert (config.get("toolChoice"), named) == (said, dropped)


def test_a_set_of_tools_leaves_only_those() -> None:
    allowed = {"mode": "required", "tools": [{"type": "function", "function": {"name": "g"}}]}
    choice = {"type": "allowed_tools", "allowed_tools": allowed}
    assert say(tools=[tool("f"), tool("g")], tool_choice=choice)[0] == {"tools": [spec("g")], "toolChoice": {"any": {}}}
    with pytest.raises(Failure, match="auto or required"):
        say(tools=[tool("g")], tool_choice={**choice, "allowed_tools": {**allowed, "mode": "most"}})


def test_tools_that_must_not_be_called_are_left_out() -> None:
    assert say(tools=[tool("f")], tool_choice="none") == (None, [], ["tool_choice"])


def test_a_conversation_with_calls_keeps_its_tools() -> None:
    config, dropped, _ = say(messages=CALLED, tools=[tool("f")], tool_choice="none")
    assert (config, dropped) == ({"tools": [spec("f")]}, ["tool_choice"])
    stand_in = {"toolSpec": {"name": "f", "inputSchema": {"json": {"type": "object"}}}}
    assert say(messages=CALLED) == ({"tools": [stand_in]}, [], ["tools"])


def test_without_tools_there_is_nothing_to_choose() -> None:
    assert say(tool_choice="auto") == (None, [], [])
    assert say(tool_choice="required") == (None, ["tool_choice"], [])


def test_one_call_at_a_time_is_a_word_of_claudes() -> None:
    asked = {"messages": [HI], "tools": [tool("f")], "parallel_tool_calls": False}
    wire, dropped, _ = render_request({**asked, "tool_choice": "required"}, SONNET)
    assert wire["additionalModelRequestFields"] == {"tool_choice": {"type": "any", "disable_parallel_tool_use": True}}
    assert dropped == []
    assert render_request(asked, NOVA).dropped == ["parallel_tool_calls"]
    assert render_request({**asked, "parallel_tool_calls": True}, NOVA).dropped == []


def test_a_config_comes_back() -> None:
    own = {"systemTool": {"name": "nova_grounding"}}
    config = {"tools": [spec("f", description="d", strict=True), POINT, own], "toolChoice": {"tool": {"name": "f"}}}
    unified = parse_tools(config)
    assert unified["tools"][0]["cache_control"] == {"type": "ephemeral"}
    assert unified["tools"][1] == {"type": "bedrock", "bedrock": own}
    assert say(**unified) == (config, [], [])
    assert parse_tools({"tools": [], "toolChoice": {"any": {}}})["tool_choice"] == "required"


@pytest.mark.parametrize(
    ("config", "param"),
    [
        ([], "toolConfig"),
        ({}, "toolConfig.tools"),
        ({"tools": ["f"]}, "toolConfig.tools[0]"),
        ({"tools": [{"toolSpec": {"inputSchema": {"json": {}}}}]}, "toolConfig.tools[0].toolSpec.name"),
        ({"tools": [{"toolSpec": {"name": "f"}}]}, "toolConfig.tools[0].toolSpec.inputSchema"),
        (
            {"tools": [{"toolSpec": {"name": "f", "inputSchema": {"json": {"type": "thing"}}}}]},
            "toolConfig.tools[0].toolSpec.inputSchema.json.type",
        ),
        ({"tools": [], "toolChoice": {}}, "toolConfig.toolChoice.tool"),
        ({"tools": [], "toolChoice": {"tool": {}}}, "toolConfig.toolChoice.tool.name"),
    ],
)
def test_a_mistake_is_named_by_its_path(config: Any, param: str) -> None:
    with pytest.raises(Failure) as caught:
        parse_tools(config)
    assert (caught.value.kind, caught.value.param) == ("invalid_request", param)
