"""Cohere's events as unified chunks."""

from collections.abc import Sequence
from typing import Any

import orjson
import pytest

from proxy.call import Failure, Json, Usage
from proxy.dialects.cohere.stream import StreamParser
from proxy.wire.events import Event

START: Json = {"type": "message-start", "id": "s", "delta": {"message": {"role": "assistant"}}}
END: Json = {"type": "message-end", "delta": {"finish_reason": "COMPLETE"}}


def content(kind: str, index: int, **words: Any) -> Json:
    return {"type": f"content-{kind}", "index": index, "delta": {"message": {"content": words}}}


def call(kind: str, index: int, **said: Any) -> Json:
    return {"type": f"tool-call-{kind}", "index": index, "delta": {"message": {"tool_calls": said}}}


def begin(index: int, called: str, name: str) -> Json:
    return call("start", index, id=called, type="function", function={"name": name, "arguments": ""})


def feed(*payloads: Json, parser: StreamParser | None = None) -> list[Json]:
    parser = parser or StreamParser()
    return [chunk for payload in payloads for chunk in parser.feed(Event(payload["type"], orjson.dumps(payload)))]


def deltas(chunks: Sequence[Json]) -> list[Json]:
    return [chunk["choices"][0]["delta"] for chunk in chunks if chunk["choices"]]


def test_thoughts_and_text() -> None:
    parser = StreamParser()
    chunks = feed(
        START,
        content("start", 0, type="thinking", thinking=""),
        content("delta", 0, thinking="Hm."),
        {"type": "content-end", "index": 0},
        content("start", 1, type="text", text="So"),
        content("delta", 1, text=" be it."),
        {"type": "content-end", "index": 1},
        {**END, "delta": {**END["delta"], "usage": {"tokens": {"input_tokens": 3, "output_tokens": 4}}}},
        parser=parser,
    )
    assert deltas(chunks) == [
        {"role": "assistant", "content": ""},
        {"reasoning_content": "Hm."},
        {"content": "So"},
        {"content": " be it."},
        {},
    ]
    assert chunks[-2]["choices"][0] | {} == {
        "index": 0,
        "delta": {},
        "finish_reason": "stop",
        "native_finish_reason": "COMPLETE",
    }
    assert chunks[-1]["choices"] == []
    assert chunks[-1]["usage"] == {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}
    assert parser.usage == Usage(3, output=4)
    assert {chunk["id"] for chunk in chunks} == {"s"}
    assert parser.feed(Event("", b"[DONE]")) == parser.end() == []


def test_calls_keep_their_arguments_however_they_interleave() -> None:
    chunks = feed(
        START,
        begin(0, "a", "look"),
        begin(3, "b", "now"),
        call("delta", 3, function={"arguments": "{}"}),
        call("delta", 0, function={"arguments": '{"at"'}),
        {"type": "tool-call-end", "index": 3},
        call("delta", 0, function={"arguments": ":1}"}),
        {"type": "tool-call-end", "index": 0},
        END,
    )
    said: dict[int, str] = {}
    for delta in deltas(chunks):
        for one in delta.get("tool_calls", ()):
            said[one["index"]] = said.get(one["index"], "") + one["function"]["arguments"]
    assert said == {0: '{"at":1}', 1: "{}"}
    assert chunks[-1]["choices"][0]["finish_reason"] == "tool_calls"
    assert chunks[-1]["choices"][0]["native_finish_reason"] == "COMPLETE"


def test_a_tool_that_takes_nothing() -> None:
    chunks = feed(START, begin(0, "a", "look"), {"type": "tool-call-end", "index": 0}, END)
    assert deltas(chunks)[1:3] == [
        {
            "tool_calls": [
                {"index": 0, "id": "a", "type": "function", "function": {"name": "look", "arguments": ""}},
            ]
        },
        {"tool_calls": [{"index": 0, "function": {"arguments": "{}"}}]},
    ]


def test_a_plan_is_a_thought_to_others() -> None:
    plan = {"type": "tool-plan-delta", "delta": {"message": {"tool_plan": "I look."}}}
    assert deltas(feed(START, plan))[1:] == [{"reasoning_content": "I look.", "tool_plan": "I look."}]


def test_citations_span_the_whole_text() -> None:
    citation = {"start": 1, "end": 2, "text": "b", "content_index": 2}
    chunks = feed(
        START,
        content("start", 0, type="text", text=""),
        content("delta", 0, text="héllo"),
        {"type": "content-end", "index": 0},
        content("start", 1, type="thinking", thinking="hm"),
        {"type": "content-end", "index": 1},
        content("start", 2, type="text", text="abc"),
        {"type": "citation-start", "index": 0, "delta": {"message": {"citations": citation}}},
        {"type": "citation-end", "index": 0},
    )
    assert deltas(chunks)[-1] == {
        "annotations": [
            {"type": "citation", "citation": citation, "dialect": "cohere", "start_index": 6, "end_index": 7}
        ]
    }


def test_parts_without_a_word_come_whole() -> None:
    chunks = feed(
        START,
        content("start", 0, type="text", text="ab"),
        content("start", 1, type="hologram", depth=1, text="x"),
        content("delta", 1, text="y", depth=2),
        {"type": "content-end", "index": 1},
    )
    block = {"type": "hologram", "depth": 2, "text": "xy"}
    assert deltas(chunks)[-1] == {"provider_blocks": [{"at": 2, "block": block, "dialect": "cohere"}]}


def test_logprobs_go_with_their_text() -> None:
    item = {"text": "a", "token_ids": [1], "logprobs": [-0.5]}
    said = {**content("delta", 0, text="a"), "logprobs": item}
    chunks = feed(START, content("start", 0, type="text", text=""), said)
    assert chunks[-1]["choices"][0]["logprobs"]["content"][0]["token"] == "a"


def test_unknown_events_are_passed_over() -> None:
    assert feed({"type": "debug", "prompt": "x"}, {"type": "tool-call-dream"}) == []


def test_the_text_lane_says_what_feed_says() -> None:
    parser, other = StreamParser(), StreamParser()
    for each in (parser, other):
        feed(START, content("start", 0, type="text", text=""), parser=each)
    piece = 'event: content-delta\ndata: {"type":"content-delta","index":0,"delta":{"message":{"content":{"text":"hé"}}}}\n\n'
    match, chunk = parser.text_lane
    assert match(piece.encode()) == "hé".encode()
    assert [chunk("hé")] == feed(content("delta", 0, text="hé"), parser=other)
    cited = {"type": "citation-start", "index": 0, "delta": {"message": {"citations": {"start": 0, "end": 2}}}}
    begun = content("start", 1, type="text", text="")
    assert [feed(begun, {**cited}, parser=each) for each in (parser,)] == [feed(begun, {**cited}, parser=other)]


@pytest.mark.parametrize(
    "piece",
    [
        b'event: content-delta\ndata: {"type":"content-delta","index":7,"delta":{"message":{"content":{"text":"a"}}}}\n\n',
        b'event: content-delta\ndata: {"type":"content-delta","index":1,"delta":{"message":{"content":{"text":"a"}}}}\n\n',
        b'event: content-delta\ndata: {"type":"content-delta","index":0,"delta":{"message":{"content":{"text":"\\n"}}}}\n\n',
        b'event: content-delta\ndata: {"type":"content-delta","index":0,"delta":{"message":{"content":{"text":"\xff"}}}}\n\n',
        b'event: content-delta\ndata: {"type":"content-delta","index":0,"delta":{"message":{"content":{"thinking":"a"}}}}\n\n',
        b"data: [DONE]\n\n",
    ],
)
def test_what_is_not_for_the_lane(piece: bytes) -> None:
    parser = StreamParser()
    feed(
        START,
        content("start", 0, type="text", text=""),
        content("start", 1, type="thinking", thinking=""),
        parser=parser,
    )
    assert parser.text_lane.match(piece) is None


def test_a_stream_without_an_ending_was_cut() -> None:
    parser = StreamParser()
    feed(START, content("start", 0, type="text", text="So"), parser=parser)
    parser.feed(Event("", b"[DONE]"))
    with pytest.raises(Failure) as caught:
        parser.end()
    assert caught.value.kind == "provider_stream_cut"


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        ({"type": "message-end", "delta": {"finish_reason": "ERROR", "error": "it failed"}}, "it failed"),
        (content("delta", 4, text="x"), "part 4 of the content was never started"),
        ({"type": "content-end", "index": 4}, "part 4"),
        (call("delta", 4, function={"arguments": "x"}), "tool call 4 was never started"),
        ({"type": "tool-call-end", "index": 4}, "tool call 4"),
        ({"type": "content-start", "index": 0, "delta": {}}, "message is not an object"),
        ({"type": "content-start", "index": None, "delta": {}}, "index is not an integer"),
        (begin(0, None, "x"), "a tool call's id"),  # type: ignore[arg-type]
    ],
)
def test_what_breaks_the_protocol(payload: Json, words: str) -> None:
    with pytest.raises(Failure) as caught:
        feed(START, payload)
    assert caught.value.kind == "provider_error"
    assert words in caught.value.detail
