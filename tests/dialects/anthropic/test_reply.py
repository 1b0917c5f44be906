"""Replies there and back: content, reasons, and what belongs to the provider alone."""

from typing import Any

import pytest

from proxy.call import Failure, Json
from proxy.dialects.anthropic.reply import is_answer, parse_reply, render_reply
from proxy.dialects.parts import JSON_TOOL

THOUGHT = {"type": "thinking", "thinking": "hm", "signature": "EqoD+/=="}
HIDDEN = {"type": "redacted_thinking", "data": "Emw="}
OWN = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {}}
CITATION = {
    "type": "web_search_result_location",
    "cited_text": "c",
    "url": "https://a",
    "title": "A",
    "encrypted_index": "E=",
}
DETAILS = {"type": "refusal", "category": "cyber", "explanation": "not this"}


def text(words: str, *citations: Json) -> Json:
    return {"type": "text", "text": words, **({"citations": [*citations]} if citations else {})}


def use(name: str, **arguments: Any) -> Json:
    return {"type": "tool_use", "id": f"toolu_{name}", "name": name, "input": arguments}


def wire(*content: Json, stop: str | None = "end_turn", **extras: Any) -> Json:
    usage = {"input_tokens": 3, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 2, "output_tokens": 4}
    head = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-6"}
    return {**head, "content": [*content], "stop_reason": stop, "stop_sequence": None, "usage": usage, **extras}


def choice(reply: Json) -> Json:
    [only] = reply["choices"]
    assert isinstance(only, dict)
    return only


def test_the_plainest_reply() -> None:
    assert parse_reply(wire(text("hi"))) == {
        "id": "msg_1",
        "object": "chat.completion",
        "created": 0,
        "model": "claude-sonnet-4-6",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "hi", "refusal": None},
                "finish_reason": "stop",
                "native_finish_reason": "end_turn",
            }
        ],
        "usage": {
            "prompt_tokens": 5,
            "completion_tokens": 4,
            "total_tokens": 9,
            "prompt_tokens_details": {"cached_tokens": 2},
        },
    }


def test_everything_at_once() -> None:
    message = choice(
        parse_reply(wire(THOUGHT, HIDDEN, text("It is "), OWN, text("so", CITATION), use("f", a=1), use("g")))
    )["message"]
    assert message["content"] == "It is so"
    assert message["reasoning_content"] == "hm"
    assert message["thinking_blocks"] == [THOUGHT, HIDDEN]
    assert message["provider_blocks"] == [{"at": 6, "block": OWN}]
    assert message["annotations"][0]["url_citation"] == {
        "start_index": 6,
        "end_index": 8,
        "url": "https://a",
        "title": "A",
    }
    assert [call["function"] for call in message["tool_calls"]] == [
        {"name": "f", "arguments": '{"a":1}'},
        {"name": "g", "arguments": "{}"},
    ]


@pytest.mark.parametrize(
    "reply",
    [
        wire(text("hi")),
        wire(THOUGHT, HIDDEN, text("It is "), OWN, text("so", CITATION), use("f", a=1), use("g"), stop="tool_use"),
        wire(OWN, {"type": "compaction", "content": "before"}, text("after")),
        wire(stop="refusal", stop_details=DETAILS),
        wire(text("4"), stop="stop_sequence", stop_sequence="42"),
        wire(text("..."), stop="pause_turn", container={"id": "container_1"}),
        wire(text("..."), stop="model_context_window_exceeded"),
        wire(text("..."), stop="invented_tomorrow"),
    ],
)
def test_a_reply_goes_through_the_hub_and_comes_back(reply: Json) -> None:
    assert render_reply(parse_reply(reply), {}) == reply


@pytest.mark.parametrize(
    ("native", "finish"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("tool_use", "tool_calls"),
        ("refusal", "content_filter"),
        ("pause_turn", "pause_turn"),
        ("invented_tomorrow", "invented_tomorrow"),
        (None, None),
    ],
)
def test_reasons(native: str | None, finish: str | None) -> None:
    ended = choice(parse_reply(wire(text("x"), stop=native)))
    assert (ended["finish_reason"], ended["native_finish_reason"]) == (finish, native)


def test_which_sequence_stopped_it_is_kept() -> None:
    assert choice(parse_reply(wire(stop="stop_sequence", stop_sequence="42")))["stop_sequence"] == "42"


def test_a_refusal_is_in_the_providers_words_or_in_none() -> None:
    said = choice(parse_reply(wire(stop="refusal", stop_details=DETAILS)))
    assert (said["message"]["refusal"], said["message"]["content"], said["stop_details"]) == ("not this", None, DETAILS)
    assert choice(parse_reply(wire(stop="refusal")))["message"]["refusal"] is None


def test_the_tool_that_stands_for_a_schema_is_the_answer() -> None:
    ended = choice(parse_reply(wire(use(JSON_TOOL, dog="Rex"), stop="tool_use")))
    assert (ended["message"]["content"], ended["finish_reason"]) == ('{"dog":"Rex"}', "stop")
    assert "tool_calls" not in ended["message"]
    assert render_reply({"choices": [ended]}, {})["stop_reason"] == "end_turn"


def test_an_error_inside_a_200_is_a_failure() -> None:
    with pytest.raises(Failure, match="Overloaded") as caught:
        parse_reply({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}})
    assert caught.value.kind == "provider_overloaded"


@pytest.mark.parametrize(
    "reply",
    [
        [],
        {},
        wire() | {"content": None},
        wire() | {"id": None},
        wire({}),
        wire(text("a") | {"text": 1}),
        wire(use("f") | {"input": "a"}),
    ],
)
def test_what_is_no_message_is_the_providers_fault(reply: Any) -> None:
    with pytest.raises(Failure) as caught:
        parse_reply(reply)
    assert caught.value.kind == "provider_error"


def openai(finish: str = "stop", **message: Any) -> Json:
    usage = {"prompt_tokens": 9, "completion_tokens": 4, "prompt_tokens_details": {"cached_tokens": 5}}
    answer = {"index": 0, "message": {"role": "assistant", "content": None, **message}, "finish_reason": finish}
    return {"id": "chatcmpl_1", "model": "gpt", "choices": [answer], "usage": usage}


CALL = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}


@pytest.mark.parametrize(
    ("reply", "content", "stop"),
    [
        (openai(content="hi"), [text("hi")], "end_turn"),
        (openai("length", content="hi"), [text("hi")], "max_tokens"),
        (
            openai("tool_calls", tool_calls=[CALL]),
            [{"type": "tool_use", "id": "call_1", "name": "f", "input": {"a": 1}}],
            "tool_use",
        ),
        (
            openai("stop", tool_calls=[CALL]),
            [{"type": "tool_use", "id": "call_1", "name": "f", "input": {"a": 1}}],
            "tool_use",
        ),
        (openai("content_filter", content="x"), [text("x")], "refusal"),
        (openai(refusal="no"), [text("no")], "end_turn"),
        (openai("eos", content="hi"), [text("hi")], "eos"),
        (
            openai(content="hi", reasoning_content="hm"),
            [{"type": "thinking", "thinking": "hm", "signature": ""}, text("hi")],
            "end_turn",
        ),
    ],
)
def test_another_providers_reply_reads_like_anthropics(reply: Json, content: list[Json], stop: str) -> None:
    said = render_reply(reply, {})
    assert (said["content"], said["stop_reason"], said["stop_sequence"]) == (content, stop, None)
    assert said["usage"] == {
        "input_tokens": 4,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 5,
        "output_tokens": 4,
    }


@pytest.mark.parametrize(
    "reply",
    [
        {},
        {"choices": []},
        {"choices": [{}]},
        openai(tool_calls=[{**CALL, "function": {"name": "f", "arguments": '{"a":'}}]),
        openai(tool_calls=[{"function": {"arguments": "{}"}}]),
        openai(content=["x"]),
    ],
)
def test_a_reply_that_cannot_be_said_is_the_providers_fault(reply: Json) -> None:
    with pytest.raises(Failure) as caught:
        render_reply(reply, {})
    assert caught.value.kind == "provider_error"


def cut(arguments: str) -> Json:
    return {"id": "call_g", "type": "function", "function": {"name": "g", "arguments": arguments}}


@pytest.mark.parametrize("arguments", ["", '{"city":"Par', "[", "5"])
def test_a_call_that_the_limit_cut_is_left_out(arguments: str) -> None:
    whole = {"id": "call_f", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}
    reply = render_reply(openai("length", content="so", tool_calls=[whole, cut(arguments)]), {})
    assert [block["type"] for block in reply["content"]] == ["text", "tool_use"]
    assert reply["content"][1]["id"] == "call_f"
    assert reply["stop_reason"] == "max_tokens"


def test_thoughts_of_another_kind_are_shown_as_words() -> None:
    item = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "E="}
    reply = render_reply(openai(content="so", reasoning_content="hm", thinking_blocks=[item]), {})
    assert reply["content"] == [{"type": "thinking", "thinking": "hm", "signature": ""}, text("so")]
    both = render_reply(openai(content="so", reasoning_content="hm", thinking_blocks=[item, THOUGHT]), {})
    assert both["content"] == [THOUGHT, text("so")]


def test_what_is_an_answer_beyond_doubt() -> None:
    assert is_answer(wire(text("a")))
    assert not is_answer({"type": "error", "error": {"type": "overloaded_error", "message": "later"}})
    assert not is_answer(wire(text("a"), error={"message": "later"}))
    assert not is_answer(wire(text("a"), stop=None))
    assert not is_answer({})
