"""A reply that came at once, for somebody who listens bit by bit: everything it says is there, once."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.call import Failure, Json
from proxy.dialects.at_once import chunks_of

CALL: Json = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}


def reply(message: Any, **more: Any) -> Json:
    return {"id": "r", "model": "m", "created": 7, "choices": [{"index": 0, "message": message, **more}]}


def test_a_text_its_end_and_its_counts() -> None:
    usage = {"prompt_tokens": 2, "completion_tokens": 1, "total_tokens": 3}
    message = {"role": "assistant", "content": "so", "refusal": None}
    said, ended, counted = chunks_of({**reply(message, finish_reason="length"), "usage": usage})
    assert said["choices"][0]["delta"] == {"role": "assistant", "content": "so"}
    assert ended["choices"] == [{"index": 0, "delta": {}, "finish_reason": "length"}]
    assert (counted["choices"], counted["usage"]) == ([], usage)
    assert {(chunk["id"], chunk["model"], chunk["created"]) for chunk in (said, ended, counted)} == {("r", "m", 7)}


def test_calls_are_numbered() -> None:
    message = {"role": "assistant", "content": None, "tool_calls": [CALL, {**CALL, "id": "c2"}]}
    said, _ = chunks_of(reply(message, finish_reason="tool_calls"))
    assert [(call["index"], call["id"]) for call in said["choices"][0]["delta"]["tool_calls"]] == [(0, "c1"), (1, "c2")]


@pytest.mark.parametrize("message", [None, "so", [], {"tool_calls": 7}, {"tool_calls": [7]}])
def test_what_is_no_message_is_the_provider_s_fault(message: object) -> None:
    with pytest.raises(Failure) as caught:
        chunks_of(reply(message))
    assert caught.value.kind == "provider_error"
