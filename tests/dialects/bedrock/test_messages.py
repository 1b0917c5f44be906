"""Unified messages as Converse's turns: what is gathered, merged, carried and refused."""

from copy import deepcopy
from typing import Any

import pytest

from proxy.call import Failure, Json
from proxy.dialects.bedrock.citations import annotate
from proxy.dialects.bedrock.messages import Transcript, render_messages
from proxy.dialects.bedrock.models import read_known

CLAUDE = "anthropic.claude-sonnet-4-5"
MARK = {"type": "ephemeral"}
POINT = {"cachePoint": {"type": "default"}}
THOUGHT = {"type": "thinking", "thinking": "hm", "signature": "EqoD+/=="}
OWN = {"guardContent": {"text": {"text": "x"}}}
SOUND = {"data": "AAAA", "format": "wav"}
CITED = {"title": "t", "location": {"documentPage": {"documentIndex": 0, "start": 1, "end": 2}}}


def render(*messages: Any, model: str = CLAUDE, **unified: Any) -> Transcript:
    return render_messages({"messages": [*messages], **unified}, read_known(model))


def call(name: str = "f", arguments: str = '{"a":1}', **extras: Any) -> Json:
    return {"id": f"call_{name}", "type": "function", "function": {"name": name, "arguments": arguments}, **extras}


def use(name: str = "f", given: Any = None) -> Json:
    return {"toolUse": {"toolUseId": f"call_{name}", "name": name, "input": {"a": 1} if given is None else given}}


def result(name: str = "f", *content: Json, **extras: Any) -> Json:
    return {"toolResult": {"toolUseId": f"call_{name}", "content": [*content], **extras}}


def user(*blocks: Json) -> Json:
    return {"role": "user", "content": [*blocks]}


def text(words: str, **extras: Any) -> Json:
    return {"type": "text", "text": words, **extras}


def test_system_and_developer_messages_are_gathered_in_order() -> None:
    transcript = render(
        {"role": "system", "content": "two"},
        {"role": "user", "content": "hi"},
        {"role": "developer", "content": [text("three", cache_control=MARK), text(" ")]},
        system="one",
    )
    assert transcript.system == [{"text": "one"}, {"text": "two"}, {"text": "three"}, POINT]
    assert transcript.turns == [user({"text": "hi"})]


def test_neighbours_of_one_role_become_one_turn_and_what_is_blank_is_left_out() -> None:
    transcript = render(
        {"role": "user", "content": "a"},
        {"role": "user", "content": [text("b"), text("")]},
        {"role": "assistant", "content": ""},
        {"role": "assistant", "refusal": "no"},
        {"role": "assistant", "content": [{"type": "refusal", "refusal": "never"}]},
    )
    assert transcript.turns == [
        user({"text": "a"}, {"text": "b"}),
        {"role": "assistant", "content": [{"text": "no"}, {"text": "never"}]},
    ]


def test_parallel_tool_calls_and_their_results_in_one_turn() -> None:
    transcript = render(
        {"role": "user", "content": "go"},
        {"role": "assistant", "content": "well", "tool_calls": [call("f"), call("g", "", cache_control=MARK)]},
        {"role": "tool", "tool_call_id": "call_f", "content": "1"},
        {"role": "tool", "tool_call_id": "call_g", "content": {"error": "no"}, "is_error": True, "cache_control": MARK},
        {"role": "user", "content": "and now?"},
    )
    _, assistant, results = transcript.turns
    assert assistant["content"] == [{"text": "well"}, use("f"), use("g", {}), POINT]
    assert results == user(
        result("f", {"text": "1"}),
        result("g", {"json": {"error": "no"}}, status="error"),
        POINT,
        {"text": "and now?"},
    )
    assert transcript.dropped == []


def test_a_result_may_be_empty_and_may_hold_an_image() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/jpeg;base64,/9j/"}}
    transcript = render(
        {"role": "tool", "tool_call_id": "call_f", "content": ""},
        {"role": "tool", "tool_call_id": "call_g", "content": [text("see"), image], "is_error": False},
    )
    empty = render({"role": "tool", "tool_call_id": "call_f", "content": " "}, model="nvidia.nemotron-nano-9b-v2")
    assert empty.turns == [user(result("f", {"text": ""}))]
    block = {"image": {"format": "jpeg", "source": {"bytes": "/9j/"}}}
    assert transcript.turns == [user(result("f"), result("g", {"text": "see"}, block, status="success"))]


def test_an_error_is_named_where_a_result_cannot_say_it() -> None:
    failed = {"role": "tool", "tool_call_id": "call_f", "content": "1", "is_error": True}
    transcript = render(failed, {**failed, "is_error": False}, model="meta.llama3-3-70b")
    assert transcript.dropped == ["messages.tool.is_error"]
    assert transcript.turns == [user(*[result("f", {"text": "1"})] * 2)]


def test_signed_thoughts_go_back_first_and_unsigned_ones_are_named() -> None:
    transcript = render({"role": "assistant", "content": "so", "thinking_blocks": [THOUGHT, {"type": "thinking"}]})
    said = {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "EqoD+/=="}}}
    assert transcript.turns[0]["content"] == [said, {"text": "so"}]
    assert transcript.dropped == ["messages.thinking_blocks"]
    assert render({"role": "assistant", "content": "so", "reasoning_content": "hm"}).dropped == [
        "messages.reasoning_content"
    ]


def test_own_blocks_and_citations_go_back_where_they_stood_and_others_are_named() -> None:
    own = {"at": 1, "block": OWN, "dialect": "bedrock"}
    notes = [annotate(CITED, 0, 2)]
    transcript = render(
        {"role": "user", "content": [text("a"), text("b")], "provider_blocks": [own, {"at": 0, "block": {"x": 1}}]},
        {"role": "assistant", "content": "so it is", "annotations": [*notes, {"type": "citation", "citation": {}}]},
    )
    assert transcript.turns[0] == user({"text": "a"}, OWN, {"text": "b"})
    cited = {"citationsContent": {"content": [{"text": "so"}], "citations": [CITED]}}
    assert transcript.turns[1]["content"] == [cited, {"text": " it is"}]
    assert transcript.dropped == ["messages.provider_blocks", "messages.annotations"]


def test_markers_become_cache_points_after_their_blocks() -> None:
    transcript = render(
        {"role": "user", "content": [text("a", cache_control={**MARK, "ttl": "1h"}), text("b")], "cache_control": MARK},
        {"role": "assistant", "content": "c"},
        {"role": "user", "content": "d"},
        cache_control=MARK,
    )
    hour = {"cachePoint": {"type": "default", "ttl": "1h"}}
    assert transcript.turns[0] == user({"text": "a"}, hour, {"text": "b"}, POINT)
    assert transcript.turns[-1] == user({"text": "d"}, POINT)


def test_a_marker_is_named_where_the_model_has_no_cache() -> None:
    transcript = render({"role": "user", "content": [text("a", cache_control=MARK)]}, model="mistral.mistral-large")
    assert transcript.turns == [user({"text": "a"})]
    assert transcript.dropped == ["messages.cache_control"]


def test_what_has_no_word_is_named() -> None:
    signature: Json = {"extra_content": {"google": {"thought_signature": "s"}}}
    transcript = render(
        {"role": "user", "content": "a", "name": "Ann"},
        {
            "role": "assistant",
            "content": [text("b", **signature)],
            "tool_calls": [call(**signature)],
            "audio": {"id": "x"},
        },
    )
    assert transcript.dropped == [
        "messages.name",
        "messages.audio",
        "messages.thought_signature",
        "messages.thought_signature",
    ]


@pytest.mark.parametrize(
    ("message", "param"),
    [
        ("hi", "messages[0]"),
        ({"content": "x"}, "messages[0].role"),
        ({"role": "narrator", "content": "x"}, "messages[0].role"),
        ({"role": "user", "content": " "}, "messages[0].content"),
        ({"role": "user", "content": 5}, "messages[0].content"),
        ({"role": "user", "content": ["x"]}, "messages[0].content[0]"),
        ({"role": "user", "content": [{"type": "hologram"}]}, "messages[0].content[0].type"),
        ({"role": "user", "content": [{"type": "text", "text": 5}]}, "messages[0].content[0].text"),
        ({"role": "assistant", "tool_calls": [call(arguments="[]")]}, "messages[0].tool_calls[0].function.arguments"),
        (
            {"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": ""}}]},
            "messages[0].tool_calls[0].id",
        ),
        ({"role": "tool", "content": "x"}, "messages[0].tool_call_id"),
        (
            {"role": "tool", "tool_call_id": "c", "content": [{"type": "input_audio", "input_audio": SOUND}]},
            "messages[0].content",
        ),
    ],
)
def test_a_mistake_is_named_by_its_path(message: Any, param: str) -> None:
    with pytest.raises(Failure) as caught:
        render(message)
    assert (caught.value.kind, caught.value.param) == ("invalid_request", param)


def test_nothing_of_the_request_is_changed() -> None:
    messages = [
        {"role": "user", "content": [text("a", cache_control=MARK)]},
        {"role": "user", "content": "b"},
        {"role": "assistant", "content": "c", "thinking_blocks": [THOUGHT], "tool_calls": [call()]},
    ]
    before = deepcopy(messages)
    render(*messages, cache_control=MARK)
    assert messages == before


@pytest.mark.parametrize(
    ("said", "content"),
    [
        (["a", "f"], [result("f", {"text": "1"}), POINT, {"text": "a"}]),
        (["f", "a", "g"], [result("f", {"text": "1"}), POINT, result("g", {"text": "1"}), POINT, {"text": "a"}]),
    ],
)
def test_results_come_first_in_the_turn_after_the_calls(said: list[str], content: list[Json]) -> None:
    spoken = [
        {"role": "tool", "tool_call_id": f"call_{word}", "content": "1", "cache_control": MARK}
        if word in "fg"
        else {"role": "user", "content": word}
        for word in said
    ]
    calls = {"role": "assistant", "tool_calls": [call(), call("g")]}
    transcript = render({"role": "user", "content": "hi"}, calls, *spoken)
    assert transcript.turns[2]["content"] == content
    assert transcript.turns[0] == user({"text": "hi"})


def test_a_system_prompt_is_text_or_something_for_the_guardrail() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
    for messages, system, param in (
        ([{"role": "system", "content": [text("a"), image]}], None, "messages[0].content"),
        ([{"role": "user", "content": "hi"}], [image], "system"),
    ):
        with pytest.raises(Failure) as caught:
            render(*messages, system=system)
        assert (caught.value.kind, caught.value.param) == ("unsupported_capability", param)
    own = {"provider_blocks": [{"at": 0, "block": OWN, "dialect": "bedrock"}]}
    assert render({"role": "system", "content": "a", **own}).system == [OWN, {"text": "a"}]


def test_a_block_beside_its_part_is_said_once_and_beside_another_too() -> None:
    own = {"provider_blocks": [{"at": 0, "block": OWN, "dialect": "bedrock"}]}
    marked = {"role": "user", "content": [text("x", cache_control=MARK), text("y")], **own}
    assert render(marked).turns == [user(OWN, POINT, {"text": "y"})]
    assert render({**marked, "content": [text("y")]}).turns == [user(OWN, {"text": "y"})]
