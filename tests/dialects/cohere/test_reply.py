"""Replies, both ways."""

from typing import Any

import pytest

from proxy.call import Failure, Json
from proxy.dialects.cohere.reply import parse_reply, render_reply

CALL: Json = {"id": "c", "type": "function", "function": {"name": "look", "arguments": '{"at":1}'}}
CITATION: Json = {"start": 4, "end": 6, "text": "is", "sources": [], "type": "TEXT_CONTENT", "content_index": 2}
REPLY: Json = {
    "id": "r",
    "message": {
        "role": "assistant",
        "content": [
            {"type": "thinking", "thinking": "Hm. "},
            {"type": "text", "text": "One. "},
            {"type": "text", "text": "It  is."},
            {"type": "hologram"},
        ],
        "tool_plan": "I look.",
        "tool_calls": [CALL],
        "citations": [CITATION],
    },
    "finish_reason": "TOOL_CALL",
    "usage": {
        "billed_units": {"input_tokens": 1, "output_tokens": 2},
        "tokens": {"input_tokens": 3, "output_tokens": 4},
    },
    "logprobs": [{"text": "One", "token_ids": [1], "logprobs": [-0.5]}],
}


def test_what_other_dialects_see() -> None:
    unified = parse_reply(REPLY)
    [choice] = unified["choices"]
    assert choice["message"] == {
        "role": "assistant",
        "content": "One. It  is.",
        "refusal": None,
        "reasoning_content": "Hm. I look.",
        "tool_plan": "I look.",
        "tool_calls": [CALL],
        "annotations": [
            {"type": "citation", "citation": CITATION, "dialect": "cohere", "start_index": 9, "end_index": 11}
        ],
        "provider_blocks": [{"at": 12, "block": {"type": "hologram"}, "dialect": "cohere"}],
    }
    assert choice["message"]["content"][9:11] == "is"
    assert (choice["finish_reason"], choice["native_finish_reason"]) == ("tool_calls", "TOOL_CALL")
    assert choice["logprobs"]["content"][0]["logprob"] == -0.5
    assert (unified["id"], unified["model"], unified["created"]) == ("r", "", 0)
    assert unified["usage"]["total_tokens"] == 7


def test_it_comes_back_with_one_text() -> None:
    back = render_reply(parse_reply(REPLY), {})
    thinking, *_, own = REPLY["message"]["content"]
    moved = {**CITATION, "start": 9, "end": 11, "content_index": 1}
    content = [thinking, {"type": "text", "text": "One. It  is."}, own]
    assert back == {**REPLY, "message": {**REPLY["message"], "content": content, "citations": [moved]}}


@pytest.mark.parametrize(
    ("native", "finish"),
    [
        ("COMPLETE", "stop"),
        ("STOP_SEQUENCE", "stop"),
        ("MAX_TOKENS", "length"),
        ("TIMEOUT", "length"),
        ("TOOL_CALL", "tool_calls"),
        ("SOMETHING_NEW", "SOMETHING_NEW"),
    ],
)
def test_finish_reasons(native: str, finish: str) -> None:
    wire = {"id": "r", "message": {"content": [{"type": "text", "text": "x"}]}, "finish_reason": native}
    unified = parse_reply(wire)
    assert unified["choices"][0]["finish_reason"] == finish
    assert render_reply(unified, {})["finish_reason"] == native


def render(finish: str | None, **more: Any) -> Json:
    message = more.pop("message", {"role": "assistant", "content": "x"})
    return render_reply({"id": "r", "choices": [{"message": message, "finish_reason": finish, **more}]}, {})


@pytest.mark.parametrize(
    ("finish", "more", "said"),
    [
        ("stop", {}, "COMPLETE"),
        ("stop", {"stop_sequence": "END"}, "STOP_SEQUENCE"),
        ("stop", {"message": {"tool_calls": [CALL]}}, "TOOL_CALL"),
        ("stop", {"native_finish_reason": "end_turn"}, "COMPLETE"),
        ("length", {}, "MAX_TOKENS"),
        ("tool_calls", {"native_finish_reason": "COMPLETE"}, "TOOL_CALL"),
        ("content_filter", {}, "ERROR_TOXIC"),
        ("pause_turn", {}, "pause_turn"),
        (None, {}, None),
    ],
)
def test_finish_reasons_of_others(finish: str | None, more: Json, said: str | None) -> None:
    assert render(finish, **more)["finish_reason"] == said


def test_replies_of_others() -> None:
    assert render("stop", message={"content": None, "refusal": "No."})["message"] == {
        "role": "assistant",
        "content": [{"type": "text", "text": "No."}],
    }
    assert render("stop", message={"content": None})["message"]["content"] == [{"type": "text", "text": ""}]
    thought = render("stop", message={"content": "So.", "reasoning_content": "Hm."})["message"]["content"]
    assert thought == [{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "So."}]
    bare = {"id": "c", "function": {"name": "look", "arguments": ""}}
    called = render("tool_calls", message={"content": "", "tool_calls": [bare]})["message"]
    assert called["tool_calls"] == [{"id": "c", "type": "function", "function": {"name": "look", "arguments": "{}"}}]
    assert "content" not in called
    assert "usage" not in render("stop")


def test_a_tool_that_takes_nothing() -> None:
    silent = {"id": "c", "type": "function", "function": {"name": "look", "arguments": ""}}
    unified = parse_reply({"id": "r", "message": {"tool_calls": [silent]}, "finish_reason": "COMPLETE"})
    assert unified["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"] == "{}"
    assert unified["choices"][0]["finish_reason"] == "tool_calls"


@pytest.mark.parametrize(
    ("wire", "words"),
    [
        ([], "not an object"),
        ({}, "message is not an object"),
        ({"message": "overloaded"}, "overloaded"),
        ({"finish_reason": "ERROR", "message": {}, "error": "it failed"}, "it failed"),
        ({"message": {"content": 5}}, "content is not an array"),
        ({"message": {"content": [{"type": "text"}]}}, "the text of a part"),
        ({"message": {}}, "id is not a string"),
    ],
)
def test_what_is_no_reply(wire: Any, words: str) -> None:
    with pytest.raises(Failure) as caught:
        parse_reply(wire)
    assert caught.value.kind == "provider_error"
    assert words in caught.value.detail


@pytest.mark.parametrize(
    "unified",
    [
        {},
        {"choices": [5]},
        {"choices": [{"message": {"tool_calls": [{"id": "c", "function": {"name": "f", "arguments": "["}}]}}]},
    ],
)
def test_what_cannot_be_rendered(unified: Json) -> None:
    with pytest.raises(Failure):
        render_reply(unified, {})


def test_a_call_that_lost_its_end_to_the_limit_is_left_out() -> None:
    cut = {"id": "d", "type": "function", "function": {"name": "look", "arguments": '{"at":'}}
    choice: Json = {"message": {"content": "I look.", "tool_calls": [CALL, cut]}, "finish_reason": "length"}
    wire = render_reply({"id": "r", "choices": [choice]}, {})
    assert (wire["message"]["tool_calls"], wire["finish_reason"]) == ([CALL], "MAX_TOKENS")
    with pytest.raises(Failure):
        render_reply({"id": "r", "choices": [{**choice, "finish_reason": "stop"}]}, {})
