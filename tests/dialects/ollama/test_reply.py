"""A chat reply as a unified reply and back."""

from typing import Any

import pytest

from proxy.call import Failure, Json
from proxy.dialects.ollama.reply import parse_reply, render_reply

LEAST: Json = {
    "model": "m",
    "created_at": "2025-06-05T00:31:49Z",
    "message": {"role": "assistant", "content": "hi"},
    "done": True,
}
TIMES = {"total_duration": 1, "load_duration": 2, "prompt_eval_duration": 3, "eval_duration": 4}
WHOLE: Json = {
    **LEAST,
    "message": {
        "role": "assistant",
        "content": "hi",
        "thinking": "hm",
        "images": ["iVBORw0KGgo="],
        "tool_calls": [{"id": "c1", "function": {"index": 0, "name": "a", "arguments": {"x": [1]}}}],
    },
    "done_reason": "stop",
    **TIMES,
    "prompt_eval_count": 9,
    "prompt_eval_cached_count": 4,
    "eval_count": 3,
    "logprobs": [{"token": "hi", "logprob": -1}],
}


def parse(**wire: Any) -> Json:
    return parse_reply({**LEAST, **wire})


def test_the_least() -> None:
    unified = parse()
    assert unified.pop("id").startswith("chatcmpl-")
    message = {"role": "assistant", "content": "hi", "refusal": None}
    assert unified == {
        "object": "chat.completion",
        "created": 1749083509,
        "model": "m",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop", "native_finish_reason": None}],
    }


def test_a_whole_reply_comes_back_by_value() -> None:
    unified = parse_reply(WHOLE)
    message = unified["choices"][0]["message"]
    assert message["reasoning_content"] == "hm"
    assert message["tool_calls"][0]["function"] == {"name": "a", "arguments": '{"x":[1]}'}
    assert unified["usage"]["prompt_tokens_details"] == {"cached_tokens": 4}
    assert unified["eval_duration"] == 4
    assert render_reply(unified, {}) == WHOLE


@pytest.mark.parametrize(
    ("done_reason", "calls", "finish"),
    [
        ("stop", False, "stop"),
        ("stop", True, "tool_calls"),
        ("length", False, "length"),
        ("length", True, "length"),
        ("load", False, "stop"),
        ("unload", False, "stop"),
        ("novel", False, "novel"),
    ],
)
def test_how_it_ended(done_reason: str, calls: bool, finish: str) -> None:
    message = {**LEAST["message"], **({"tool_calls": [{"function": {"name": "a", "arguments": {}}}]} if calls else {})}
    unified = parse(message=message, done_reason=done_reason)
    choice = unified["choices"][0]
    assert (choice["finish_reason"], choice["native_finish_reason"]) == (finish, done_reason)
    assert render_reply(unified, {})["done_reason"] == done_reason


@pytest.mark.parametrize(
    ("choice", "done_reason"),
    [
        ({"finish_reason": "tool_calls", "native_finish_reason": "tool_use"}, "stop"),
        ({"finish_reason": "stop", "native_finish_reason": "end_turn"}, "stop"),
        ({"finish_reason": "length"}, "length"),
        ({"finish_reason": "content_filter"}, "content_filter"),
        ({"finish_reason": None}, "stop"),
        ({}, "stop"),
    ],
)
def test_how_another_providers_reply_ended(choice: Json, done_reason: str) -> None:
    unified = {
        "model": "x",
        "created": 1749083509,
        "choices": [{**choice, "message": {"content": None, "refusal": "no"}}],
    }
    said = render_reply(unified, {"model": "asked"})
    assert said["done_reason"] == done_reason
    assert said["message"] == {"role": "assistant", "content": "no"}
    assert said["created_at"] == "2025-06-05T00:31:49Z"
    assert (said["model"], said["done"], said["eval_count"]) == ("x", True, 0)


def test_a_reply_without_a_model_names_the_one_asked_for() -> None:
    assert render_reply({"choices": [{"message": {}}]}, {"model": "asked"})["model"] == "asked"


@pytest.mark.parametrize(
    ("wire", "words"),
    [
        ([], "not an object"),
        ({"error": "out of memory"}, "out of memory"),
        ({**LEAST, "done": False}, "not done"),
        ({"model": "m", "done": True}, "message"),
        ({**LEAST, "message": {"content": 3}}, "content"),
        ({**LEAST, "message": {"tool_calls": 3}}, "tool_calls"),
        ({**LEAST, "message": {"images": [3]}}, "an image"),
        ({**LEAST, "message": {"thinking": 3}}, "thinking"),
        ({**LEAST, "model": 3}, "model"),
    ],
)
def test_what_is_no_reply(wire: Any, words: str) -> None:
    with pytest.raises(Failure, match=words) as failure:
        parse_reply(wire)
    assert failure.value.kind == "provider_error"


@pytest.mark.parametrize("unified", [{}, {"choices": []}, {"choices": [3]}, {"choices": [{}]}])
def test_what_cannot_be_rendered(unified: Json) -> None:
    with pytest.raises(Failure):
        render_reply(unified, {})


def test_a_call_that_lost_its_end_to_the_limit_is_left_out() -> None:
    call = {"id": "c", "type": "function", "function": {"name": "a", "arguments": '{"x":'}}
    message = {"role": "assistant", "content": "I look.", "tool_calls": [call]}
    choice: Json = {"message": message, "finish_reason": "length"}
    wire = render_reply({"model": "m", "choices": [choice]}, {})
    assert (wire["message"], wire["done_reason"]) == ({"role": "assistant", "content": "I look."}, "length")
    with pytest.raises(Failure):
        render_reply({"model": "m", "choices": [{**choice, "finish_reason": "tool_calls"}]}, {})
