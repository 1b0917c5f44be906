"""Messages as items of the input."""

from typing import Any

import pytest

from proxy.call import Failure, Json
from proxy.dialects.responses.items import Transcript, generated_item, render_messages
from proxy.dialects.responses.thoughts import render_item

REASONING: Json = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAA"}
CALL: Json = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}
SIGNED: Json = {"type": "thinking", "thinking": "hm", "signature": "s"}


def items(*messages: Json, kept: bool = False, **fields: Any) -> tuple[list[Json], list[str]]:
    transcript = Transcript("gpt-5", kept)
    render_messages({"messages": list(messages), **fields}, transcript)
    return transcript.items, transcript.dropped


def test_a_turn_of_the_assistant_is_its_reasoning_its_words_and_its_calls() -> None:
    message = {"role": "assistant", "content": "Let me see.", "thinking_blocks": [REASONING], "tool_calls": [CALL]}
    result = {"role": "tool", "tool_call_id": "c1", "content": "4"}
    said, dropped = items({"role": "user", "content": "hi"}, message, result)
    assert said == [
        {"role": "user", "content": "hi"},
        REASONING,
        {"role": "assistant", "content": "Let me see."},
        {"type": "function_call", "call_id": "c1", "name": "f", "arguments": '{"a": 1}'},
        {"type": "function_call_output", "call_id": "c1", "output": "4"},
    ]
    assert not dropped


def test_a_system_prompt_in_parts_is_the_first_message() -> None:
    said, _ = items({"role": "user", "content": "hi"}, system=[{"type": "text", "text": "s"}])
    assert said[0] == {"role": "system", "content": [{"type": "input_text", "text": "s"}]}


def test_a_custom_call_takes_and_gives_text() -> None:
    call = {"id": "c1", "type": "custom", "custom": {"name": "sql", "input": "select 1"}}
    result = {"role": "tool", "tool_call_id": "c1", "content": [{"type": "text", "text": "1"}]}
    said, _ = items({"role": "assistant", "content": None, "tool_calls": [call]}, result)
    assert said == [
        {"type": "custom_tool_call", "call_id": "c1", "name": "sql", "input": "select 1"},
        {"type": "custom_tool_call_output", "call_id": "c1", "output": [{"type": "input_text", "text": "1"}]},
    ]


def test_results_that_are_objects_and_calls_with_them_are_said_as_text() -> None:
    call = {**CALL, "function": {"name": "f", "arguments": {"a": 1}}}
    said, _ = items(
        {"role": "assistant", "tool_calls": [call]}, {"role": "tool", "tool_call_id": "c1", "content": {"b": 2}}
    )
    assert said[0]["arguments"] == '{"a":1}'
    assert said[1]["output"] == '{"b":2}'


def test_words_with_citations_and_refusals_are_parts() -> None:
    page = {"type": "url_citation", "url_citation": {"url": "u", "title": "t", "start_index": 0, "end_index": 2}}
    said, dropped = items({"role": "assistant", "content": "so", "annotations": [page]})
    assert said[0]["content"][0]["annotations"][0]["url"] == "u"
    refused, _ = items({"role": "assistant", "content": None, "refusal": "no"})
    assert refused == [{"type": "message", "role": "assistant", "content": [{"type": "refusal", "refusal": "no"}]}]
    assert not dropped


def test_what_an_item_was_besides_comes_back() -> None:
    message: Json = {
        "role": "assistant",
        "content": "so",
        "responses": {"id": "msg_1", "status": "completed", "phase": "commentary"},
    }
    said, _ = items(
        message, {"role": "assistant", "tool_calls": [{**CALL, "responses": {"id": "fc_1", "namespace": "n"}}]}
    )
    assert said[0] == {
        "type": "message",
        "role": "assistant",
        "content": [{"type": "output_text", "text": "so", "annotations": []}],
        **message["responses"],
    }
    assert (said[1]["id"], said[1]["namespace"]) == ("fc_1", "n")


def test_a_phase_alone_leaves_plain_words_plain() -> None:
    said, _ = items({"role": "assistant", "content": "so", "responses": {"phase": "commentary"}})
    assert said == [{"role": "assistant", "content": "so", "phase": "commentary"}]


def test_own_items_stand_where_they_stood() -> None:
    search, reference = {"type": "web_search_call", "id": "ws"}, {"type": "item_reference", "id": "x"}
    blocks = [
        {"at": 0, "after": 1, "block": search, "dialect": "responses"},
        {"at": 2, "after": 1, "block": reference, "dialect": "responses"},
    ]
    said, dropped = items(
        {"role": "assistant", "content": "so", "thinking_blocks": [REASONING], "provider_blocks": blocks}
    )
    assert [item.get("type", "message") for item in said] == [
        "reasoning",
        "web_search_call",
        "message",
        "item_reference",
    ]
    assert not dropped


def test_images_of_the_providers_own_go_back_and_others_do_not() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    own = {**image, "responses": {"type": "image_generation_call", "id": "ig_1", "status": "completed"}}
    said, dropped = items({"role": "assistant", "content": None, "images": [own, image]})
    assert said == [{"type": "image_generation_call", "id": "ig_1", "status": "completed", "result": "AAAA"}]
    assert dropped == ["messages.images"]
    assert generated_item("?") is None


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ({"name": "bob"}, "messages.name"),
        ({"audio": {"id": "a"}}, "messages.audio"),
        ({"reasoning_content": "hm"}, "messages.reasoning_content"),
        ({"thinking_blocks": [SIGNED], "reasoning_content": "hm"}, "messages.thinking_blocks"),
        ({"thinking_blocks": [{"type": "reasoning", "id": "rs_1", "summary": []}]}, "messages.thinking_blocks"),
        ({"provider_blocks": [{"at": 0, "block": {"type": "server_tool_use"}}]}, "messages.provider_blocks"),
        ({"cache_control": {"type": "ephemeral"}}, "messages.cache_control"),
        ({"annotations": [{"type": "citation", "citation": {}}]}, "messages.annotations"),
        ({"tool_calls": [{**CALL, "cache_control": {"type": "ephemeral"}}]}, "messages.cache_control"),
        ({"extra_content": {"google": {"thought_signature": "s"}}}, "messages.thought_signature"),
        (
            {"tool_calls": [{**CALL, "extra_content": {"google": {"thought_signature": "s"}}}]},
            "messages.thought_signature",
        ),
    ],
)
def test_what_cannot_be_said_is_named(said: Json, name: str) -> None:
    found, dropped = items({"role": "assistant", "content": "so", **said})
    assert dropped == [name]
    assert {"role": "assistant", "content": "so"} in found


def test_an_error_of_a_tool_is_named() -> None:
    _, dropped = items({"role": "tool", "tool_call_id": "c", "content": "x", "is_error": True})
    assert dropped == ["messages.tool.is_error"]


def test_thoughts_that_only_name_themselves_go_back_where_they_are_kept() -> None:
    bare = {"type": "reasoning", "id": "rs_1", "summary": []}
    said, dropped = items({"role": "assistant", "content": None, "thinking_blocks": [bare]}, kept=True)
    assert (said, dropped) == ([bare], [])


def test_thoughts_of_others_never_reach_the_provider() -> None:
    said, _ = items(
        {"role": "assistant", "content": "so", "thinking_blocks": [SIGNED, {"type": "redacted_thinking", "data": "d"}]}
    )
    assert said == [{"role": "assistant", "content": "so"}]
    assert render_item(SIGNED, "rs")["encrypted_content"] not in str(said)


@pytest.mark.parametrize(
    ("message", "param"),
    [
        ({"role": "critic", "content": "x"}, "messages[0].role"),
        ({"content": "x"}, "messages[0].role"),
        ({"role": "tool", "content": "x"}, "messages[0].tool_call_id"),
        ({"role": "assistant", "tool_calls": [{"id": "c"}]}, "messages[0].tool_calls[0].function"),
        ({"role": "assistant", "content": [{"type": "text"}]}, "messages[0].content[0].text"),
        ({"role": "assistant", "content": "", "refusal": 3}, "messages[0].refusal"),
        ({"role": "user", "content": [{"type": "text"}]}, "messages[0].content[0].text"),
        ({"role": "user", "content": 5}, "messages[0].content"),
    ],
)
def test_a_wrong_message_is_named(message: Json, param: str) -> None:
    with pytest.raises(Failure) as caught:
        items(message)
    assert (caught.value.kind, caught.value.param) == ("invalid_request", param)


def test_an_image_by_the_assistant_is_refused() -> None:
    with pytest.raises(Failure) as caught:
        items({"role": "assistant", "content": [{"type": "image_url", "image_url": {"url": "u"}}]})
    assert (caught.value.kind, caught.value.param) == ("unsupported_capability", "messages[0].content[0].type")


@pytest.mark.parametrize("role", ["system", "developer"])
def test_only_a_user_shows_anything(role: str) -> None:
    image = {"type": "image_url", "image_url": {"url": "https://x/a.png"}}
    with pytest.raises(Failure) as caught:
        items({"role": role, "content": [{"type": "text", "text": "a"}, image]})
    assert (caught.value.kind, caught.value.param) == ("unsupported_capability", "messages[0].content[1]")
    assert items({"role": "user", "content": [image]})[0]


def test_a_call_without_arguments_says_so_in_json() -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": ""}}
    custom = {"id": "d", "type": "custom", "custom": {"name": "g", "input": ""}}
    said, _ = items({"role": "assistant", "content": None, "tool_calls": [call, custom]})
    assert (said[0]["arguments"], said[1]["input"]) == ("{}", "")
