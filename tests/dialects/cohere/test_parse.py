"""A request of an app on Cohere's SDK, in the unified form and back."""

from typing import Any

import pytest

from proxy.call import Failure, Json
from proxy.dialects.cohere.parse import parse_request
from proxy.dialects.cohere.request import render_request

CALL: Json = {"id": "c", "type": "function", "function": {"name": "look", "arguments": "{}"}}
CITATION: Json = {"start": 0, "end": 2, "text": "So", "sources": [], "content_index": 1}
USER: Json = {"role": "user", "content": "hi"}
WHOLE: Json = {
    "model": "command-a-plus-05-2026",
    "messages": [
        {"role": "system", "content": [{"type": "text", "text": "Be brief."}]},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "What is it?"},
                {"type": "image_url", "image_url": {"url": "https://example.com/a.png", "detail": "low"}},
                {"type": "hologram", "depth": 3},
            ],
        },
        {
            "role": "assistant",
            "content": [{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "So I look."}],
            "tool_plan": "I look.",
            "tool_calls": [CALL],
            "citations": [CITATION],
        },
        {
            "role": "tool",
            "tool_call_id": "c",
            "content": [{"type": "document", "document": {"id": "d", "data": {"temp": 14}}}],
        },
    ],
    "tools": [{"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}],
    "strict_tools": True,
    "tool_choice": "REQUIRED",
    "thinking": {"type": "enabled", "token_budget": 500},
    "temperature": 0.5,
    "p": 0.9,
    "k": 40,
    "seed": 3,
    "stop_sequences": ["END"],
    "frequency_penalty": 0.1,
    "max_tokens": 100,
    "logprobs": True,
    "stream": True,
    "documents": ["one", {"id": "two", "data": {"text": "two"}}],
    "citation_options": {"mode": "FAST"},
    "safety_mode": "STRICT",
    "priority": 2,
}


def test_everything_comes_back() -> None:
    rendered = render_request(parse_request(WHOLE), WHOLE["model"])
    assert rendered == (WHOLE, [], [])


def test_what_other_dialects_see() -> None:
    unified = parse_request(WHOLE)
    _, user, assistant, tool = unified["messages"]
    assert user["content"] == WHOLE["messages"][1]["content"][:2]
    assert user["provider_blocks"] == [{"at": 2, "block": {"type": "hologram", "depth": 3}, "dialect": "cohere"}]
    assert assistant == {
        "role": "assistant",
        "content": [{"type": "text", "text": "So I look."}],
        "reasoning_content": "Hm.I look.",
        "tool_plan": "I look.",
        "tool_calls": [CALL],
        "annotations": [
            {"type": "citation", "citation": CITATION, "dialect": "cohere", "start_index": 0, "end_index": 2}
        ],
    }
    assert tool["content"][0]["text"] == '{"temp":14}'
    assert unified["tool_choice"] == "required"
    assert unified["tools"][0]["function"]["strict"] is True
    assert unified["reasoning"] == {"budget_tokens": 500}
    assert (unified["top_p"], unified["top_k"]) == (0.9, 40)


@pytest.mark.parametrize("name", ["json_schema", "schema"])
def test_a_schema_in_both_spellings(name: str) -> None:
    schema = {"type": "object", "title": "Person"}
    wire = {"model": "m", "messages": [USER], "response_format": {"type": "json_object", name: schema}}
    unified = parse_request(wire)
    said = {"name": "Person", "schema": schema, "strict": True}
    assert unified["response_format"] == {"type": "json_schema", "json_schema": said}
    back = render_request(unified, "m").wire["response_format"]
    assert back == {"type": "json_object", "json_schema": schema}


def test_small_things() -> None:
    unified = parse_request(
        {"model": "m", "messages": [{"role": "assistant", "content": "So."}], "k": 0, "unheard_of": 1}
    )
    assert unified == {"model": "m", "messages": [{"role": "assistant", "content": "So."}], "unheard_of": 1}
    empty = {**CALL, "function": {"name": "look", "arguments": ""}}
    [turn] = parse_request({"messages": [{"role": "assistant", "tool_calls": [empty]}]})["messages"]
    assert turn == {"role": "assistant", "content": None, "tool_calls": [CALL]}


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"messages": ["hi"]}, "messages[0]"),
        ({"messages": [{"role": "developer", "content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "user"}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": [{}]}]}, "messages[0].content[0].type"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].tool_call_id"),
        ({"messages": [{"role": "assistant", "tool_calls": [{}]}]}, "messages[0].tool_calls[0].id"),
        (
            {
                "messages": [
                    {"role": "assistant", "tool_calls": [{**CALL, "function": {"name": "x", "arguments": "["}}]}
                ]
            },
            "messages[0].tool_calls[0].function.arguments",
        ),
        ({"messages": [{"role": "assistant", "citations": [5]}]}, "messages[0].citations[0]"),
        ({"messages": [{"role": "assistant", "tool_plan": 5}]}, "messages[0].tool_plan"),
        ({"response_format": {"type": "xml"}}, "response_format.type"),
        ({"thinking": {"type": "perhaps"}}, "thinking.type"),
    ],
)
def test_what_is_wrong_is_named(fields: Any, param: str) -> None:
    with pytest.raises(Failure) as caught:
        parse_request({"messages": [USER], **fields})
    assert (caught.value.kind, caught.value.param) == ("invalid_request", param)


def test_a_body_is_an_object() -> None:
    with pytest.raises(Failure):
        parse_request([])  # type: ignore[arg-type]
