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
TOLD = b'{"promptTokenCount": 9,"candidatesTokenCount": 1%d,"promptTokensDetails": [{"modality": "TEXT","tokenCount": 9}]%b}'
#: How events of text are written: by the Gemini API, by it without spaces, and by Vertex.
WRITTEN = (
    b'data: {"candidates": [{"content": {"parts": [{"text": "%b"}],"role": "model"},"index": 0}],'
    b'"usageMetadata": %b,"modelVersion": "m","responseId": "r"}\r\n\r\n',
    b'data: {"candidates":[{"content":{"parts":[{"text":"%b"}],"role":"model"},"index":0}],'
    b'"usageMetadata":%b,"modelVersion":"m","responseId":"r"}\n\n',
    b'data: {"candidates": [{"content": {"role": "model","parts": [{"text": "%b"}]}}],'
    b'"usageMetadata": %b,"modelVersion": "m","createTime": "2026-08-19T14:38:15.050708Z","responseId": "r"}\r\n\r\n',
)


def begun() -> StreamParser:
    parser = StreamParser()
    parser.feed(event({"text": "\u00e9"}))
    return parser


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


@pytest.mark.parametrize("written", WRITTEN)
def test_the_short_cut_for_text_hears_what_is_heard_without_it(written: bytes) -> None:
    short, long = begun(), begun()
    match, chunk = short.text_lane
    reports = [
        TOLD % (0, b""),
        TOLD % (1, b""),
        TOLD % (2, b',"cachedContentTokenCount": 3'),
        TOLD % (3, b""),
        b'{"trafficType":"ON_DEMAND"}',
    ]
    for text in (b"a", "wörds".encode(), b"{} %d '", b"\x7f"):
        for told in reports:
            piece = written % (text, told)
            said = match(piece)
            assert said == text
            assert [chunk(said.decode())] == long.feed(Event("", piece[6:].strip()))
            assert short.usage == long.usage
            match(piece)
            long.feed(Event("", piece[6:].strip()))
    ended = event(candidate={**STOP, "citationMetadata": {"citations": [{"startIndex": 4, "endIndex": 8}]}})
    assert short.feed(ended) == long.feed(ended)
    assert short.end() == long.end()


def test_the_short_cut_reads_no_report_before_somebody_asks() -> None:
    parser = begun()
    for written in (TOLD % (2, b',"cachedContentTokenCount": 3'), TOLD % (3, b""), TOLD % (4, b"")):
        assert parser.text_lane.match(WRITTEN[0] % (b"a", written)) == b"a"
    assert parser.feed(event({"text": "a"}, usageMetadata={"promptTokenCount": 10})) == [chunk({"content": "a"})]
    assert parser.usage == Usage(7, cache_read=3, output=14)


@pytest.mark.parametrize(
    "piece",
    [
        WRITTEN[0] % (b"a\\n", TOLD % (0, b"")),
        WRITTEN[0] % (b"\xff", TOLD % (0, b"")),
        WRITTEN[0] % (b"", TOLD % (0, b"")),
        WRITTEN[0] % (b'a"},{"text": "b', TOLD % (0, b"")),
        WRITTEN[0] % (b"a", TOLD % (0, b',"a": 01')),
        WRITTEN[0] % (b"a", TOLD % (0, b',"a": {}')),
        WRITTEN[0] % (b"a", TOLD % (0, b',"a": 1 "b": 2')),
        WRITTEN[0] % (b"a", b"{}"),
        WRITTEN[0] % (b"a", TOLD % (0, b"")) * 2,
        (WRITTEN[0] % (b"a", TOLD % (0, b"")))[:-2],
        (WRITTEN[0] % (b"a", TOLD % (0, b""))).replace(b'"index": 0', b'"index": 1'),
        (WRITTEN[0] % (b"a", TOLD % (0, b""))).replace(b'"index": 0', b'"index": 0,"finishReason": "STOP"'),
        (WRITTEN[0] % (b"a", TOLD % (0, b""))).replace(b"modelVersion", b"promptFeedback"),
        (WRITTEN[0] % (b"a", TOLD % (0, b""))).replace(b'"m"', b'"\xff"'),
    ],
)
def test_what_is_no_plain_text_takes_the_long_way(piece: bytes) -> None:
    parser = begun()
    assert parser.text_lane.match(piece) is None
    assert parser.usage is None


def test_the_first_text_takes_the_long_way() -> None:
    piece = WRITTEN[0] % (b"a", TOLD % (0, b""))
    nameless = StreamParser()
    nameless.feed(Event("", b'{"candidates":[{"content":{"parts":[{"text":"a"}]}}]}'))
    for parser in (StreamParser(), nameless):
        assert parser.text_lane.match(piece) is None


@pytest.mark.parametrize(
    "payload",
    [
        {"candidates": [{"content": {"parts": [{"text": "b"}]}}]},
        {"candidates": [{"content": {"parts": [{"text": "b"}]}, "index": 0}], "usageMetadata": {"promptTokenCount": 5}},
        {"candidates": [{"content": {"parts": [{"text": "b"}, {"text": "c"}]}}]},
        {"candidates": [{"content": {"parts": [{"text": "b"}]}}, {"index": 1, "content": {"parts": [{"text": "d"}]}}]},
        {"candidates": [{"content": {"parts": [{"text": "b"}]}, "index": 1}]},
        {"candidates": [{"content": {"parts": [{"text": "b", "thought": True}]}}]},
        {"candidates": [{"content": {"parts": [{"text": ""}]}}]},
        {"candidates": [{"content": {"parts": [{"text": "b"}]}}], "promptFeedback": {"blockReason": "SAFETY"}},
        {"candidates": [{"content": {"parts": [{"text": "b"}]}, **STOP}]},
    ],
)
def test_text_alone_and_text_beside_something_else_are_heard_alike(
    payload: Json, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = Event("", orjson.dumps({**payload, "responseId": "r", "modelVersion": "m"}))
    parser = begun()
    quick, usage = parser.feed(event), parser.usage
    monkeypatch.setattr("proxy.dialects.gemini.stream.plain_text", lambda payload: None)
    parser = begun()
    assert (parser.feed(event), parser.usage) == (quick, usage)


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
    assert ended["choices"] == [
        {
            "index": 0,
            "delta": {"role": "assistant", "content": None},
            "finish_reason": "content_filter",
            "native_finish_reason": "SAFETY",
        }
    ]
    assert ended["promptFeedback"] == {"blockReason": "SAFETY"}
    assert parser.feed(blocked) == []
    assert parser.end() == []
    assert read_event(blocked) == "end"


def test_a_prompt_that_is_stopped_later_ends_every_answer_that_goes_on() -> None:
    parser = StreamParser()
    parser.feed(event({"text": "a"}))
    parser.feed(event({"text": "b"}, candidate={"index": 1, **STOP}))
    feedback = {"blockReason": "OTHER", "blockReasonMessage": "no"}
    [ended] = parser.feed(Event("", orjson.dumps({"promptFeedback": feedback})))
    [choice] = ended["choices"]
    assert (choice["index"], choice["finish_reason"], choice["delta"]["refusal"]) == (0, "content_filter", "no")
    assert parser.end() == []


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
