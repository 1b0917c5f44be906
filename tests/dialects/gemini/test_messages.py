"""Unified messages as contents: who says what in which turn, and what is left out by name."""

from typing import Any

import pytest

from proxy.call import Failure, Json
from proxy.dialects.gemini.messages import render_messages
from proxy.dialects.gemini.models import read_model

CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
OTHER = {"id": "c2", "type": "function", "function": {"name": "g", "arguments": "{}"}}


def render(*messages: Any, **fields: Any) -> Any:
    return render_messages({"messages": list(messages), **fields}, read_model("gemini-2.5-flash"))


def test_turns() -> None:
    transcript = render(
        {"role": "system", "content": "s1"},
        {"role": "user", "content": "a"},
        {"role": "user", "content": [{"type": "text", "text": "b"}]},
        {"role": "developer", "content": "s2"},
        {"role": "assistant", "content": "let me see", "tool_calls": [CALL, OTHER]},
        {"role": "tool", "tool_call_id": "c2", "content": "two"},
        {"role": "tool", "tool_call_id": "c1", "content": "one"},
        {"role": "user", "content": "c"},
        {"role": "assistant", "content": ""},
        {"role": "assistant", "content": None, "refusal": "no"},
        system="s0",
    )
    assert transcript.system == [{"text": "s0"}, {"text": "s1"}, {"text": "s2"}]
    results = [
        {"functionResponse": {"name": name, "response": {"output": words}, "id": called}}
        for name, words, called in (("g", "two", "c2"), ("f", "one", "c1"))
    ]
    calls = [{"functionCall": {"name": name, "args": {}, "id": called}} for name, called in (("f", "c1"), ("g", "c2"))]
    assert transcript.contents == [
        {"role": "user", "parts": [{"text": "a"}, {"text": "b"}]},
        {"role": "model", "parts": [{"text": "let me see"}, *calls]},
        {"role": "user", "parts": results},
        {"role": "user", "parts": [{"text": "c"}]},
        {"role": "model", "parts": [{"text": "no"}]},
    ]
    assert not transcript.dropped


def test_signatures_own_parts_and_pictures_go_back_where_they_stood() -> None:
    own = {"at": 1, "dialect": "gemini", "block": {"executableCode": {"code": "1"}}}
    png = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
    message: Json = {
        "role": "assistant",
        "content": "ab",
        "provider_blocks": [own, {"at": 0, "block": {"type": "server_tool_use"}}],
        "images": [png],
        "extra_content": {"google": {"thought_signature": "c2ln"}},
    }
    transcript = render({"role": "user", "content": "a"}, message)
    assert transcript.contents[1]["parts"] == [
        {"text": "a"},
        {"executableCode": {"code": "1"}},
        {"text": "b", "thoughtSignature": "c2ln"},
        {"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgo="}},
    ]
    assert transcript.dropped == ["messages.provider_blocks"]
    empty = render({"role": "user", "content": "a"}, {**message, "content": None, "provider_blocks": [], "images": []})
    assert empty.contents[1]["parts"] == [{"text": "", "thoughtSignature": "c2ln"}]


@pytest.mark.parametrize(
    ("message", "param"),
    [
        (3, "messages[1]"),
        ({"role": "robot", "content": ""}, "messages[1].role"),
        ({"role": "user", "content": [{"type": "text"}]}, "messages[1].content[0].text"),
        ({"role": "tool", "tool_call_id": "c9", "content": ""}, "messages[1].tool_call_id"),
        ({"role": "assistant", "tool_calls": [{}]}, "messages[1].tool_calls[0].function"),
    ],
)
def test_wrong_messages(message: Any, param: str) -> None:
    with pytest.raises(Failure) as raised:
        render({"role": "user", "content": "a"}, message)
    assert (raised.value.kind, raised.value.param) == ("invalid_request", param)


def test_instructions_alone_are_no_question() -> None:
    with pytest.raises(Failure) as raised:
        render({"role": "system", "content": "s"})
    assert raised.value.param == "messages"
