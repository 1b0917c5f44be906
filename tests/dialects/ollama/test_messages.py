"""Unified messages as Ollama's, and the names of what they cannot carry."""

from typing import Any

import pytest

from proxy.call import Failure, Json
from proxy.dialects.ollama.messages import render_messages


def render(*messages: Json, **request: Any) -> tuple[list[Json], list[str]]:
    dropped: list[str] = []
    return render_messages({"messages": list(messages), **request}, dropped), dropped


def call(called: str, name: str, arguments: str = "{}", **more: Any) -> Json:
    return {"id": called, "type": "function", "function": {"name": name, "arguments": arguments}, **more}


def test_roles_keep_their_places() -> None:
    said, dropped = render(
        {"role": "user", "content": "a"},
        {"role": "developer", "content": "b"},
        {"role": "assistant", "content": "c"},
        {"role": "system", "content": [{"type": "text", "text": "d"}]},
        system="first",
    )
    assert [(message["role"], message["content"]) for message in said] == [
        ("system", "first"),
        ("user", "a"),
        ("system", "b"),
        ("assistant", "c"),
        ("system", "d"),
    ]
    assert dropped == []


def test_a_turn_with_tools() -> None:
    said, dropped = render(
        {
            "role": "assistant",
            "content": None,
            "reasoning_content": "hm",
            "tool_calls": [call("c1", "a", '{"x": 1}'), call("c2", "b", "")],
        },
        {"role": "tool", "tool_call_id": "c2", "content": [{"type": "text", "text": "two"}]},
        {"role": "tool", "tool_call_id": "c1", "content": {"n": 1}},
        {"role": "tool", "tool_call_id": "gone", "name": "c", "content": "three"},
    )
    assert said == [
        {
            "role": "assistant",
            "content": "",
            "thinking": "hm",
            "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "a", "arguments": {"x": 1}}},
                {"id": "c2", "type": "function", "function": {"name": "b", "arguments": {}}},
            ],
        },
        {"role": "tool", "content": "two", "tool_name": "b", "tool_call_id": "c2"},
        {"role": "tool", "content": '{"n":1}', "tool_name": "a", "tool_call_id": "c1"},
        {"role": "tool", "content": "three", "tool_name": "c", "tool_call_id": "gone"},
    ]
    assert dropped == []


def test_a_refusal_is_text_and_a_drawn_image_goes_back() -> None:
    drawn = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
    assert render({"role": "assistant", "content": None, "refusal": "no", "images": [drawn]})[0] == [
        {"role": "assistant", "content": "no", "images": ["iVBORw0KGgo="]}
    ]


@pytest.mark.parametrize(
    ("more", "name"),
    [
        ({"name": "bob"}, "messages.name"),
        ({"cache_control": {"type": "ephemeral"}}, "messages.cache_control"),
        ({"annotations": [{"type": "url_citation"}]}, "messages.annotations"),
        ({"provider_blocks": [{"at": 0, "block": {}}]}, "messages.provider_blocks"),
        ({"thinking_blocks": [{"type": "thinking", "thinking": "", "signature": "s"}]}, "messages.thinking_blocks"),
        ({"audio": {"id": "a"}}, "messages.audio"),
        ({"extra_content": {"google": {"thought_signature": "s"}}}, "messages.thought_signature"),
        ({"tool_calls": [call("c", "a", cache_control={"type": "ephemeral"})]}, "messages.cache_control"),
        (
            {"tool_calls": [call("c", "a", extra_content={"google": {"thought_signature": "s"}})]},
            "messages.thought_signature",
        ),
    ],
)
def test_what_has_no_word_is_named(more: Json, name: str) -> None:
    assert render({"role": "assistant", "content": "hi", **more})[1] == [name]


def test_an_error_of_a_tool_is_named() -> None:
    result = {"role": "tool", "tool_call_id": "c", "content": "oh", "is_error": True}
    assert render(result) == ([{"role": "tool", "content": "oh", "tool_call_id": "c"}], ["messages.tool.is_error"])


@pytest.mark.parametrize(
    ("message", "param"),
    [
        ({"role": "wizard", "content": "x"}, "messages[0].role"),
        ({"content": "x"}, "messages[0].role"),
        ("x", "messages[0]"),
        ({"role": "user", "content": 3}, "messages[0].content"),
        ({"role": "tool", "content": "x"}, "messages[0].tool_call_id"),
        ({"role": "assistant", "tool_calls": [call("c", "a", "[1]")]}, "messages[0].tool_calls[0].function.arguments"),
        ({"role": "assistant", "tool_calls": [{"id": "c"}]}, "messages[0].tool_calls[0].function"),
        ({"role": "assistant", "tool_calls": 3}, "messages[0].tool_calls"),
        ({"role": "assistant", "reasoning_content": 3}, "messages[0].reasoning_content"),
        ({"role": "assistant", "content": "", "images": [{"image_url": 3}]}, "messages[0].images[0].source"),
    ],
)
def test_what_is_wrong_is_told_by_its_path(message: Any, param: str) -> None:
    with pytest.raises(Failure) as failure:
        render(message)
    assert (failure.value.kind, failure.value.param) == ("invalid_request", param)
