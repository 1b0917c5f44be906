"""Converse's turns as unified messages."""

from base64 import b64encode
from typing import Any

import pytest

from proxy.call import Failure, Json
from proxy.dialects.anthropic import DIALECT as ANTHROPIC
from proxy.dialects.bedrock.messages import render_messages
from proxy.dialects.bedrock.models import read_known
from proxy.dialects.bedrock.turns import parse_messages

CLAUDE = read_known("anthropic.claude-sonnet-4-5")
PNG = b64encode(b"\x89PNG\r\n\x1a\n").decode()
POINT = {"cachePoint": {"type": "default"}}
MARK = {"type": "ephemeral"}
CITED = {"title": "t", "location": {"documentPage": {"documentIndex": 0, "start": 1, "end": 2}}}
THOUGHT = {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "s+/="}}}
HIDDEN = {"reasoningContent": {"redactedContent": "AAAA"}}
GUARDED = {"guardContent": {"text": {"text": "x"}}}
USE = {"toolUse": {"toolUseId": "t", "name": "f", "input": {"a": 1}}}
RESULT = {"toolResult": {"toolUseId": "t", "content": [{"text": "1"}]}}
SERVED = {"toolUse": {"toolUseId": "s", "name": "nova_grounding", "input": {}, "type": "server_tool_use"}}


def user(*blocks: Json) -> Json:
    return {"role": "user", "content": [*blocks]}


def assistant(*blocks: Json) -> Json:
    return {"role": "assistant", "content": [*blocks]}


ASKED = user({"text": "hi"})

BOTH_WAYS: list[list[Json]] = [
    [ASKED],
    [user({"text": "a"}, POINT, {"text": "b"}, {"cachePoint": {"type": "default", "ttl": "1h"}})],
    [user({"image": {"format": "png", "source": {"bytes": PNG}}}, {"text": "see"})],
    [user({"image": {"format": "png", "source": {"s3Location": {"uri": "s3://a/b.png"}}}}, {"text": "see"})],
    [user(GUARDED, POINT, {"text": "b"})],
    [ASKED, assistant(THOUGHT, HIDDEN, {"text": "a"}, {"text": "b"}, USE, POINT), user(RESULT, POINT, {"text": "go"})],
    [ASKED, assistant(USE), user({"toolResult": {**RESULT["toolResult"], "status": "error"}})],
    [ASKED, assistant(USE), user({"toolResult": {"toolUseId": "t", "content": [{"text": "a"}, GUARDED]}})],
    [ASKED, assistant({"text": "a"}, SERVED, {"text": "b"})],
    [ASKED, assistant({"text": "a"}, {"citationsContent": {"content": [{"text": "b"}], "citations": [CITED]}}, SERVED)],
    [ASKED, assistant({"text": "a"}, THOUGHT, {"text": "b"})],
]


@pytest.mark.parametrize("turns", BOTH_WAYS)
def test_turns_come_back(turns: list[Json]) -> None:
    transcript = render_messages({"messages": parse_messages({"messages": turns})}, CLAUDE)
    assert transcript.turns == turns
    assert transcript.dropped == []


def test_a_system_prompt_comes_back() -> None:
    for system in ([{"text": "a"}], [{"text": "a"}, POINT, {"text": "b"}], [GUARDED]):
        messages = parse_messages({"system": system, "messages": [ASKED]})
        assert messages[0]["role"] == "system"
        assert render_messages({"messages": messages}, CLAUDE).system == system
    assert parse_messages({"system": [], "messages": [ASKED]}) == [{"role": "user", "content": "hi"}]
    assert parse_messages({"messages": [ASKED, {"role": "system", "content": [{"text": "b"}]}]})[1] == {
        "role": "system",
        "content": "b",
    }


def test_tool_results_are_messages_of_their_own() -> None:
    results = {"toolResult": {"toolUseId": "t", "content": [{"json": {"a": 1}}], "status": "success"}}
    messages = parse_messages({"messages": [ASKED, assistant(USE), user({"text": "so"}, results, {"text": "and"})]})
    assert messages[1:] == [
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "t", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}],
        },
        {"role": "user", "content": "so"},
        {"role": "tool", "tool_call_id": "t", "content": '{"a":1}', "is_error": False},
        {"role": "user", "content": "and"},
    ]


def test_a_result_may_be_empty() -> None:
    empty = {"toolResult": {"toolUseId": "t", "content": []}}
    assert parse_messages({"messages": [ASKED, assistant(USE), user(empty)]})[2]["content"] == ""


def test_thoughts_are_words_and_sealed_blocks() -> None:
    unsigned = {"reasoningContent": {"reasoningText": {"text": "er"}}}
    [_, message] = parse_messages({"messages": [ASKED, assistant(THOUGHT, unsigned, HIDDEN)]})
    assert message["reasoning_content"] == "hmer"
    assert message["thinking_blocks"] == [
        {"type": "thinking", "thinking": "hm", "signature": "s+/="},
        {"type": "redacted_thinking", "data": "AAAA"},
    ]


def test_citations_are_about_the_text_they_span() -> None:
    cited = {"citationsContent": {"content": [{"text": "b"}, {"text": "c"}], "citations": [CITED]}}
    [_, message] = parse_messages({"messages": [ASKED, assistant({"text": "a"}, cited)]})
    assert message["content"] == "abc"
    [note] = message["annotations"]
    assert (note["start_index"], note["end_index"], note["citation"]) == (1, 3, CITED)


@pytest.mark.parametrize(
    ("turns", "param"),
    [
        ("hi", "messages"),
        (["hi"], "messages[0]"),
        ([{"content": []}], "messages[0].role"),
        ([{"role": "tool", "content": []}], "messages[0].role"),
        ([{"role": "user", "content": "hi"}], "messages[0].content"),
        ([user("hi")], "messages[0].content[0]"),  # type: ignore[arg-type]
        ([user({"image": {"format": "png", "source": {"bytes": "%"}}})], "messages[0].content[0].image.source.bytes"),
        ([user(POINT, {"toolResult": {}})], "messages[0].content[1].toolResult.toolUseId"),
        ([user({"toolResult": {"toolUseId": "t"}})], "messages[0].content[0].toolResult.content"),
        ([ASKED, user(RESULT)], "messages[1].content.toolResult.toolUseId"),
        ([assistant({"toolUse": {"name": "f"}})], "messages[0].content[0].toolUse.input"),
        ([assistant({"toolUse": {"input": {}}})], "messages[0].content[0].toolUse.name"),
        ([assistant({"toolUse": {"input": {}, "name": "f"}})], "messages[0].content[0].toolUse.toolUseId"),
        ([assistant({"reasoningContent": {}})], "messages[0].content[0].reasoningContent.reasoningText"),
        ([user({"text": "a"}, {"cachePoint": 5})], "messages[0].content[1].cachePoint"),
    ],
)
def test_a_mistake_is_named_by_its_path(turns: Any, param: str) -> None:
    with pytest.raises(Failure) as caught:
        parse_messages({"messages": turns})
    assert (caught.value.kind, caught.value.param) == ("invalid_request", param)


def test_what_a_guardrail_looks_at_is_said_to_others_and_marked_for_bedrock() -> None:
    picture = {"guardContent": {"image": {"format": "png", "source": {"bytes": PNG}}}}
    grounded = {"guardContent": {"text": {"text": "x", "qualifiers": ["query"]}}}
    [message] = parse_messages({"messages": [user(grounded, picture, {"text": "b"})]})
    assert message["content"] == [
        {"type": "text", "text": "x"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}},
        {"type": "text", "text": "b"},
    ]
    assert [(entry["at"], entry["block"]) for entry in message["provider_blocks"]] == [(0, grounded), (1, picture)]
    rendering = ANTHROPIC.render_request({"messages": [message]}, "claude-sonnet-4-5")
    assert [block["type"] for block in rendering.wire["messages"][0]["content"]] == ["text", "image", "text"]
    assert rendering.dropped == ["messages.provider_blocks"]


@pytest.mark.parametrize(
    "block",
    [
        {"image": {"format": "png", "source": {"s3Location": {"uri": "s3://b/a", "bucketOwner": "1"}}}},
        {"document": {"format": "pdf", "name": "a", "source": {"s3Location": {"uri": "s3://b/a.pdf"}}}},
        {"video": {"format": "mp4", "source": {"s3Location": {"uri": "s3://b/a.mp4"}}}},
    ],
)
def test_what_lies_in_s3_comes_back_and_is_refused_elsewhere(block: Json) -> None:
    turns = [user({"text": "see"}, block)]
    messages = parse_messages({"messages": turns})
    assert render_messages({"messages": messages}, CLAUDE).turns == turns
    with pytest.raises(Failure) as caught:
        ANTHROPIC.render_request({"messages": messages}, "claude-sonnet-4-5")
    assert caught.value.kind == "unsupported_capability"
    assert str(caught.value.param).startswith("messages[0].content[1]")
