"""Calls of functions and their results, both ways."""

from typing import Any

import pytest

from proxy.call import Failure, Json
from proxy.dialects.gemini.calls import UNSIGNED, excuse, parse_call, parse_result, render_calls, render_result
from proxy.dialects.ids import made_up_id, signed


def call(called: str = "c1", arguments: Any = '{"a":1}', **members: Any) -> Json:
    return {"id": called, "type": "function", "function": {"name": "f", "arguments": arguments}, **members}


def test_calls_go_with_their_signatures() -> None:
    message = {"tool_calls": [call(**signed("c2ln")), call(made_up_id("x"), "")]}
    parts: list[Json] = [
        {"functionCall": {"name": "f", "args": {"a": 1}, "id": "c1"}, "thoughtSignature": "c2ln"},
        {"functionCall": {"name": "f", "args": {}}},
    ]
    assert render_calls(message, "m") == parts
    assert not excuse(parts)
    assert render_calls(message, "m") == parts
    assert parse_call(parts[0], "c1", "p") == message["tool_calls"][0]


def test_calls_of_another_model_are_excused_once_a_turn() -> None:
    calls = render_calls({"tool_calls": [call("toolu_1"), call("toolu_2")]}, "m")
    assert not any("thoughtSignature" in part for part in calls)
    assert excuse(calls)
    assert [part.get("thoughtSignature") for part in calls] == [UNSIGNED, None]
    assert not excuse([])


@pytest.mark.parametrize("arguments", ["[]", "{", 3, None])
def test_arguments_must_be_an_object(arguments: Any) -> None:
    with pytest.raises(Failure) as raised:
        render_calls({"tool_calls": [call(arguments=arguments)]}, "messages[0]")
    assert raised.value.param == "messages[0].tool_calls[0].function.arguments"


#: Google's own form had this text in one member.
TEXT: Json = {"extra_content": {"google": {"function_response": {"text": True}}}}
#: Members of a `tool` message, and the response it is: the same in both directions.
RESULTS: list[tuple[Json, Json]] = [
    ({"content": "sunny"}, {"output": "sunny"}),
    ({"content": '{"temperature":7}'}, {"temperature": 7}),
    ({"content": "{}"}, {}),
    ({"content": "[1]"}, {"output": "[1]"}),
    ({"content": "no", "is_error": True}, {"error": "no"}),
    ({"content": '{"error":{"code":1}}', "is_error": True}, {"error": {"code": 1}}),
    ({"content": '{"output":{}}'}, {"output": {}}),
    ({"content": '{"output":"a","error":"b"}'}, {"output": "a", "error": "b"}),
    ({"content": '{"a":1}', **TEXT}, {"output": '{"a":1}'}),
    ({"content": '{"error":1}', "is_error": True, **TEXT}, {"error": '{"error":1}'}),
]


@pytest.mark.parametrize(("members", "response"), RESULTS)
def test_results_both_ways(members: Json, response: Json) -> None:
    message = {"role": "tool", "tool_call_id": "c1", **members}
    wire = {"name": "f", "response": response, "id": "c1"}
    assert render_result(message, "f", "m", True, []) == [{"functionResponse": wire}]
    assert parse_result(wire, "c1", "p") == message


def test_an_error_that_is_an_object_is_an_error_still() -> None:
    message = {"tool_call_id": "c1", "content": '{"why":1}', "is_error": True}
    assert render_result(message, "f", "m", True, [])[0]["functionResponse"]["response"] == {"error": '{"why":1}'}


def test_media_in_results() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
    blob = {"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgo="}}
    message = {"role": "tool", "tool_call_id": "c1", "content": [{"type": "text", "text": "see"}, image]}
    said = {"name": "f", "response": {"output": "see"}, "id": "c1"}
    assert render_result(message, "f", "m", True, []) == [{"functionResponse": {**said, "parts": [blob]}}]
    assert render_result(message, "f", "m", False, []) == [{"functionResponse": said}, blob]
    assert parse_result({**said, "parts": [blob]}, "c1", "p") == message


def test_what_google_says_of_a_result_besides_comes_back() -> None:
    wire = {"name": "f", "response": {"output": "a"}, "id": "c1", "willContinue": True, "scheduling": "SILENT"}
    assert render_result(parse_result(wire, "c1", "p"), "f", "m", True, []) == [{"functionResponse": wire}]
