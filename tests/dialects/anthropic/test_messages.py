"""Unified messages as Anthropic's turns: what is gathered, merged, carried and refused."""

import re
from copy import deepcopy
from typing import Any

import pytest

from proxy.call import Failure, Json
from proxy.dialects.anthropic.messages import Transcript, render_messages

MARK = {"type": "ephemeral"}
THOUGHT = {"type": "thinking", "thinking": "hm", "signature": "EqoD+/=="}
HIDDEN = {"type": "redacted_thinking", "data": "EmwK"}
OWN = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {}}


def render(*messages: Any, **unified: Any) -> Transcript:
    return render_messages({"messages": [*messages], **unified})


def call(name: str = "f", arguments: str = '{"a":1}', **extras: Any) -> Json:
    return {"id": f"call_{name}", "type": "function", "function": {"name": name, "arguments": arguments}, **extras}


def use(name: str = "f", **extras: Any) -> Json:
    return {"type": "tool_use", "id": f"call_{name}", "name": name, "input": {"a": 1}, **extras}


def text(words: str, **extras: Any) -> Json:
    return {"type": "text", "text": words, **extras}


def test_one_plain_system_prompt_stays_a_string() -> None:
    transcript = render({"role": "system", "content": "be brief"}, {"role": "user", "content": "hi"})
    assert transcript.system_prompt() == "be brief"
    assert transcript.turns == [{"role": "user", "content": "hi"}]


@pytest.mark.parametrize("role", ["system", "developer", "user", "assistant"])
@pytest.mark.parametrize("words", ["hi", ""])
def test_a_message_says_the_same_with_members_that_are_null(role: str, words: str) -> None:
    plain, spelled = {"role": role, "content": words}, {"role": role, "content": words, "name": None}
    for before in ({"role": "user", "content": "so"}, {"role": "assistant", "content": "so"}):
        short, long = render(before, plain), render(before, spelled)
        assert (short.turns, short.system, short.dropped) == (long.turns, long.system, long.dropped)


def test_system_and_developer_messages_are_gathered_in_order() -> None:
    transcript = render(
        {"role": "system", "content": "two"},
        {"role": "user", "content": "hi"},
        {"role": "developer", "content": [text("three", cache_control=MARK)]},
        system="one",
    )
    assert transcript.system_prompt() == [text("one"), text("two"), text("three", cache_control=MARK)]


def test_a_marker_on_a_message_stands_on_its_last_block() -> None:
    transcript = render(
        {"role": "system", "content": "be brief", "cache_control": MARK},
        {"role": "user", "content": [text("a"), text("b")], "cache_control": MARK},
        {"role": "assistant", "content": "c", "tool_calls": [call()], "cache_control": MARK},
        {"role": "tool", "tool_call_id": "call_f", "content": [text("d")], "cache_control": MARK},
    )
    assert transcript.system_prompt() == [text("be brief", cache_control=MARK)]
    user, assistant, result = transcript.turns
    assert user["content"] == [text("a"), text("b", cache_control=MARK)]
    assert assistant["content"] == [text("c"), use(cache_control=MARK)]
    assert result["content"] == [
        {"type": "tool_result", "tool_use_id": "call_f", "content": [text("d")], "cache_control": MARK}
    ]


def test_neighbours_of_one_role_become_one_turn() -> None:
    transcript = render(
        {"role": "user", "content": "a"},
        {"role": "user", "content": [text("b")]},
        {"role": "assistant", "content": "c"},
        {"role": "assistant", "content": "d"},
        {"role": "user", "content": ""},
        {"role": "user", "content": "e"},
    )
    assert transcript.turns == [
        {"role": "user", "content": [text("a"), text("b")]},
        {"role": "assistant", "content": [text("c"), text("d")]},
        {"role": "user", "content": [text("e")]},
    ]


def test_parallel_tool_calls_and_their_results() -> None:
    transcript = render(
        {"role": "user", "content": "go"},
        {"role": "assistant", "content": None, "tool_calls": [call("f"), call("g", "", cache_control=MARK)]},
        {"role": "tool", "tool_call_id": "call_f", "content": "1"},
        {"role": "tool", "tool_call_id": "call_g", "content": {"error": "no"}, "is_error": True},
        {"role": "user", "content": "and now?"},
    )
    assert transcript.turns[1]["content"] == [use("f"), {**use("g"), "input": {}, "cache_control": MARK}]
    assert transcript.turns[2]["content"] == [
        {"type": "tool_result", "tool_use_id": "call_f", "content": "1"},
        {"type": "tool_result", "tool_use_id": "call_g", "content": '{"error":"no"}', "is_error": True},
        text("and now?"),
    ]


def test_a_tool_result_may_hold_images_or_nothing() -> None:
    image = {"type": "image_url", "image_url": {"url": "https://a.png"}}
    transcript = render(
        {"role": "tool", "tool_call_id": "a", "content": [text("see"), image]},
        {"role": "tool", "tool_call_id": "b", "content": ""},
    )
    assert transcript.turns[0]["content"] == [
        {
            "type": "tool_result",
            "tool_use_id": "a",
            "content": [text("see"), {"type": "image", "source": {"type": "url", "url": "https://a.png"}}],
        },
        {"type": "tool_result", "tool_use_id": "b"},
    ]


def test_thinking_goes_back_byte_for_byte_and_first() -> None:
    message = {
        "role": "assistant",
        "content": "done",
        "reasoning_content": "hm",
        "thinking_blocks": [THOUGHT, HIDDEN],
        "tool_calls": [call()],
    }
    transcript = render(message)
    assert transcript.turns[0]["content"] == [THOUGHT, HIDDEN, text("done"), use()]
    assert transcript.dropped == []


@pytest.mark.parametrize(
    ("message", "name"),
    [
        ({"thinking_blocks": [{"type": "thinking", "thinking": "hm"}]}, "messages.thinking_blocks"),
        ({"thinking_blocks": [{"type": "thinking", "thinking": "hm", "signature": ""}]}, "messages.thinking_blocks"),
        ({"thinking_blocks": ["hm"]}, "messages.thinking_blocks"),
        ({"reasoning_content": "hm"}, "messages.reasoning_content"),
        ({"name": "Ada"}, "messages.name"),
        ({"audio": {"id": "audio_1"}}, "messages.audio"),
        ({"thinking_blocks": [{"type": "reasoning", "id": "rs_1"}]}, "messages.thinking_blocks"),
        ({"provider_blocks": [{"at": 0, "block": OWN, "dialect": "gemini"}]}, "messages.provider_blocks"),
        ({"annotations": [{"type": "url_citation", "url_citation": {"url": "https://a"}}]}, "messages.annotations"),
        ({"extra_content": {"google": {"thought_signature": "Eo8="}}}, "messages.thought_signature"),
    ],
)
def test_what_cannot_be_said_is_left_out_by_name(message: Json, name: str) -> None:
    transcript = render({"role": "assistant", "content": "hi", **message})
    assert transcript.turns == [{"role": "assistant", "content": "hi"}]
    assert transcript.dropped == [name]


def test_the_providers_own_blocks_go_back_to_their_places() -> None:
    spoken = render({"role": "assistant", "content": "ab", "provider_blocks": [{"at": 1, "block": OWN}]})
    listed = render(
        {"role": "assistant", "content": [text("a"), text("b")], "provider_blocks": [{"at": 1, "block": OWN}]}
    )
    assert spoken.turns == listed.turns == [{"role": "assistant", "content": [text("a"), OWN, text("b")]}]


def test_a_signature_on_a_part_or_call_is_named_once() -> None:
    signed: Json = {"extra_content": {"google": {"thought_signature": "Eo8="}}}
    transcript = render({"role": "assistant", "content": [text("a", **signed)], "tool_calls": [call(**signed)]})
    assert transcript.turns[0]["content"] == [text("a"), use()]
    assert {*transcript.dropped} == {"messages.thought_signature"}


def test_a_foreign_id_is_made_to_fit_in_call_and_result_alike() -> None:
    transcript = render(
        {"role": "assistant", "content": None, "tool_calls": [{**call(), "id": "functions.f:0"}]},
        {"role": "tool", "tool_call_id": "functions.f:0", "content": "1"},
    )
    [said], [result] = (turn["content"] for turn in transcript.turns)
    assert said["id"] == result["tool_use_id"]
    assert re.fullmatch(r"[a-zA-Z0-9_-]+", said["id"])


def test_an_assistant_that_said_nothing_is_no_turn() -> None:
    transcript = render(
        {"role": "user", "content": "a"}, {"role": "assistant", "content": ""}, {"role": "user", "content": "b"}
    )
    assert transcript.turns == [{"role": "user", "content": [text("a"), text("b")]}]


def test_a_refusal_is_part_of_the_history() -> None:
    transcript = render({"role": "assistant", "content": None, "refusal": "no"})
    assert transcript.turns == [{"role": "assistant", "content": "no"}]


@pytest.mark.parametrize(
    ("message", "param"),
    [
        ("hi", "messages[1]"),
        ({"content": "hi"}, "messages[1].role"),
        ({"role": "narrator", "content": "hi"}, "messages[1].role"),
        ({"role": "user", "content": 5}, "messages[1].content"),
        ({"role": "user", "content": [text("a"), {"type": "smell"}]}, "messages[1].content[1].type"),
        ({"role": "tool", "content": "1"}, "messages[1].tool_call_id"),
        ({"role": "assistant", "tool_calls": {}}, "messages[1].tool_calls"),
        ({"role": "assistant", "tool_calls": [call(arguments="[1]")]}, "messages[1].tool_calls[0].function.arguments"),
        (
            {"role": "assistant", "tool_calls": [call(arguments='{"a":')]},
            "messages[1].tool_calls[0].function.arguments",
        ),
        (
            {"role": "assistant", "tool_calls": [{"function": {"name": "f"}, "id": 5}]},
            "messages[1].tool_calls[0].function.arguments",
        ),
    ],
)
def test_a_mistake_is_named_by_its_path(message: Any, param: str) -> None:
    with pytest.raises(Failure) as caught:
        render({"role": "user", "content": "a"}, message)
    assert (caught.value.kind, caught.value.param) == ("invalid_request", param)


def test_the_request_is_left_as_it_was() -> None:
    unified = {
        "messages": [
            {"role": "user", "content": [text("a")], "cache_control": MARK},
            {"role": "user", "content": [text("b")]},
            {"role": "assistant", "content": "c", "thinking_blocks": [THOUGHT]},
        ]
    }
    before = deepcopy(unified)
    render_messages(unified)
    assert unified == before


RESULT = {"type": "tool_result", "tool_use_id": "call_f", "content": "1"}
RESULT_G = {**RESULT, "tool_use_id": "call_g"}


@pytest.mark.parametrize(
    ("said", "content"),
    [
        (["a", "f"], [RESULT, text("a")]),
        (["f", "a", "g", "b"], [RESULT, RESULT_G, text("a"), text("b")]),
        (["a", "b", "g", "f"], [RESULT_G, RESULT, text("a"), text("b")]),
    ],
)
def test_results_come_first_in_the_turn_after_the_calls(said: list[str], content: list[Json]) -> None:
    spoken = [
        {"role": "tool", "tool_call_id": f"call_{word}", "content": "1"}
        if word in "fg"
        else {"role": "user", "content": word}
        for word in said
    ]
    calls = {"role": "assistant", "tool_calls": [call(), call("g")]}
    transcript = render({"role": "user", "content": "hi"}, calls, *spoken, {"role": "assistant", "content": "so"})
    assert [turn["role"] for turn in transcript.turns] == ["user", "assistant", "user", "assistant"]
    assert transcript.turns[2]["content"] == content
    assert transcript.turns[0]["content"] == "hi"


@pytest.mark.parametrize("blank", ["", " \n"])
def test_a_part_that_says_nothing_is_left_out(blank: str) -> None:
    own = {"provider_blocks": [{"at": 1, "block": OWN}]}
    transcript = render(
        {"role": "user", "content": [text(blank), text("a"), text(blank, cache_control=MARK)]},
        {"role": "assistant", "content": [text(blank), {"type": "refusal", "refusal": "b"}], **own},
        {"role": "tool", "tool_call_id": "call_f", "content": [text(blank)]},
    )
    assert transcript.turns == [
        {"role": "user", "content": [text("a")]},
        {"role": "assistant", "content": [OWN, text("b")]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "call_f"}]},
    ]
    assert transcript.dropped == ["messages.cache_control"]


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image_url", "image_url": {"url": "https://a/b.png"}},
        {"type": "file", "file": {"file_id": "file_1"}},
    ],
)
def test_a_system_prompt_is_text(part: Json) -> None:
    for messages, system, param in (
        ([{"role": "developer", "content": [text("a"), part]}], None, "messages[0].content"),
        ([{"role": "user", "content": "hi"}], [part], "system"),
    ):
        with pytest.raises(Failure) as caught:
            render(*messages, system=system)
        assert (caught.value.kind, caught.value.param) == ("unsupported_capability", param)
