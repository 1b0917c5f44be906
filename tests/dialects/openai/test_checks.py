"""What the door refuses, and with which words; and all that it lets through."""

from time import perf_counter
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.call import Failure, Json
from proxy.dialects.openai.checks import TYPES, parse_request
from tests.dialects.openai.recorded import ANYTHING, OBJECTS, REQUESTS, each

HELLO: Json = {"role": "user", "content": "hello"}


def refusal(wire: Any) -> Failure:
    with pytest.raises(Failure) as caught:
        parse_request(wire)
    assert (caught.value.kind, caught.value.status) == ("invalid_request", 400)
    return caught.value


def refused(**fields: Any) -> str:
    failure = refusal({"messages": [HELLO], **fields})
    assert failure.param is not None
    assert failure.detail.startswith(failure.param)
    return failure.detail


@each(REQUESTS)
def test_what_applications_send_passes_as_it_is(name: str, recorded: Json) -> None:
    before = orjson.dumps(recorded)
    assert parse_request(recorded) is recorded
    assert orjson.dumps(recorded) == before


@pytest.mark.parametrize(
    ("fields", "detail"),
    [
        ({"max_tokens": "5"}, "max_tokens must be an integer, not a string"),
        ({"max_tokens": True}, "max_tokens must be an integer, not true"),
        ({"max_tokens": 1.5}, "max_tokens must be an integer, not 1.5"),
        (
            {"seed": orjson.loads(b"123456789012345678901234567890")},
            "seed must be an integer, not 1.2345678901234568e+29",
        ),
        ({"temperature": False}, "temperature must be a number, not false"),
        ({"temperature": "0.5"}, "temperature must be a number, not a string"),
        ({"timeout": [1]}, "timeout must be a number, not an array"),
        ({"stream": 1}, "stream must be a boolean, not 1"),
        ({"stream": "true"}, "stream must be a boolean, not a string"),
        ({"user": {}}, "user must be a string, not an object"),
        ({"tools": {}}, "tools must be an array of objects, not an object"),
        ({"tools": ["f"]}, "tools[0] must be an object, not a string"),
        ({"tools": [{}, None]}, "tools[1] must be an object, not null"),
        ({"stop": 5}, "stop must be a string or an array of strings, not 5"),
        ({"stop": ["a", 5]}, "stop[1] must be a string, not 5"),
        ({"stop_sequences": [None]}, "stop_sequences[0] must be a string, not null"),
        ({"fallbacks": [{}]}, "fallbacks[0] must be a string, not an object"),
        ({"cache": "no"}, "cache must be an object or a boolean, not a string"),
        ({"tool_choice": []}, "tool_choice must be a string or an object, not an array"),
        ({"stream_options": True}, "stream_options must be an object, not true"),
        ({"reasoning": "high"}, "reasoning must be an object, not a string"),
        ({"reasoning": {"effort": 3}}, "reasoning.effort must be a string, not 3"),
        ({"reasoning": {"budget_tokens": True}}, "reasoning.budget_tokens must be an integer, not true"),
        ({"reasoning": {"enabled": "yes"}}, "reasoning.enabled must be a boolean, not a string"),
        ({"system": 7}, "system must be a string or an array of parts, not 7"),
        ({"system": [{"text": "a"}]}, "system[0] must be an object with a type, not one without"),
    ],
)
def test_a_wrong_field_is_named(fields: Json, detail: str) -> None:
    assert refused(**fields) == detail


@pytest.mark.parametrize(
    ("messages", "detail"),
    [
        (None, "messages must be an array of messages, not null"),
        ("hello", "messages must be an array of messages, not a string"),
        ([], "messages must not be empty"),
        ([HELLO, 5], "messages[1] must be an object, not 5"),
        ([{}], "messages[0].role must be one of assistant, developer, function, system, tool, user"),
        ([{"role": ["user"]}], "messages[0].role must be one of assistant, developer, function, system, tool, user"),
        ([{"role": "user", "content": 5}], "messages[0].content must be a string or an array of parts, not 5"),
        ([{"role": "user", "content": ["a"]}], "messages[0].content[0] must be an object with a type, not a string"),
        ([{"role": "user", "content": [{}]}], "messages[0].content[0] must be an object with a type, not one without"),
        ([{"role": "assistant", "tool_calls": {}}], "messages[0].tool_calls must be an array, not an object"),
        ([{"role": "assistant", "tool_calls": [1]}], "messages[0].tool_calls[0] must be an object, not 1"),
    ],
)
def test_a_wrong_message_is_named_by_its_place(messages: Any, detail: str) -> None:
    assert refused(messages=messages) == detail


@pytest.mark.parametrize(
    ("fields", "detail"),
    [
        ({"temperature": 2.1}, "temperature must be between 0 and 2, not 2.1"),
        ({"top_p": -0.1}, "top_p must be between 0 and 1, not -0.1"),
        ({"presence_penalty": 3}, "presence_penalty must be between -2 and 2, not 3"),
        ({"frequency_penalty": -2.5}, "frequency_penalty must be between -2 and 2, not -2.5"),
        ({"n": 0}, "n must be between 1 and 128, not 0"),
        ({"max_tokens": 0}, "max_tokens must be at least 1, not 0"),
        ({"max_completion_tokens": -1}, "max_completion_tokens must be at least 1, not -1"),
        ({"top_logprobs": 21}, "top_logprobs must be between 0 and 20, not 21"),
        ({"logit_bias": {"50256": 101}}, "logit_bias.50256 must be between -100 and 100, not 101"),
        ({"logit_bias": {"50256": "no"}}, "logit_bias.50256 must be a number"),
    ],
)
def test_a_number_out_of_range_is_named(fields: Json, detail: str) -> None:
    assert refused(**fields) == detail


TOOL: Json = {"type": "function", "function": {"name": "f"}}


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"tools": [TOOL, TOOL]}, "tools[1].function.name"),
        ({"tools": [TOOL, {"name": "f"}]}, "tools[1].name"),
        ({"tools": [{"type": "function", "function": "f"}]}, "tools[0].function"),
        ({"tools": [{"function": {"name": "f", "parameters": "p"}}]}, "tools[0].function.parameters"),
        ({"tools": [{"function": {"parameters": {"type": "dict"}}}]}, "tools[0].function.parameters.type"),
        ({"tools": [{"name": "f", "parameters": {"required": "a"}}]}, "tools[0].parameters.required"),
        ({"functions": [{"name": "f"}, {"name": "f"}]}, "functions[1].name"),
        ({"response_format": {"type": "json_schema", "json_schema": []}}, "response_format.json_schema"),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"schema": {"properties": 5}}}},
            "response_format.json_schema.schema.properties",
        ),
    ],
)
def test_tools_and_schemas_that_are_wrong_are_named_by_their_place(fields: Json, param: str) -> None:
    assert refused(**fields).startswith(f"{param} must ")


def test_tools_of_the_providers_own_are_no_affair_of_the_check() -> None:
    own = [{"type": "web_search_20250305", "name": "f"}, {"type": "browser_search"}, {"type": "custom", "custom": {}}]
    wire = {"messages": [HELLO], "tools": [*own, TOOL], "response_format": {"type": "regex", "value": "a+"}}
    assert parse_request(wire) is wire


PNG = "data:image/png;base64,iVBORw0KGgo="


def part(url: str) -> Json:
    return {"type": "image_url", "image_url": {"url": url}}


@pytest.mark.parametrize(
    "good",
    [
        part(PNG),
        part("https://example.org/a.png"),
        part("data:image/svg+xml,%3Csvg/%3E"),
        {"type": "image_url", "image_url": "https://a"},
        {"type": "file", "file": {"file_data": "data:application/pdf;base64,JVBERi0xLjc="}},
        {"type": "file", "file": {"file_id": "f"}},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG[22:]}},
        {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}},
    ],
)
def test_content_by_value_that_is_what_it_says(good: Json) -> None:
    wire = {"messages": [{"role": "user", "content": [good]}]}
    assert parse_request(wire) is wire


@pytest.mark.parametrize(
    ("bad", "member"),
    [
        (part("data:image/png;base64,%%"), "image_url.url"),
        (part("data:image/jpeg;base64,iVBORw0KGgo="), "image_url.url"),
        (part("data:image/png;base64,"), "image_url.url"),
        (part("data:;base64,iVBORw0KGgo="), "image_url.url"),
        ({"type": "file", "file": {"file_data": "data:application/pdf;base64,iVBORw0KGgo="}}, "file.file_data"),
        ({"type": "image", "source": {"type": "base64", "media_type": "image/gif", "data": PNG[22:]}}, "source.data"),
        ({"type": "input_audio", "input_audio": {"data": "UklGRg=", "format": "wav"}}, "input_audio.data"),
    ],
)
def test_content_by_value_that_is_not_is_named(bad: Json, member: str) -> None:
    assert refused(messages=[{"role": "user", "content": [bad]}]).startswith(f"messages[0].content[0].{member} is ")


def test_a_result_without_its_call_is_named() -> None:
    result = {"role": "tool", "tool_call_id": "a", "content": "x"}
    call = {"role": "assistant", "tool_calls": [{"id": "a", "type": "function", "function": {"name": "f"}}]}
    wire = {"messages": [HELLO, call, result]}
    assert parse_request(wire) is wire
    assert refused(messages=[HELLO, result]).startswith("messages[1].tool_call_id is 'a'")
    assert refused(messages=[HELLO, call, result, result]).startswith("messages[3].tool_call_id is 'a'")


def test_without_messages_there_is_nothing_to_answer() -> None:
    assert refusal({"model": "m"}).param == "messages"


@pytest.mark.parametrize("name", TYPES)
def test_null_stands_for_absence(name: str) -> None:
    wire = {"messages": [HELLO], name: None}
    assert parse_request(wire) is wire


def test_unknown_fields_and_roles_content_pass() -> None:
    wire = {
        "messages": [{"role": "assistant", "content": None, "x": 1}],
        "guided_json": {},
        "temperature": 1,
        "cache": False,
    }
    assert parse_request(wire) is wire


def test_a_hundred_thousand_messages_are_checked_in_bounded_time() -> None:
    wire = {"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}]} for _ in range(100_000)]}
    began = perf_counter()
    parse_request(wire)
    assert perf_counter() - began < 5


def test_deep_nesting_is_no_affair_of_the_check() -> None:
    wire = orjson.loads(
        b'{"messages":[{"role":"user","content":"a"}],"metadata":{"a":' + b"[" * 1000 + b"]" * 1000 + b"}}"
    )
    assert parse_request(wire) is wire


MESSAGES = st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["user", "assistant", "tool", "system", "x"])},
        optional={"content": ANYTHING, "tool_calls": ANYTHING},
    )
    | ANYTHING,
    max_size=3,
)


@settings(max_examples=200, deadline=None, database=None)
@given(OBJECTS, MESSAGES | ANYTHING)
def test_any_request_passes_or_is_refused_by_name(fields: Json, messages: Any) -> None:
    wire = {**fields, "messages": messages}
    try:
        checked, failure = parse_request(wire), None
    except Failure as caught:
        checked, failure = wire, caught
    assert checked is wire
    assert failure is None or (failure.param and failure.detail.startswith(failure.param))


@pytest.mark.parametrize("body", [None, [], "hi", 3])
def test_a_body_that_is_no_object_is_refused(body: Any) -> None:
    assert (refusal(body).kind, refusal(body).param) == ("invalid_request", "body")
