"""Every refusal names its field; whatever passes can be answered."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.call import Failure
from proxy.upstream.mock.checks import FIELDS, check_request
from tests.upstream.mock.playing import CLOCK, WEATHER, answer_to, chat, script_of, sent


def refusal(request: object) -> Failure:
    with pytest.raises(Failure) as caught:
        check_request(request)
    assert (caught.value.kind, caught.value.status) == ("invalid_request", 400)
    return caught.value


@pytest.mark.parametrize(
    ("fields", "param", "code"),
    [
        ({"model": None}, "model", "missing_required_parameter"),
        ({"messages": None}, "messages", "missing_required_parameter"),
        ({"model": 3}, "model", "invalid_type"),
        ({"messages": "hello"}, "messages", "invalid_type"),
        ({"messages": []}, "messages", "empty_array"),
        ({"messages": ["hello"]}, "messages[0]", "invalid_type"),
        ({"messages": [{"content": "x"}]}, "messages[0].role", "missing_required_parameter"),
        ({"messages": [{"role": "bot", "content": "x"}]}, "messages[0].role", "invalid_value"),
        ({"messages": [{"role": "user"}]}, "messages[0].content", "missing_required_parameter"),
        ({"messages": [{"role": "user", "content": 5}]}, "messages[0].content", "invalid_type"),
        (
            {"messages": [{"role": "user", "content": [{}]}]},
            "messages[0].content[0].type",
            "missing_required_parameter",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "text"}]}]},
            "messages[0].content[0].text",
            "missing_required_parameter",
        ),
        ({"messages": [{"role": "tool", "content": "x", "tool_call_id": "1"}]}, "messages[0]", "invalid_value"),
        (
            {"messages": [{"role": "assistant", "tool_calls": [{}]}]},
            "messages[0].tool_calls[0].id",
            "missing_required_parameter",
        ),
        ({"stream": "yes"}, "stream", "invalid_type"),
        ({"n": 0}, "n", "invalid_value"),
        ({"n": 129}, "n", "invalid_value"),
        ({"n": True}, "n", "invalid_type"),
        ({"n": 1.5}, "n", "invalid_type"),
        ({"max_tokens": 0}, "max_tokens", "invalid_value"),
        ({"temperature": 2.1}, "temperature", "invalid_value"),
        ({"stop": ["a", "b", "c", "d", "e"]}, "stop", "invalid_value"),
        ({"stop": [1]}, "stop[0]", "invalid_type"),
        ({"stream_options": {"include_usage": True}}, "stream_options", "invalid_value"),
        ({"tools": [{"type": "function"}]}, "tools[0].function", "missing_required_parameter"),
        ({"tools": [{"type": "function", "function": {"name": "a b"}}]}, "tools[0].function.name", "invalid_value"),
        ({"tools": [{"type": "odd"}]}, "tools[0].type", "invalid_value"),
        ({"tool_choice": "auto"}, "tool_choice", "invalid_value"),
        ({"tools": [CLOCK], "tool_choice": "sometimes"}, "tool_choice", "invalid_value"),
        ({"tools": [CLOCK], "tool_choice": WEATHER}, "tool_choice", "invalid_value"),
        (
            {
                "tools": [CLOCK],
                "tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [WEATHER]}},
            },
            "tool_choice.allowed_tools",
            "invalid_value",
        ),
        ({"response_format": {"type": "yaml"}}, "response_format.type", "invalid_value"),
        ({"response_format": {"type": "json_schema"}}, "response_format.json_schema", "missing_required_parameter"),
    ],
)
def test_a_refusal_names_its_field(fields: dict[str, Any], param: str, code: str) -> None:
    failure = refusal({**chat(), **fields})
    assert (failure.param, failure.code) == (param, code)


@pytest.mark.parametrize("body", [None, [], "text", 7, True])
def test_a_request_is_an_object(body: object) -> None:
    assert refusal(body).code == "invalid_type"


def test_the_words_of_a_missing_field() -> None:
    assert refusal({"model": "mock"}).detail == "Missing required parameter: 'messages'."
    assert (
        refusal(chat(stream=1)).detail == "Invalid type for 'stream': expected a boolean, but got an integer instead."
    )


def test_null_counts_as_absent() -> None:
    nothing = dict.fromkeys(set(FIELDS) - {"model", "messages"})
    assert answer_to({**chat(), **nothing}).status == 200


def test_what_openai_takes_is_taken() -> None:
    call = {"id": "1", "type": "function", "function": {"name": "get_time", "arguments": "{}"}}
    turns = [
        {"role": "developer", "content": "Be brief."},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "1", "content": [{"type": "text", "text": "noon"}]},
    ]
    request = chat(tools=[CLOCK], stop="x", temperature=0, seed=1, anything={"else": []})
    request["messages"] += turns
    assert check_request(request) is request


WORDS = ["user", "tool", "function", "custom", "1", "required", "text"]
KEYS = ["role", "content", "type", "text", "function", "custom", "name", "id", "tool_calls", "tool_call_id"]
KEYS += ["parameters", "mode", "tools", "allowed_tools", "json_schema", "schema"]
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(WORDS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=10,
)
FIELD = st.sampled_from([*FIELDS, "messages"])


@given(st.dictionaries(FIELD, JUNK, max_size=5), st.lists(JUNK, max_size=3))
def test_anything_is_refused_or_answered(fields: dict[str, Any], messages: list[Any]) -> None:
    request = {**chat(model="mock-tools"), **fields}
    if isinstance(request["messages"], list):
        request["messages"] = [*request["messages"], *messages]
    try:
        check_request(request)
    except Failure:
        refusal(request)
    else:
        assert sent(script_of(request)).startswith(b"HTTP/1.1 200 OK\r\n")
