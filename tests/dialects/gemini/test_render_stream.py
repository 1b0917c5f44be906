"""Unified chunks as Google streams: server-sent events, and the elements of an array."""

from typing import Any

import orjson
import pytest

from proxy.call import Failure, Json
from proxy.dialects.chunks import MARK
from proxy.dialects.gemini.errors import render_error_element
from proxy.dialects.gemini.render_stream import ArrayRenderer, StreamRenderer
from proxy.dialects.gemini.stream import StreamParser
from proxy.dialects.ids import signed
from proxy.wire.events import Event


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


def test_a_prompt_that_was_not_let_through_has_no_words() -> None:
    feedback: Json = {"promptFeedback": {"blockReason": "SAFETY"}}
    ended = chunk({"role": "assistant", "content": None, "refusal": "no"}, "content_filter", **feedback)
    counts = {"promptTokenCount": 3, "candidatesTokenCount": 2, "totalTokenCount": 5}
    head = {"modelVersion": "m", "responseId": "r"}
    assert events(ended, USAGE) == [{"usageMetadata": counts, **feedback, **head}]
    assert events(ended) == [{**feedback, **head}]
    renderer = ArrayRenderer({}, 0)
    assert orjson.loads(renderer.feed(ended) + renderer.end()) == [{**feedback, **head}]
    rated: Json = {"promptFeedback": {"safetyRatings": []}}
    assert events(chunk({"content": "a"}), chunk({}, "stop", **rated))[-1]["candidates"][0]["finishReason"] == "STOP"


def test_its_own_parser_hears_the_end_of_a_prompt_that_was_not_let_through() -> None:
    blocked = chunk({"role": "assistant", "content": None}, "content_filter", promptFeedback={"blockReason": "SAFETY"})
    for chunks in ([blocked], [chunk({"content": "a"}), blocked]):
        parser = StreamParser()
        heard = [each for said in events(*chunks, USAGE) for each in parser.feed(Event("", orjson.dumps(said)))]
        assert heard[-1]["choices"][0]["finish_reason"] == "content_filter"
        assert [each["usage"]["total_tokens"] for each in parser.end()] == [5]


def test_a_call_that_the_limit_has_cut_is_left_out() -> None:
    said = events(
        chunk({"content": "a"}),
        chunk(call(0, '{"a":1}', id="c0", function={"name": "f"})),
        chunk(call(1, '{"b"', id="c1", function={"name": "g"})),
        chunk({}, "length"),
        USAGE,
    )
    [candidate] = said[-1]["candidates"]
    assert candidate["finishReason"] == "MAX_TOKENS"
    assert candidate["content"]["parts"] == [{"functionCall": {"name": "f", "args": {"a": 1}, "id": "c0"}}]


def test_an_answer_that_ended_well_without_a_reason_has_stopped() -> None:
    for chunks in (
        [chunk({"content": "a"})],
        [chunk({"role": "assistant", "content": ""}), chunk({"content": "a"}), USAGE],
    ):
        said = events(*chunks)
        assert parts_of(said[0]) == [{"text": "a"}]
        assert [each["finishReason"] for each in said[-1]["candidates"]] == ["STOP"]
        assert ("usageMetadata" in said[-1]) == (USAGE in chunks)
    two = events(chunk({"role": "assistant"}), chunk({"role": "assistant"}, index=1), chunk({}, "length", 1))
    assert [each["finishReason"] for each in two[-1]["candidates"]] == ["STOP", "MAX_TOKENS"]


@pytest.mark.parametrize(
    "said",
    [
        chunk({"content": 'a \u00e9 " \n'}),
        chunk({"content": "a"}, usage=None, service_tier="default"),
        chunk({"content": "a"}, index=1),
        chunk({"content": "a", "reasoning_content": "b"}),
        chunk({"content": ""}),
        chunk({"content": "a"}, "stop"),
        {**chunk({"content": "a"}), "model": "other", "id": None},
        {
            "choices": [
                {"index": 0, "delta": {"content": "a"}, "logprobs": {"content": [{"token": "a", "logprob": -1}]}}
            ]
        },
        {**chunk({"content": "a"}), "usage": USAGE["usage"]},
        chunk({"content": "a"}, createTime="2026-08-19T14:38:15Z"),
    ],
)
@pytest.mark.parametrize("kind", [StreamRenderer, ArrayRenderer])
def test_text_alone_and_text_beside_something_else_are_said_alike(
    kind: type[StreamRenderer], said: Json, monkeypatch: pytest.MonkeyPatch
) -> None:
    renderer = kind({"model": "asked"}, 0)
    quick = [renderer.feed(said), renderer.feed(said), renderer.end()]
    monkeypatch.setattr("proxy.dialects.gemini.render_stream.plain_text", lambda chunk: None)
    renderer = kind({"model": "asked"}, 0)
    assert [renderer.feed(said), renderer.feed(said), renderer.end()] == quick


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


def test_texts_are_the_same_wherever_they_come() -> None:
    say = StreamRenderer({}, 0).text_lane(chunk({"content": MARK}))
    assert say is not None
    assert say(b"a %d") == StreamRenderer({}, 0).feed(chunk({"content": "a %d"}))


def test_the_first_element_of_an_array_is_unlike_the_others() -> None:
    renderer = ArrayRenderer({}, 0)
    assert renderer.text_lane(chunk({"content": MARK})) is None
    assert renderer.feed(chunk({"content": "a"})).startswith(b"[")
    say = renderer.text_lane(chunk({"content": MARK}))
    assert say is not None
    assert say(b"a") == renderer.feed(chunk({"content": "a"}))


def test_an_array_that_breaks_before_anything_was_said_is_json_still() -> None:
    renderer = ArrayRenderer({}, 0)
    broken = renderer.feed(chunk({"role": "assistant", "content": ""}))
    assert broken
    assert renderer.feed(chunk({"role": "assistant", "content": ""})) == b""
    first, last = orjson.loads(broken + render_error_element(Failure("provider_stream_cut", "it broke")))
    assert "candidates" not in first
    assert last["error"]["message"] == "it broke"
