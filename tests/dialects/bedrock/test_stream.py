"""A ConverseStream as unified chunks."""

from typing import Any

import orjson
import pytest

from proxy.call import Failure, Json, Usage
from proxy.dialects.bedrock.stream import StreamParser, read_event
from proxy.wire.events import Event

STOP = ("messageStop", {"stopReason": "end_turn"})


def event(name: str, payload: Any) -> Event:
    return Event(name, orjson.dumps(payload))


def delta(index: int, **said: Any) -> tuple[str, Json]:
    return "contentBlockDelta", {"contentBlockIndex": index, "delta": said, "p": "abc"}


def start(index: int, called: str, name: str = "f") -> tuple[str, Json]:
    tool = {"toolUse": {"toolUseId": called, "name": name}}
    return "contentBlockStart", {"contentBlockIndex": index, "start": tool}


def stop(index: int) -> tuple[str, Json]:
    return "contentBlockStop", {"contentBlockIndex": index}


def arguments(index: int, words: str) -> tuple[str, Json]:
    return delta(index, toolUse={"input": words})


def run(*events: tuple[str, Any]) -> list[Json]:
    parser = StreamParser()
    chunks = [chunk for name, payload in events for chunk in parser.feed(event(name, payload))]
    return chunks + parser.end()


def deltas(chunks: list[Json]) -> list[Json]:
    return [choice["delta"] for chunk in chunks for choice in chunk["choices"]]


def test_text_its_end_and_its_counts() -> None:
    counts = {"inputTokens": 3, "outputTokens": 2, "totalTokens": 5}
    chunks = run(
        ("messageStart", {"role": "assistant"}),
        delta(0, text="he"),
        delta(0, text="llo"),
        stop(0),
        ("messageStop", {"stopReason": "max_tokens", "additionalModelResponseFields": {"x": 1}}),
        ("metadata", {"usage": counts, "metrics": {"latencyMs": 5}}),
    )
    assert deltas(chunks) == [{"role": "assistant", "content": ""}, {"content": "he"}, {"content": "llo"}, {}]
    assert (chunks[3]["choices"][0]["finish_reason"], chunks[3]["additionalModelResponseFields"]) == (
        "length",
        {"x": 1},
    )
    assert chunks[4]["choices"] == []
    assert chunks[4]["usage"] == {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
    assert chunks[4]["metrics"] == {"latencyMs": 5}


def test_parallel_calls_keep_their_arguments_when_they_interleave() -> None:
    chunks = run(
        start(1, "t1", "f"),
        start(2, "t2", "g"),
        arguments(2, '{"b"'),
        arguments(1, '{"a"'),
        arguments(2, ":2}"),
        arguments(1, ":1}"),
        stop(1),
        stop(2),
        ("messageStop", {"stopReason": "tool_use"}),
    )
    said: dict[int, str] = {0: "", 1: ""}
    names: dict[int, Any] = {}
    for piece in deltas(chunks):
        for call in piece.get("tool_calls", ()):
            said[call["index"]] += call["function"]["arguments"]
            names.setdefault(call["index"], call.get("id"))
    assert said == {0: '{"a":1}', 1: '{"b":2}'}
    assert names == {0: "t1", 1: "t2"}
    assert chunks[-1]["choices"][0]["finish_reason"] == "tool_calls"


def test_a_schema_that_a_tool_stood_for_ends_with_stop() -> None:
    chunks = run(
        start(0, "t", "outrider_json_answer"), arguments(0, "{}"), stop(0), ("messageStop", {"stopReason": "tool_use"})
    )
    assert deltas(chunks) == [{"content": "{}"}, {}]
    assert chunks[-1]["choices"][0]["finish_reason"] == "stop"


def test_text_after_other_text_closes_it() -> None:
    cited = {"title": "t"}
    chunks = run(delta(0, text="a"), stop(0), delta(1, text="b"), delta(1, citation=cited), stop(1), STOP)
    assert deltas(chunks)[:2] == [{"content": "a"}, {"content": "b", "annotations": []}]
    [note] = deltas(chunks)[2]["annotations"]
    assert (note["start_index"], note["end_index"], note["citation"]) == (1, 2, cited)


def test_unknown_events_and_stops_of_nothing_are_passed_over() -> None:
    assert deltas(run(("novelty", {}), stop(7), STOP)) == [{}]


def test_usage_grows_as_it_is_reported() -> None:
    parser = StreamParser()
    parser.feed(event(*STOP))
    assert parser.usage is None
    assert parser.feed(event("metadata", {"metrics": {}})) == []
    parser.feed(event("metadata", {"usage": {"inputTokens": 3, "outputTokens": 2, "totalTokens": 5}}))
    assert parser.usage == Usage(3, output=2)


def test_a_stream_that_was_cut_has_no_ending() -> None:
    for events in ([], [delta(0, text="a")], [delta(0, text="a"), stop(0)]):
        with pytest.raises(Failure) as caught:
            run(*events)
        assert caught.value.kind == "provider_stream_cut"


@pytest.mark.parametrize(
    ("name", "kind"),
    [("exception/throttlingException", "provider_rate_limited"), ("error/InternalFailure", "provider_error")],
)
def test_an_exception_is_raised_wherever_it_comes(name: str, kind: str) -> None:
    told = event(name, {"message": "slow down"})
    for act in (StreamParser().feed, read_event):
        with pytest.raises(Failure) as caught:
            act(told)
        assert (caught.value.kind, caught.value.detail) == (kind, "slow down")


@pytest.mark.parametrize(
    "broken",
    [
        Event("contentBlockDelta", b"{"),
        Event("contentBlockDelta", b"[]"),
        event("contentBlockDelta", {"delta": {"text": "a"}}),
        event("contentBlockDelta", {"contentBlockIndex": 0, "delta": "a"}),
        event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": 5}}),
        event("contentBlockStart", {"contentBlockIndex": 0}),
        event("contentBlockStop", {}),
    ],
)
def test_a_broken_event_is_the_providers_fault(broken: Event) -> None:
    with pytest.raises(Failure) as caught:
        StreamParser().feed(broken)
    assert caught.value.kind == "provider_error"


@pytest.mark.parametrize(
    ("name", "payload", "sign"),
    [
        ("messageStart", {"role": "assistant"}, "wait"),
        ("contentBlockDelta", {"delta": {"text": ""}}, "wait"),
        ("contentBlockDelta", {"delta": {"text": "a"}}, "spoken"),
        ("contentBlockDelta", {"delta": {"reasoningContent": {"text": "a"}}}, "spoken"),
        ("contentBlockDelta", {"delta": {"reasoningContent": {"text": ""}}}, "wait"),
        ("contentBlockDelta", {"delta": {"toolUse": {"input": ""}}}, "wait"),
        ("contentBlockStart", {"start": {"toolUse": {}}}, "spoken"),
        ("contentBlockStop", {}, "wait"),
        ("messageStop", {}, "end"),
        ("metadata", {}, "wait"),
        ("novelty", {}, "wait"),
    ],
)
def test_what_an_event_says_of_the_attempt(name: str, payload: Json, sign: str) -> None:
    assert read_event(event(name, payload)) == sign
