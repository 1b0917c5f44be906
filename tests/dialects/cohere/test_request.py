"""A whole request: what is said, what is dropped, what is said in a roundabout way."""

from typing import Any

import pytest

from proxy.call import Failure, Json
from proxy.dialects import Rendering
from proxy.dialects.cohere.request import render_request

TOOL: Json = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}


def render(**fields: Any) -> Rendering:
    return render_request({"messages": [{"role": "user", "content": "hi"}], **fields}, "command-a-03-2025")


def test_a_small_request() -> None:
    assert render(max_tokens=9, stream=True, seed=3) == (
        {
            "model": "command-a-03-2025",
            "stream": True,
            "seed": 3,
            "messages": [{"role": "user", "content": "hi"}],
            "max_tokens": 9,
        },
        [],
        [],
    )


def test_the_request_stays_as_it_is() -> None:
    documents: list[Any] = [{"data": {"text": "one"}}]
    file = {"type": "file", "file": {"file_data": "data:text/plain;base64,aGVsbG8=", "filename": "two.txt"}}
    unified = {"messages": [{"role": "user", "content": [file]}], "documents": documents}
    rendered = render_request(unified, "m")
    assert rendered.wire["documents"] == [*documents, {"data": {"title": "two.txt", "text": "hello"}}]
    assert rendered.translated == ["messages.file.text"]
    assert documents == [{"data": {"text": "one"}}]


def test_own_fields_go_as_they_are_and_unknown_ones_are_named() -> None:
    rendered = render(safety_mode="STRICT", priority=5, citation_options={"mode": "FAST"}, nonsense=1, truncate="END")
    assert rendered.wire["safety_mode"] == "STRICT"
    assert rendered.wire["priority"] == 5
    assert rendered.wire["citation_options"] == {"mode": "FAST"}
    assert rendered.dropped == ["nonsense", "truncate"]


def test_null_and_neutral_values_say_nothing() -> None:
    rendered = render(temperature=None, seed=None, logit_bias={}, n=1, parallel_tool_calls=True, service_tier="auto")
    assert rendered.dropped == []
    assert set(rendered.wire) == {"model", "messages"}


def test_more_than_one_answer_is_refused() -> None:
    with pytest.raises(Failure) as caught:
        render(n=2)
    assert (caught.value.kind, caught.value.param) == ("unsupported_capability", "n")


def test_schemas() -> None:
    schema = {"type": "object", "properties": {}}
    wanted = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}
    assert render(response_format=wanted).wire["response_format"] == {"type": "json_object", "json_schema": schema}
    assert render(response_format={"type": "json_object"}).wire["response_format"] == {"type": "json_object"}
    assert render(response_format={"type": "text"}).wire["response_format"] == {"type": "text"}
    for beside in ({"tools": [TOOL]}, {"documents": ["a text"]}):
        rendered = render(response_format=wanted, **beside)
        assert rendered.dropped == ["response_format"]
        assert "response_format" not in rendered.wire
    assert render(response_format={"type": "grammar"}).dropped == ["response_format"]


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"response_format": "json"}, "response_format"),
        ({"response_format": {"type": "json_schema"}}, "response_format.json_schema"),
        ({"documents": "a text"}, "documents"),
        ({"max_tokens": "9"}, "max_tokens"),
        ({"messages": {}}, "messages"),
    ],
)
def test_what_is_wrong_is_named(fields: Json, param: str) -> None:
    with pytest.raises(Failure) as caught:
        render(**fields)
    assert (caught.value.kind, caught.value.param) == ("invalid_request", param)
