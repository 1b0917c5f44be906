"""A Messages request in the unified form, and what is refused at the door."""

from typing import Any

import pytest

from proxy.call import Failure, Json
from proxy.dialects.anthropic import DIALECT
from proxy.dialects.anthropic.fields import CACHE_ONLY
from proxy.dialects.anthropic.parse import parse_request
from proxy.dialects.anthropic.request import render_request

MODEL = "claude-sonnet-4-6"
MARK = {"type": "ephemeral"}
THOUGHT = {"type": "thinking", "thinking": "hm", "signature": "EqoD+/=="}
HI: Json = {"role": "user", "content": "hi"}
OWN = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "x"}}


def text(words: str, **extras: Any) -> Json:
    return {"type": "text", "text": words, **extras}


def parse(*messages: Any, **wire: Any) -> Json:
    return parse_request({"model": MODEL, "max_tokens": 5, "messages": [*messages], **wire})


FULL: Json = {
    "model": MODEL,
    "max_tokens": 3000,
    "system": [text("be brief", cache_control=MARK)],
    "messages": [
        {
            "role": "user",
            "content": [
                text("look", cache_control=MARK),
                {"type": "image", "source": {"type": "url", "url": "https://a"}},
            ],
        },
        {
            "role": "assistant",
            "content": [
                THOUGHT,
                {"type": "redacted_thinking", "data": "Emw="},
                text("I see", citations=[{"type": "char_location", "cited_text": "x"}]),
                OWN,
                text("more"),
                {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"a": [1, 2]}, "cache_control": MARK},
                {"type": "tool_use", "id": "toolu_2", "name": "f", "input": {}, "caller": {"type": "direct"}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "toolu_1", "content": "1", "is_error": True},
                {
                    "type": "tool_result",
                    "tool_use_id": "toolu_2",
                    "content": [text("2"), {"type": "search_result", "source": "s", "title": "t", "content": []}],
                    "cache_control": MARK,
                },
                text("go on"),
            ],
        },
        {"role": "assistant", "content": "Sure:"},
    ],
    "tools": [
        {"name": "f", "description": "d", "input_schema": {"type": "object"}, "cache_control": MARK},
        {"type": "web_search_20250305", "name": "web_search"},
    ],
    "tool_choice": {"type": "auto", "disable_parallel_tool_use": True},
    "thinking": {"type": "enabled", "budget_tokens": 2000, "display": "omitted"},
    "output_config": {"format": {"type": "json_schema", "schema": {"type": "object", "title": "Dog"}}},
    "metadata": {"user_id": "u1"},
    "service_tier": "standard_only",
    "stop_sequences": ["END"],
    "stream": True,
    "context_management": {"edits": []},
}


def test_a_request_goes_through_the_hub_and_comes_back() -> None:
    unified = parse_request(FULL)
    wire, dropped, _ = render_request(unified, MODEL)
    assert wire == FULL
    assert dropped == []


def test_the_hub_form_is_openais() -> None:
    unified = parse_request(FULL)
    system, user, assistant, first, second, rest, prefill = unified["messages"]
    assert system == {"role": "system", "content": [text("be brief", cache_control=MARK)]}
    assert user["content"][1] == {"type": "image_url", "image_url": {"url": "https://a"}}
    assert assistant["thinking_blocks"] == [THOUGHT, {"type": "redacted_thinking", "data": "Emw="}]
    assert assistant["reasoning_content"] == "hm"
    assert assistant["tool_calls"][0]["function"] == {"name": "f", "arguments": '{"a":[1,2]}'}
    assert assistant["provider_blocks"] == [{"at": 1, "block": OWN}]
    assert first == {"role": "tool", "tool_call_id": "toolu_1", "content": "1", "is_error": True}
    assert second["content"] == [text("2")]
    assert rest == {"role": "user", "content": [text("go on")]}
    assert prefill == {"role": "assistant", "content": "Sure:"}
    assert unified["response_format"]["json_schema"]["name"] == "Dog"
    assert unified["reasoning"] == {"budget_tokens": 2000, "display": "omitted"}
    assert (unified["user"], unified["service_tier"], unified["parallel_tool_calls"]) == ("u1", "default", False)
    assert not unified.keys() & {"thinking", "output_config", "metadata", "system"}


def test_a_plain_string_stays_one() -> None:
    unified = parse({"role": "user", "content": "hi"}, system="be brief")
    assert unified["messages"] == [{"role": "system", "content": "be brief"}, {"role": "user", "content": "hi"}]


def test_a_system_message_in_between_is_one() -> None:
    assert parse({"role": "system", "content": "now in French"})["messages"] == [
        {"role": "system", "content": "now in French"}
    ]


def test_thinking_that_comes_late_keeps_its_place() -> None:
    content = [text("a"), THOUGHT, text("b")]
    unified = parse({"role": "assistant", "content": content})
    assert unified["messages"][0]["provider_blocks"] == [{"at": 1, "block": THOUGHT}]
    assert render_request(unified, MODEL).wire["messages"][0]["content"] == content


def test_a_tool_result_without_content_is_empty() -> None:
    call = {"role": "assistant", "content": [{"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}}]}
    turn = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1"}]}
    unified = parse(call, turn)
    assert unified["messages"][1] == {"role": "tool", "tool_call_id": "toolu_1", "content": ""}
    assert render_request(unified, MODEL).wire["messages"] == [call, turn]


def test_a_stream_reports_its_tokens() -> None:
    assert parse(HI, stream=True)["stream_options"] == {"include_usage": True}
    assert "stream_options" not in parse(HI, stream=False)


@pytest.mark.parametrize(
    ("wire", "param"),
    [
        ({"max_tokens": None}, "max_tokens"),
        ({"max_tokens": -1}, "max_tokens"),
        ({"max_tokens": 1.5}, "max_tokens"),
        ({"temperature": 1.1}, "temperature"),
        ({"messages": None}, "messages"),
        ({"messages": []}, "messages"),
        ({"messages": ["hi"]}, "messages[0]"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "user"}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": [{"text": "a"}]}]}, "messages[0].content[0].type"),
        (
            {"messages": [{"role": "user", "content": [{"type": "tool_result"}]}]},
            "messages[0].content[0].tool_use_id",
        ),
        (
            {"messages": [{"role": "assistant", "content": [{"type": "tool_use", "id": "a", "name": "f"}]}]},
            "messages[0].content[0].input",
        ),
        ({"system": 5}, "system"),
        ({"tools": [{"name": "f"}]}, "tools[0].input_schema"),
        ({"tools": [{"name": "f", "input_schema": {"type": "dict"}}]}, "tools[0].input_schema.type"),
        ({"tool_choice": {"type": "most"}}, "tool_choice.type"),
        ({"metadata": []}, "metadata"),
        ({"metadata": {"user_id": 5}}, "metadata.user_id"),
        ({"thinking": "yes"}, "thinking"),
        ({"output_config": {"format": {"type": "json_schema"}}}, "output_config.format.schema"),
        (
            {"output_config": {"format": {"type": "json_schema", "schema": {"items": 5}}}},
            "output_config.format.schema.items",
        ),
    ],
)
def test_a_mistake_is_named_by_its_path(wire: Json, param: str) -> None:
    with pytest.raises(Failure) as caught:
        parse_request({"model": MODEL, "max_tokens": 5, "messages": [HI], **wire})
    assert (caught.value.kind, caught.value.param) == ("invalid_request", param)


def test_what_only_anthropic_knows_of_the_output_is_its_own_field() -> None:
    config = {"effort": "low", "task_budget": {"type": "tokens", "total": 64000}}
    unified = parse(HI, output_config=config)
    assert unified["output_config"] == {"task_budget": {"type": "tokens", "total": 64000}}
    assert unified["reasoning"] == {"effort": "low"}
    assert "output_config" in DIALECT.own
    assert render_request(unified, "claude-opus-4-8")[0]["output_config"] == config


def test_filling_the_cache_is_anthropics_alone() -> None:
    thinking = {"type": "enabled", "budget_tokens": 2000}
    unified = parse(HI, max_tokens=0, thinking=thinking)
    assert "max_tokens" not in unified
    assert unified[CACHE_ONLY] is True
    assert CACHE_ONLY in DIALECT.own & DIALECT.stateful
    wire, dropped, translated = render_request(unified, MODEL)
    assert (wire["max_tokens"], wire["thinking"], dropped, translated) == (0, thinking, [], [])
    assert CACHE_ONLY not in wire
