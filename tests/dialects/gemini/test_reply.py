"""Replies of Google's: what may be missing, and what is no reply."""

from typing import Any

import pytest

from proxy.call import Failure, Json
from proxy.dialects.gemini.reply import parse_reply
from proxy.dialects.ids import signed


def candidate(*parts: Json, **members: Any) -> Json:
    return {"content": {"parts": list(parts), "role": "model"}, "finishReason": "STOP", **members}


def parse(*candidates: Json, **members: Any) -> Json:
    return parse_reply({"candidates": list(candidates), "responseId": "r", "modelVersion": "m", **members})


def test_a_reply() -> None:
    reply = parse(
        candidate(
            {"text": "hm", "thought": True}, {"text": "a"}, {"text": "b", "thoughtSignature": "c2ln"}, avgLogprobs=-1
        ),
        candidate({"functionCall": {"name": "f", "id": "c"}}, index=1),
        usageMetadata={"promptTokenCount": 3, "candidatesTokenCount": 2, "totalTokenCount": 5},
        createTime="t",
    )
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    first = {"role": "assistant", "content": "ab", "refusal": None, "reasoning_content": "hm", **signed("c2ln")}
    second = {"role": "assistant", "content": None, "refusal": None, "tool_calls": [call]}
    assert reply == {
        "id": "r",
        "created": 0,
        "model": "m",
        "createTime": "t",
        "object": "chat.completion",
        "choices": [
            {
                "index": 0,
                "message": first,
                "finish_reason": "stop",
                "native_finish_reason": "STOP",
                "gemini": {"avgLogprobs": -1},
            },
            {"index": 1, "message": second, "finish_reason": "tool_calls", "native_finish_reason": "STOP"},
        ],
        "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
    }


def test_several_signatures_all_stay() -> None:
    [choice] = parse(candidate({"text": "a", "thoughtSignature": "s1"}, {"text": "b", "thoughtSignature": "s2"}))[
        "choices"
    ]
    assert choice["message"]["extra_content"] == signed("s2")["extra_content"]
    block = {"text": "", "thoughtSignature": "s1"}
    assert choice["message"]["provider_blocks"] == [{"at": 1, "block": block, "dialect": "gemini"}]


def test_a_prompt_that_was_not_let_through() -> None:
    reply = parse_reply({"promptFeedback": {"blockReason": "SAFETY"}})
    [choice] = reply["choices"]
    assert choice["message"] == {"role": "assistant", "content": None, "refusal": None}
    assert (choice["finish_reason"], choice["native_finish_reason"]) == ("content_filter", "SAFETY")
    assert reply["promptFeedback"] == {"blockReason": "SAFETY"}
    worded = parse_reply({"promptFeedback": {"blockReason": "SAFETY", "blockReasonMessage": "no"}})
    assert worded["choices"][0]["message"]["refusal"] == "no"


def test_an_answer_that_was_stopped() -> None:
    [choice] = parse({"finishReason": "SAFETY", "finishMessage": "no"})["choices"]
    assert choice["message"] == {"role": "assistant", "content": None, "refusal": "no"}


@pytest.mark.parametrize(
    ("wire", "kind"),
    [
        ([], "provider_error"),
        ({}, "provider_error"),
        ({"candidates": [{}]}, "provider_error"),
        ({"candidates": [3]}, "provider_error"),
        ({"candidates": [{"content": 3, "finishReason": "STOP"}]}, "provider_error"),
        ({"error": {"code": 429, "message": "slow", "status": "RESOURCE_EXHAUSTED"}}, "provider_rate_limited"),
    ],
)
def test_what_is_no_reply(wire: Any, kind: str) -> None:
    with pytest.raises(Failure) as raised:
        parse_reply(wire)
    assert raised.value.kind == kind
