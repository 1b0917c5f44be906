"""Items of the input as messages: one turn is one message, and nothing comes between a call and its result."""

from typing import Any

import pytest

from proxy.call import Failure, Json
from proxy.dialects.responses.thoughts import render_item
from proxy.dialects.responses.turns import Turns, parse_image

REASONING: Json = {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "hm"}]}
CALL: Json = {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"}
UNIFIED_CALL: Json = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
RESULT: Json = {"type": "function_call_output", "call_id": "c1", "output": "4"}


def words(text: str, **said: Any) -> Json:
    return {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text, **said}]}


def parse(*items: Any) -> list[Json]:
    turns = Turns()
    for index, item in enumerate(items):
        turns.add(item, f"input[{index}]")
    turns.end()
    return turns.messages


def test_one_turn_is_one_message() -> None:
    assert parse({"role": "user", "content": "hi"}, REASONING, words("so"), CALL, RESULT) == [
        {"role": "user", "content": "hi"},
        {
            "role": "assistant",
            "content": "so",
            "thinking_blocks": [REASONING],
            "reasoning_content": "hm",
            "tool_calls": [UNIFIED_CALL],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "4"},
    ]


def test_other_words_begin_another_message() -> None:
    messages = parse(words("a"), words("b"), REASONING, words("c"))
    assert [message["content"] for message in messages] == ["a", "b", "c"]
    assert "thinking_blocks" in messages[2]


def test_nothing_comes_between_a_call_and_its_result() -> None:
    second = {**CALL, "call_id": "c2"}
    messages = parse(words("a"), CALL, REASONING, words("b"), second, RESULT, {**RESULT, "call_id": "c2"})
    assert [message["role"] for message in messages] == ["assistant", "tool", "tool"]
    assert messages[0]["content"] == "ab"
    assert [call["id"] for call in messages[0]["tool_calls"]] == ["c1", "c2"]


def test_citations_of_joined_words_are_counted_in_the_whole() -> None:
    page = {"type": "url_citation", "start_index": 0, "end_index": 1, "url": "u", "title": "t"}
    [message] = parse(words("abc"), CALL, words("d", annotations=[page]))
    assert message["content"] == "abcd"
    assert (message["annotations"][0]["start_index"], message["annotations"][0]["end_index"]) == (3, 4)


def test_a_refusal_is_no_content() -> None:
    refused = {"type": "message", "role": "assistant", "content": [{"type": "refusal", "refusal": "no"}]}
    assert parse(refused) == [{"role": "assistant", "content": None, "refusal": "no"}]


def test_what_an_item_says_besides_is_kept() -> None:
    [message, tool] = parse({**words("so"), "id": "m", "phase": "commentary"}, {**RESULT, "id": "o", "status": None})
    assert message["responses"] == {"id": "m", "phase": "commentary"}
    assert tool["responses"] == {"id": "o"}
    assert parse({**CALL, "namespace": "n"})[0]["tool_calls"][0]["responses"] == {"namespace": "n"}


def test_thoughts_of_others_are_unpacked() -> None:
    signed = {"type": "thinking", "thinking": "deep", "signature": "s=="}
    [message] = parse(render_item(signed, "rs_1"), render_item({"type": "redacted_thinking", "data": "d"}, "rs_2"))
    assert message["thinking_blocks"] == [signed, {"type": "redacted_thinking", "data": "d"}]
    assert message["reasoning_content"] == "deep"


def test_custom_calls_and_their_results_keep_their_kind() -> None:
    call = {"type": "custom_tool_call", "call_id": "c1", "name": "sql", "input": "select 1"}
    [message, result] = parse(call, {"type": "custom_tool_call_output", "call_id": "c1", "output": "1"})
    assert message["tool_calls"] == [{"id": "c1", "type": "custom", "custom": {"name": "sql", "input": "select 1"}}]
    assert result["responses"] == {"type": "custom_tool_call_output"}


def test_items_without_a_unified_word_are_kept_in_their_place() -> None:
    search, odd = {"type": "web_search_call", "id": "ws"}, {"role": "assistant", "content": [{"type": "hologram"}]}
    [first, second] = parse(REASONING, search, words("so"), odd)
    assert first["provider_blocks"] == [{"at": 0, "after": 1, "block": search, "dialect": "responses"}]
    assert second["provider_blocks"][0]["block"] == odd


def test_parts_without_a_unified_word_are_kept_in_their_place() -> None:
    odd = {"type": "hologram"}
    [message] = parse({"role": "user", "content": [{"type": "input_text", "text": "a"}, odd]})
    assert message["content"] == [{"type": "text", "text": "a"}]
    assert message["provider_blocks"] == [{"at": 1, "after": 0, "block": odd, "dialect": "responses"}]


def test_an_image_it_made_is_an_image_and_a_bare_name_is_not() -> None:
    item = {"type": "image_generation_call", "id": "ig", "result": "AAAA", "output_format": "webp"}
    [message] = parse(item)
    assert message["images"][0]["image_url"] == {"url": "data:image/webp;base64,AAAA"}
    assert message["images"][0]["responses"] == {"type": "image_generation_call", "id": "ig", "output_format": "webp"}
    assert parse_image({"type": "image_generation_call", "id": "ig"}) is None


def test_a_reference_is_noticed() -> None:
    turns = Turns()
    turns.add({"type": "item_reference", "id": "x"}, "input[0]")
    assert turns.references


@pytest.mark.parametrize(
    ("item", "param"),
    [
        ("hi", "input[0]"),
        ({}, "input[0].type"),
        ({"type": 3}, "input[0].type"),
        ({"role": "critic", "content": "x"}, "input[0].role"),
        ({"role": "user"}, "input[0].content"),
        ({"role": "user", "content": [{"text": "x"}]}, "input[0].content[0].type"),
        ({"role": "assistant", "content": [{"type": "output_text"}]}, "input[0].content[0].text"),
        ({"type": "function_call", "call_id": "c", "name": "f"}, "input[0].arguments"),
        ({"type": "function_call", "name": "f", "arguments": ""}, "input[0].call_id"),
        ({"type": "function_call_output", "output": ""}, "input[0].call_id"),
        ({"type": "function_call_output", "call_id": "c"}, "input[0].output"),
    ],
)
def test_a_wrong_item_is_named(item: Any, param: str) -> None:
    with pytest.raises(Failure) as caught:
        parse(item)
    assert (caught.value.kind, caught.value.param) == ("invalid_request", param)
