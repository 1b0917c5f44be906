"""A Responses request in the unified form; what is wrong is named as the app knows it."""

from typing import Any

import pytest

from proxy.call import Failure, Json
from proxy.dialects.responses.parse import parse_request
from proxy.dialects.responses.request import LOGPROBS

HI: Json = {"model": "gpt-5", "input": "hi"}
PARSED: Json = {"model": "gpt-5", "messages": [{"role": "user", "content": "hi"}], "include": None}
SCHEMA: Json = {"type": "object", "properties": {"a": {"type": "string"}}}


def test_words_are_a_message() -> None:
    assert parse_request(HI) == PARSED


@pytest.mark.parametrize(
    ("wire", "unified"),
    [
        ({"instructions": "s"}, {"system": "s"}),
        ({"max_output_tokens": 5}, {"max_completion_tokens": 5}),
        ({"temperature": 1, "store": False, "user": "u"}, {"temperature": 1, "store": False, "user": "u"}),
        ({"text": {"verbosity": "low"}}, {"verbosity": "low"}),
        ({"text": {"format": {"type": "text"}}}, {"response_format": {"type": "text"}}),
        (
            {"text": {"format": {"type": "json_schema", "name": "n", "schema": SCHEMA, "strict": True}}},
            {
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "n", "schema": SCHEMA, "strict": True},
                }
            },
        ),
        ({"reasoning": {"effort": "low", "summary": None}}, {"reasoning": {"effort": "low"}}),
        ({"reasoning": {"summary": "auto"}}, {"reasoning": {"summary": "auto", "display": "summarized"}}),
        ({"stream": True}, {"stream": True, "stream_options": {"include_usage": True}}),
        ({"include": ["a", LOGPROBS], "top_logprobs": 3}, {"include": ["a"], "logprobs": True, "top_logprobs": 3}),
        ({"previous_response_id": "r", "truncation": "auto"}, {"previous_response_id": "r", "truncation": "auto"}),
        ({"something_new": 1}, {"something_new": 1}),
        ({"tool_choice": "required"}, {"tool_choice": "required"}),
    ],
)
def test_a_field_is_understood(wire: Json, unified: Json) -> None:
    assert parse_request({**HI, **wire}) == {**PARSED, **unified}


def test_nothing_need_be_said_where_the_provider_holds_the_rest() -> None:
    assert parse_request({"prompt": {"id": "p"}})["messages"] == []
    assert parse_request({"previous_response_id": "r", "input": []})["messages"] == []


def test_a_result_may_answer_a_call_that_lies_with_the_provider() -> None:
    result = {"type": "function_call_output", "call_id": "c", "output": "4"}
    assert parse_request({"previous_response_id": "r", "input": [result]})["messages"][0]["role"] == "tool"
    referred = parse_request({"input": [{"type": "item_reference", "id": "x"}, result]})
    assert referred["item_reference"] is True


@pytest.mark.parametrize(
    ("wire", "param"),
    [
        ({"input": None}, "input"),
        ({"input": []}, "input"),
        ({"input": 3}, "input"),
        ({"input": [{"type": "function_call_output", "call_id": "c", "output": ""}]}, "input[0].call_id"),
        ({"temperature": 2.5}, "temperature"),
        ({"temperature": "hot"}, "temperature"),
        ({"top_p": -1}, "top_p"),
        ({"max_output_tokens": 0}, "max_output_tokens"),
        ({"max_output_tokens": 1.5}, "max_output_tokens"),
        ({"top_logprobs": 21}, "top_logprobs"),
        ({"stream": "yes"}, "stream"),
        ({"instructions": ["s"]}, "instructions"),
        ({"include": "a"}, "include"),
        ({"text": {"format": "json"}}, "text.format"),
        ({"text": {"format": {"type": "json_schema", "schema": SCHEMA}}}, "text.format.name"),
        (
            {"text": {"format": {"type": "json_schema", "name": "n", "schema": {"type": "text"}}}},
            "text.format.schema.type",
        ),
        ({"reasoning": {"effort": 3}}, "reasoning.effort"),
        ({"tools": [{"type": "function", "name": "f"}, {"type": "function", "name": "f"}]}, "tools[1].name"),
        ({"tool_choice": "maybe"}, "tool_choice"),
        ({"temperature": 9, "stream": "yes"}, "stream"),
        ({"top_p": 9, "temperature": True}, "temperature"),
        ({"max_tool_calls": -1, "input": None}, "max_tool_calls"),
    ],
)
def test_what_is_wrong_is_named(wire: Json, param: str) -> None:
    with pytest.raises(Failure) as caught:
        parse_request({**HI, **wire})
    assert (caught.value.kind, caught.value.param) == ("invalid_request", param)


def test_the_body_must_be_an_object() -> None:
    body: Any = []
    with pytest.raises(Failure):
        parse_request(body)
