"""Unified messages as contents: who says what in which turn, and what is left out by name."""

from typing import Any

import pytest

from proxy.call import Failure, Json
from proxy.dialects.gemini.calls import UNSIGNED
from proxy.dialects.gemini.messages import render_messages
from proxy.dialects.gemini.models import read_model
from proxy.dialects.ids import made_up_id, signed

CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
OTHER = {"id": "c2", "type": "function", "function": {"name": "g", "arguments": "{}"}}
HI = {"role": "user", "content": "a"}
PNG = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}


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
        for name, words, called in (("f", "one", "c1"), ("g", "two", "c2"))
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


def turn(*calls: Json) -> Json:
    return {"role": "assistant", "tool_calls": list(calls)}


def result(called: str, content: Any, **members: Any) -> Json:
    return {"role": "tool", "tool_call_id": called, "content": content, **members}


def responses(transcript: Any) -> list[list[Any]]:
    """What each content of results says, and the pictures among them."""
    return [
        [part["functionResponse"]["response"]["output"] if "functionResponse" in part else "picture" for part in parts]
        for parts in (content["parts"] for content in transcript.contents)
        if "functionResponse" in parts[0]
    ]


def test_results_stand_in_the_order_of_their_calls_turn_by_turn() -> None:
    first, second = made_up_id("first"), made_up_id("second")
    calls = turn({**CALL, "id": first}, {**CALL, "id": second})
    transcript = render(
        HI,
        calls,
        result(second, "b"),
        {"role": "system", "content": "s"},
        result(first, [{"type": "text", "text": "a"}, PNG]),
        calls,
        {"role": "assistant", "content": ""},
        result("other", "z", name="f"),
        result(second, "d"),
        result(first, "c"),
    )
    assert responses(transcript) == [["a", "picture", "b"], ["c", "d", "z"]]
    assert not any("id" in part["functionResponse"] for part in transcript.contents[2]["parts"][::2])


def test_results_at_the_end_and_before_words_of_the_user() -> None:
    back = (result("c2", "two"), result("c1", "one"))
    assert responses(render(HI, turn(CALL, OTHER), *back)) == [["one", "two"]]
    assert responses(render(HI, turn(CALL, OTHER), *back, HI)) == [["one", "two"]]


def test_a_missing_signature_is_excused_and_told() -> None:
    signed_call = {**CALL, **signed("c2ln")}
    for model, call, told in (
        ("gemini-3-pro-preview", CALL, ["messages.thought_signature"]),
        ("gemini-3-pro-preview", signed_call, []),
        ("gemini-2.5-flash", CALL, []),
    ):
        transcript = render_messages({"messages": [HI, turn(call)]}, read_model(model))
        assert transcript.translated == told
        assert (transcript.contents[1]["parts"][0].get("thoughtSignature") == UNSIGNED) == bool(told)


def test_empty_words_are_none() -> None:
    empty = {"type": "text", "text": ""}
    transcript = render(
        {"role": "system", "content": ""},
        {"role": "user", "content": [empty, {"type": "text", "text": "a"}]},
        {"role": "assistant", "content": [empty, {**empty, **signed("c2ln")}]},
        {"role": "user", "content": ""},
    )
    assert transcript.system == []
    assert [content["parts"] for content in transcript.contents] == [
        [{"text": "a"}],
        [{"text": "", "thoughtSignature": "c2ln"}],
    ]


@pytest.mark.parametrize("part", [PNG, {"type": "file", "file": {"file_id": "gs://b/c.pdf"}}])
def test_instructions_are_words(part: Json) -> None:
    content = [{"type": "text", "text": "s"}, part]
    for request, param in (
        ({"messages": [{"role": "developer", "content": content}, HI]}, "messages[0].content[1]"),
        ({"messages": [HI], "system": content}, "system[1]"),
    ):
        with pytest.raises(Failure) as raised:
            render_messages(request, read_model("gemini-3-pro-preview"))
        assert (raised.value.kind, raised.value.param) == ("unsupported_capability", param)


def test_signatures_own_parts_and_pictures_go_back_where_they_stood() -> None:
    own = {"at": 1, "dialect": "gemini", "block": {"executableCode": {"code": "1"}}}
    message: Json = {
        "role": "assistant",
        "content": "ab",
        "provider_blocks": [own, {"at": 0, "block": {"type": "server_tool_use"}}],
        "images": [PNG],
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
