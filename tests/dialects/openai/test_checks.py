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
