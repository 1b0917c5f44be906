"""Unified chunks as Google streams: server-sent events, and the elements of an array."""

from typing import Any

import orjson
import pytest

from proxy.call import Failure, Json
from proxy.dialects.gemini.render_stream import ArrayRenderer, StreamRenderer
from proxy.dialects.ids import signed


def chunk(delta: Json, finish: str | None = None, index: int = 0, **members: Any) -> Json:
    return {"id": "r", "model": "m", "choices": [{"index": index, "delta": delta, "finish_reason": finish}], **members}


USAGE = {
    "id": "r",
    "model": "m",
    "choices": [],
    "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
}


def events(*chunks: Json) -> list[Json]:
    renderer = StreamRenderer({}, 0)
    data = b"".join(map(renderer.feed, chunks)) + renderer.end()
    return [orjson.loads(each.removeprefix(b"data: ")) for each in data.split(b"\r\n\r\n") if each]


def parts_of(event: Json) -> Any:
    return event["candidates"][0]["content"]["parts"]


def test_text_leaves_at_once_and_the_end_waits_for_the_counts() -> None:
    renderer = StreamRenderer({"model": "asked"}, 0)
    first = renderer.feed(chunk({"role": "assistant", "content": "a"}))
    head = {"modelVersion": "m", "responseId": "r"}
    content = {"parts": [{"text": "a"}], "role": "model"}
    assert first == b"data: " + orjson.dumps({"candidates": [{"content": content, "index": 0}], **head}) + b"\r\n\r\n"
    assert renderer.feed(chunk({}, "stop")) == b""
    last = orjson.loads(renderer.feed(USAGE)[6:])
    assert last["candidates"][0]["finishReason"] == "STOP"
    assert last["usageMetadata"] == {"promptTokenCount": 3, "candidatesTokenCount": 2, "totalTokenCount": 5}
    assert renderer.end() == b""


def test_a_stream_without_counts_has_an_end() -> None:
    assert events(chunk({"content": "a"}), chunk({}, "length"))[-1]["candidates"][0]["finishReason"] == "MAX_TOKENS"


def call(index: int, words: str, **members: Any) -> Json:
    return {
        "tool_calls": [{"index": index, "function": {"arguments": words, **members.pop("function", {})}, **members}]
    }


def test_calls_that_interleave_keep_their_arguments() -> None:
    said = events(
        chunk(call(0, "", id="c0", function={"name": "f"}, **signed("c2ln"))),
        chunk(call(1, '{"b"', id="c1", function={"name": "g"})),
        chunk(call(0, '{"a":')),
        chunk(call(1, ":2}")),
        chunk(call(0, "1}")),
        chunk({}, "tool_calls"),
        USAGE,
    )
    assert parts_of(said[-1]) == [
        {"functionCall": {"name": "f", "args": {"a": 1}, "id": "c0"}, "thoughtSignature": "c2ln"},
        {"functionCall": {"name": "g", "args": {"b": 2}, "id": "c1"}},
    ]


def test_thoughts_signatures_and_own_parts() -> None:
    own = {"executableCode": {"code": "1"}}
    said = events(
        chunk({"reasoning_content": "h"}),
        chunk({"content": "a", **signed("c2ln")}),
        chunk({"provider_blocks": [{"at": 1, "block": own, "dialect": "gemini"}, {"at": 1, "block": {"type": "x"}}]}),
        chunk({"refusal": "no"}),
        chunk({}, "stop"),
    )
    assert [parts_of(event) for event in said[:-1]] == [
        [{"text": "h", "thought": True}],
        [{"text": "a"}, {"text": "", "thoughtSignature": "c2ln"}],
        [own],
        [{"text": "no"}],
    ]


def test_what_came_behind_a_call_waits_for_it() -> None:
    own = {"toolCall": {"id": "1"}}
    said = events(
        chunk(call(0, "{}", id="c", function={"name": "f"})),
        chunk({"provider_blocks": [{"at": 0, "calls": 1, "block": own, "dialect": "gemini"}]}),
        chunk({}, "tool_calls"),
    )
    assert parts_of(said[-1]) == [{"functionCall": {"name": "f", "args": {}, "id": "c"}}, own]


def test_several_answers_end_together() -> None:
    said = events(
        chunk({"content": "a"}), chunk({"content": "b"}, index=1), chunk({}, "stop", 1), chunk({}, "length"), USAGE
    )
    assert [each["finishReason"] for each in said[-1]["candidates"]] == ["MAX_TOKENS", "STOP"]


def test_calls_that_cannot_be_said() -> None:
    renderer = StreamRenderer({}, 0)
    renderer.feed(chunk(call(0, "{", id="c", function={"name": "f"})))
    renderer.feed(chunk({}, "tool_calls"))
    with pytest.raises(Failure):
        renderer.end()


def test_an_array_is_whole_json() -> None:
    for chunks in ([chunk({"content": "a"}), chunk({"content": "b"}), chunk({}, "stop"), USAGE], []):
        renderer = ArrayRenderer({}, 0)
        pieces = [renderer.feed(each) for each in chunks]
        array = orjson.loads(b"".join(pieces) + renderer.end())
        assert [parts_of(element) for element in array[:-1]] == [[{"text": "a"}], [{"text": "b"}]][: len(chunks)]


def test_only_text_events_are_the_same_wherever_they_come() -> None:
    assert StreamRenderer({}, 0).stateless
    assert not ArrayRenderer({}, 0).stateless
    renderer = StreamRenderer({}, 0)
    assert renderer.feed(chunk({"content": "a"})) == renderer.feed(chunk({"content": "a"}))
