"""Google's chunks, one after the other, as unified chunks."""

from typing import Any

import orjson
import pytest

from proxy.call import Failure, Json, Usage
from proxy.dialects.gemini.stream import StreamParser, read_event
from proxy.wire.events import Event


def event(*parts: Json, **members: Any) -> Event:
    candidate = {"content": {"parts": list(parts), "role": "model"}, **members.pop("candidate", {})}
    return Event("", orjson.dumps({"candidates": [candidate], "responseId": "r", "modelVersion": "m", **members}))


def chunk(delta: Json, index: int = 0, finish: str | None = None, **members: Any) -> Json:
    choice = {"index": index, "delta": delta, "finish_reason": finish, **members}
    return {"id": "r", "object": "chat.completion.chunk", "created": 0, "model": "m", "choices": [choice]}


STOP = {"finishReason": "STOP"}


def test_a_stream() -> None:
    parser = StreamParser()
    assert parser.feed(event({"text": "h", "thought": True})) == [
        chunk({"role": "assistant", "reasoning_content": "h"})
    ]
    assert parser.feed(event({"text": "a"}, usageMetadata={"promptTokenCount": 9})) == [chunk({"content": "a"})]
    assert parser.usage == Usage(9)
    counts = {"promptTokenCount": 4, "candidatesTokenCount": 2}
    assert parser.feed(event({"text": "b"}, candidate=STOP, usageMetadata=counts)) == [
        chunk({"content": "b"}),
        chunk({}, finish="stop", native_finish_reason="STOP"),
    ]
    [last] = parser.end()
    assert last["choices"] == []
    assert last["usage"] == {"prompt_tokens": 4, "completion_tokens": 2, "total_tokens": 6}


def test_candidates_are_told_apart() -> None:
    parser = StreamParser()
    parser.feed(event({"text": "a"}, candidate={"index": 1}))
    parser.feed(event({"text": "b"}, candidate={"index": 0, **STOP}))
    with pytest.raises(Failure, match="before the answer did"):
        parser.end()
    [ended] = parser.feed(event(candidate={"index": 1, "finishReason": "MAX_TOKENS"}))
    assert ended == chunk({}, 1, "length", native_finish_reason="MAX_TOKENS")
    assert parser.end() == []


def test_pages_are_noted_with_the_end() -> None:
    grounding = {
        "groundingChunks": [{"web": {"uri": "https://a"}}],
        "groundingSupports": [{"segment": {"startIndex": 2, "endIndex": 3}, "groundingChunkIndices": [0]}],
    }
    parser = StreamParser()
    parser.feed(event({"text": "\u00e9a"}))
    [ended] = parser.feed(event(candidate={**STOP, "groundingMetadata": grounding}))
    [note] = ended["choices"][0]["delta"]["annotations"]
    assert (note["start_index"], note["end_index"]) == (1, 2)
    assert ended["choices"][0]["gemini"] == {"groundingMetadata": grounding}


def test_a_prompt_that_was_not_let_through_is_an_end() -> None:
    blocked = Event("", b'{"promptFeedback":{"blockReason":"SAFETY"}}')
    parser = StreamParser()
    [ended] = parser.feed(blocked)
    assert ended["choices"][0]["finish_reason"] == "content_filter"
    assert ended["promptFeedback"] == {"blockReason": "SAFETY"}
    assert parser.end() == []
    assert read_event(blocked) == "end"


@pytest.mark.parametrize(
    ("said", "sign"),
    [
        (event(), "wait"),
        (event({"text": ""}), "wait"),
        (event({"text": "a"}), "spoken"),
        (event({"text": "a", "thought": True}), "spoken"),
        (event({"functionCall": {"name": "f"}}), "spoken"),
        (event({"text": "a"}, candidate=STOP), "end"),
        (Event("", b'{"usageMetadata":{"trafficType":"ON_DEMAND"}}'), "wait"),
    ],
)
def test_signs(said: Event, sign: str) -> None:
    assert read_event(said) == sign


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"{", "provider_error"),
        (b"[]", "provider_error"),
        (b'{"candidates":3}', "provider_error"),
        (b'{"error":{"code":503,"message":"later","status":"UNAVAILABLE"}}', "provider_overloaded"),
    ],
)
def test_errors_and_broken_events(data: bytes, kind: str) -> None:
    for act in (StreamParser().feed, read_event):
        with pytest.raises(Failure) as raised:
            act(Event("", data))
        assert raised.value.kind == kind


def test_a_stream_of_nothing_was_cut() -> None:
    with pytest.raises(Failure) as raised:
        StreamParser().end()
    assert raised.value.kind == "provider_stream_cut"
