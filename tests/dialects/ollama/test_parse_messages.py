"""Messages of an Ollama client in the unified form, and which call each tool's result answers."""

from typing import Any

import pytest

from proxy.call import Failure, Json
from proxy.dialects.ids import pack_signature, unpack_message
from proxy.dialects.ollama.parse_messages import parse_messages

PNG = "iVBORw0KGgo="


def called(*names: str, **more: Any) -> Json:
    return {
        "role": "assistant",
        "content": "",
        "tool_calls": [{"function": {"name": name, "arguments": {"n": name}}} for name in names],
        **more,
    }


def calling(**call: Any) -> Json:
    return {"role": "assistant", "tool_calls": [call]}


def answer(content: str, **more: Any) -> Json:
    return {"role": "tool", "content": content, **more}


def answers(*messages: Json) -> list[tuple[str, str]]:
    """Every result's content, and the function it answers."""
    unified = parse_messages(list(messages))
    names = {call["id"]: call["function"]["name"] for message in unified for call in message.get("tool_calls", ())}
    return [(message["content"], names[message["tool_call_id"]]) for message in unified if message["role"] == "tool"]


def test_plain_messages_stay_as_they_are() -> None:
    messages = [{"role": role, "content": role} for role in ("system", "user", "assistant")]
    assert parse_messages(messages) == messages
    assert parse_messages([{"role": "User"}]) == [{"role": "user", "content": ""}]


def test_images_stand_before_the_text() -> None:
    part = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}
    text = {"type": "text", "text": "what?"}
    assert parse_messages([{"role": "user", "content": "what?", "images": [PNG]}])[0]["content"] == [part, text]
    assert parse_messages([{"role": "user", "content": "", "images": [PNG]}])[0]["content"] == [part]


def test_thoughts_and_members_without_a_word() -> None:
    message = {"role": "assistant", "content": "a", "thinking": "hm", "cache_control": {"type": "ephemeral"}}
    assert parse_messages([message]) == [
        {"role": "assistant", "content": "a", "reasoning_content": "hm", "cache_control": {"type": "ephemeral"}}
    ]


def test_a_call_with_an_id_keeps_it() -> None:
    call = {"id": "c1", "function": {"index": 0, "name": "a", "arguments": {"x": 1}}}
    [asked, result] = parse_messages(
        [{"role": "assistant", "tool_calls": [call]}, answer("1", tool_call_id="c1", tool_name="a")]
    )
    assert asked == {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "a", "arguments": '{"x":1}'}}],
    }
    assert result == {"role": "tool", "content": "1", "tool_call_id": "c1"}


def test_a_signature_in_an_id_that_comes_back_is_there_again() -> None:
    packed = pack_signature("c1", "c2ln")
    call = {"id": packed, "function": {"name": "a", "arguments": {}}}
    unified = parse_messages([{"role": "assistant", "tool_calls": [call]}, answer("1", tool_call_id=packed)])
    [asked, result] = map(unpack_message, unified)
    assert asked["tool_calls"][0]["id"] == result["tool_call_id"] == "c1"
    assert asked["tool_calls"][0]["extra_content"] == {"google": {"thought_signature": "c2ln"}}


def test_made_up_ids_are_the_same_for_the_same_conversation_and_differ_between_calls() -> None:
    messages = [called("a", "a"), answer("1"), answer("2"), called("a")]
    ids = [call["id"] for message in parse_messages(messages) for call in message.get("tool_calls", ())]
    assert len(set(ids)) == 3
    longer = parse_messages([*messages, answer("3"), {"role": "user", "content": "more"}])
    assert [call["id"] for message in longer for call in message.get("tool_calls", ())] == ids


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ([called("a", "b"), answer("1"), answer("2")], [("1", "a"), ("2", "b")]),
        ([called("a", "b"), answer("2", tool_name="b"), answer("1", tool_name="a")], [("2", "b"), ("1", "a")]),
        ([called("a", "b"), answer("2", name="b"), answer("1")], [("2", "b"), ("1", "a")]),
        ([called("a"), answer("1", tool_name="misspelt")], [("1", "a")]),
        ([called("a"), answer("1"), called("b"), answer("2")], [("1", "a"), ("2", "b")]),
        ([called("a", "a"), answer("1", tool_name="a"), answer("2", tool_name="a")], [("1", "a"), ("2", "a")]),
    ],
)
def test_a_result_without_an_id_answers_the_first_call_that_fits(
    messages: list[Json], expected: list[tuple[str, str]]
) -> None:
    assert answers(*messages) == expected
    unified = parse_messages(messages)
    results = [message["tool_call_id"] for message in unified if message["role"] == "tool"]
    assert len(set(results)) == len(results)


@pytest.mark.parametrize(
    ("messages", "param"),
    [
        ([answer("1")], "messages[0]"),
        ([called("a"), answer("1"), answer("2")], "messages[2]"),
        ([called("a"), answer("1", tool_call_id="other")], "messages[1].tool_call_id"),
        ([called("a"), answer("1", tool_call_id=3)], "messages[1].tool_call_id"),
        ([called("a"), answer("1", tool_name=3)], "messages[1].tool_name"),
        ([{"role": "wizard", "content": ""}], "messages[0].role"),
        ([{"content": ""}], "messages[0].role"),
        (["hi"], "messages[0]"),
        ([{"role": "user", "content": [{"type": "text", "text": "x"}]}], "messages[0].content"),
        ([{"role": "user", "content": "", "images": "x"}], "messages[0].images"),
        ([{"role": "user", "content": "", "images": [PNG, "!"]}], "messages[0].images[1]"),
        ([{"role": "assistant", "thinking": 3}], "messages[0].thinking"),
        ([{"role": "assistant", "tool_calls": 3}], "messages[0].tool_calls"),
        ([{"role": "assistant", "tool_calls": [{}]}], "messages[0].tool_calls[0].function"),
        ([calling(function={"name": "a", "arguments": [1]})], "messages[0].tool_calls[0].function.arguments"),
        ([{"role": "assistant", "tool_calls": [{"id": 3, "function": {"name": "a"}}]}], "messages[0].tool_calls[0].id"),
    ],
)  # fmt: skip
def test_what_is_wrong(messages: list[Any], param: str) -> None:
    with pytest.raises(Failure) as failure:
        parse_messages(messages)
    assert (failure.value.kind, failure.value.param) == ("invalid_request", param)
