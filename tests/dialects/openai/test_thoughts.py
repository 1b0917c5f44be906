"""Thoughts in other servers' words, and calls that come in pieces, are unified; what is in the hub's words stays itself."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.call import Failure, Json
from proxy.dialects.openai.reply import parse_reply
from proxy.dialects.openai.thoughts import unify, unify_delta
from tests.dialects.openai.recorded import ANYTHING
from tests.dialects.openai.test_stream import chunk, event, parser_after

THOUGHT: Json = {"type": "thinking", "thinking": [{"type": "text", "text": "h"}, {"type": "text", "text": "m"}]}
DETAILS: list[Json] = [
    {"type": "reasoning.text", "text": "h", "signature": "s"},
    {"type": "reasoning.encrypted", "data": "xyz"},
    {"type": "reasoning.summary", "summary": "m"},
]


@pytest.mark.parametrize(
    ("member", "value"),
    [("reasoning", "hm"), ("reasoning_text", "hm"), ("reasoning_details", DETAILS)],
)
def test_thoughts_are_found_and_stay_where_they_were(member: str, value: Any) -> None:
    assert unify({"content": "a", member: value}) == {"content": "a", member: value, "reasoning_content": "hm"}
    assert unify({"content": "a", member: value, "reasoning_content": "mine"})["reasoning_content"] == "mine"


@pytest.mark.parametrize("nothing", [None, "", [], 3, {"effort": "high"}, [3], [{"text": 3}]])
def test_what_holds_no_thoughts(nothing: Any) -> None:
    for name in ("reasoning", "reasoning_text", "reasoning_details"):
        assert unify({"content": "a", name: nothing}) == {"content": "a", name: nothing}


def test_one_telling_is_enough() -> None:
    assert unify({"reasoning": "hm", "reasoning_details": DETAILS})["reasoning_content"] == "hm"


def test_content_that_is_a_list_is_text_and_thoughts() -> None:
    parts = [THOUGHT, {"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    assert unify({"role": "assistant", "content": parts}) == {
        "role": "assistant",
        "content": "ab",
        "reasoning_content": "hm",
    }
    assert unify({"content": [{"type": "thinking", "thinking": "hm"}]}) == {"reasoning_content": "hm"}
    assert unify({"role": "assistant", "content": [THOUGHT]})["content"] is None


@pytest.mark.parametrize("message", [{"content": "a"}, {"role": "assistant", "content": None, "tool_calls": []}])
def test_what_needs_no_word_stays_itself(message: Json) -> None:
    assert unify(message) is message


def piece(**said: Any) -> Json:
    return chunk({"tool_calls": [{"index": 0, **said}]})


def test_a_later_piece_does_not_take_a_calls_id_and_name_away() -> None:
    parser = parser_after(piece(id="c1", type="function", function={"name": "f", "arguments": ""}))
    for nothing in ("", None):
        [said] = parser.feed(event(piece(id=nothing, function={"name": nothing, "arguments": "{}"})))
        assert said["choices"][0]["delta"]["tool_calls"] == [{"index": 0, "function": {"arguments": "{}"}}]


@pytest.mark.parametrize(
    ("delta", "thoughts", "text"),
    [
        ({"role": "assistant", "content": "", "reasoning": "hm"}, "hm", ""),
        ({"content": None, "reasoning_details": DETAILS}, "hm", None),
        ({"reasoning_text": "hm"}, "hm", None),
        ({"content": [THOUGHT]}, "hm", None),
        ({"content": [THOUGHT, {"type": "text", "text": "a"}]}, "hm", "a"),
        ({"content": "a"}, None, "a"),
    ],
)
def test_the_pieces_of_a_stream(delta: Json, thoughts: str | None, text: str | None) -> None:
    [said] = parser_after().feed(event(chunk(delta)))
    found = said["choices"][0]["delta"]
    assert (found.get("reasoning_content"), found.get("content")) == (thoughts, text)


@given(st.dictionaries(st.sampled_from(["reasoning", "reasoning_details", "content", "tool_calls"]), ANYTHING))
def test_anything(message: Json) -> None:
    with suppress(Failure):
        parse_reply({"choices": [{"message": message}]})
    unify_delta(message)
