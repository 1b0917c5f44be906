"""A stream as unified chunks: order, interleaving, usage, and truthful endings."""

from typing import Any

import orjson
import pytest

from proxy.call import Failure, Json, Usage
from proxy.dialects.anthropic.stream import StreamParser, read_event
from proxy.wire.events import Event

START: Json = {
    "type": "message_start",
    "message": {"id": "msg_1", "model": "claude-sonnet-4-6", "usage": {"input_tokens": 5, "output_tokens": 1}},
}
STOP: Json = {"type": "message_stop"}


def event(payload: Json) -> Event:
    return Event(payload["type"], orjson.dumps(payload))


def begin(index: int, kind: str = "text", **block: Any) -> Json:
    return {"type": "content_block_start", "index": index, "content_block": {"type": kind, **block}}


def delta(index: int, kind: str, **said: Any) -> Json:
    return {"type": "content_block_delta", "index": index, "delta": {"type": kind, **said}}


def close(index: int) -> Json:
    return {"type": "content_block_stop", "index": index}


def ended(reason: str = "end_turn", output: int = 9, **extras: Any) -> Json:
    return {"type": "message_delta", "delta": {"stop_reason": reason, **extras}, "usage": {"output_tokens": output}}


def parse(*payloads: Json) -> tuple[list[Json], StreamParser]:
    parser = StreamParser()
    chunks = [chunk for payload in payloads for chunk in parser.feed(event(payload))]
    return chunks + parser.end(), parser


def deltas(chunks: list[Json]) -> list[Json]:
    return [choice["delta"] for chunk in chunks for choice in chunk["choices"]]


def test_the_plainest_stream() -> None:
    text = delta(0, "text_delta", text="hi")
    chunks, parser = parse(START, {"type": "ping"}, begin(0, text=""), text, close(0), ended(), STOP)
    assert chunks[1] == {
        "id": "msg_1",
        "object": "chat.completion.chunk",
        "created": 0,
        "model": "claude-sonnet-4-6",
        "choices": [{"index": 0, "delta": {"content": "hi"}, "finish_reason": None}],
    }
    assert deltas(chunks) == [{"role": "assistant", "content": ""}, {"content": "hi"}, {}]
    assert chunks[-2]["choices"][0]["finish_reason"] == "stop"
    assert chunks[-2]["choices"][0]["native_finish_reason"] == "end_turn"
    assert chunks[-1]["choices"] == []
    assert chunks[-1]["usage"] == {"prompt_tokens": 5, "completion_tokens": 9, "total_tokens": 14}
    assert parser.usage == Usage(input=5, output=9)


@pytest.mark.parametrize(
    ("at", "said", "heard"),
    [
        (0, {"type": "text_delta", "text": ""}, []),
        (0, {"type": "thinking_delta", "text": "no"}, []),
        (1, {"type": "text_delta", "text": "no"}, []),
        (2, {"type": "text_delta", "text": "no"}, None),
        (None, {"type": "text_delta", "text": "no"}, None),
        ([0], {"type": "text_delta", "text": "no"}, None),
        (0, {"type": "text_delta", "text": 5}, None),
        (0, {"type": "text_delta"}, None),
        (0, "no", None),
    ],
)
def test_only_text_for_an_open_block_of_text_is_content(at: Any, said: Any, heard: list[Json] | None) -> None:
    parser = StreamParser()
    for payload in (START, begin(0, text=""), begin(1, "tool_use", id="toolu_1", name="f")):
        parser.feed(event(payload))
    odd = event({"type": "content_block_delta", "index": at, "delta": said})
    if heard is None:
        with pytest.raises(Failure) as caught:
            parser.feed(odd)
        assert caught.value.kind == "provider_error"
    else:
        assert parser.feed(odd) == heard


def test_a_chunk_has_its_members_even_where_the_stream_had_no_beginning() -> None:
    [chunk] = StreamParser().feed(event(ended()))
    assert chunk.keys() == {"id", "object", "created", "model", "choices"}


def test_where_text_of_a_second_block_is_cited_is_counted_from_the_first() -> None:
    cited = {"type": "char_location", "cited_text": "x"}
    chunks, _ = parse(
        START,
        begin(0, text=""),
        delta(0, "text_delta", text="one "),
        close(0),
        begin(1, text=""),
        delta(1, "text_delta", text="two"),
        delta(1, "citations_delta", citation=cited),
        close(1),
        ended(),
        STOP,
    )
    notes = [said["annotations"] for said in deltas(chunks) if said.get("annotations")]
    assert notes == [[{"type": "citation", "start_index": 4, "end_index": 7, "citation": cited}]]


def test_interleaved_tool_calls_keep_their_arguments() -> None:
    chunks, _ = parse(
        START,
        begin(0, text=""),
        begin(1, "tool_use", id="toolu_a", name="f", input={}),
        begin(2, "tool_use", id="toolu_b", name="g", input={}),
        delta(2, "input_json_delta", partial_json='{"b":'),
        delta(1, "input_json_delta", partial_json='{"a":1}'),
        delta(2, "input_json_delta", partial_json="2}"),
        close(1),
        close(0),
        close(2),
        ended("tool_use"),
        STOP,
    )
    arguments = {0: "", 1: ""}
    for said in deltas(chunks):
        for call in said.get("tool_calls", ()):
            arguments[call["index"]] += call["function"]["arguments"]
    assert arguments == {0: '{"a":1}', 1: '{"b":2}'}


def test_usage_supersedes_and_never_adds() -> None:
    parser = StreamParser()
    assert parser.usage is None
    parser.feed(event(START))
    assert parser.usage == Usage(input=5), "what it says of an output that has not come is no report"
    details = {"output_tokens": 50, "input_tokens": 900, "output_tokens_details": {"thinking_tokens": 20}}
    parser.feed(event({"type": "message_delta", "delta": {}, "usage": details}))
    assert parser.usage == Usage(input=900, output=30, reasoning=20)


def test_a_refusal_has_the_providers_words() -> None:
    details = {"type": "refusal", "explanation": "not this"}
    chunks, _ = parse(START, ended("refusal", stop_details=details), STOP)
    [choice] = chunks[1]["choices"]
    assert (choice["finish_reason"], choice["delta"], choice["stop_details"]) == (
        "content_filter",
        {"refusal": "not this"},
        details,
    )


def test_the_stop_sequence_and_the_container_are_kept() -> None:
    chunks, _ = parse(START, ended("stop_sequence", stop_sequence="42", container={"id": "c_1"}), STOP)
    assert chunks[1]["choices"][0]["stop_sequence"] == "42"
    assert chunks[1]["container"] == {"id": "c_1"}


def test_what_is_unknown_is_passed_over() -> None:
    chunks, _ = parse(
        START, {"type": "tomorrow"}, begin(0, text=""), delta(0, "smell_delta", smell="x"), close(0), ended(), STOP
    )
    assert len(chunks) == 3


def test_a_stream_that_was_cut_is_never_completed() -> None:
    parser = StreamParser()
    for payload in (START, begin(0, text=""), delta(0, "text_delta", text="hi"), close(0), ended()):
        parser.feed(event(payload))
    with pytest.raises(Failure) as caught:
        parser.end()
    assert caught.value.kind == "provider_stream_cut"


@pytest.mark.parametrize(
    ("kind", "ours"),
    [
        ("overloaded_error", "provider_overloaded"),
        ("rate_limit_error", "provider_rate_limited"),
        ("invalid_request_error", "invalid_request"),
        ("api_error", "provider_error"),
        ("invented_tomorrow", "provider_error"),
    ],
)
def test_an_error_event_is_a_failure(kind: str, ours: str) -> None:
    error = event({"type": "error", "error": {"type": kind, "message": "words"}})
    for read in (StreamParser().feed, read_event):
        with pytest.raises(Failure, match="words") as caught:
            read(error)
        assert caught.value.kind == ours


@pytest.mark.parametrize(
    "payloads",
    [
        [delta(0, "text_delta", text="a")],
        [START, delta(0, "text_delta", text="a")],
        [START, begin(0, text=""), close(0), delta(0, "text_delta", text="a")],
        [START, close(3)],
        [begin(0, text="")],
        [{"type": "message_start"}],
        [START, {"type": "content_block_start", "index": "0", "content_block": {"type": "text"}}],
        [START, {"type": "message_delta"}],
    ],
)
def test_a_broken_protocol_is_the_providers_fault(payloads: list[Json]) -> None:
    with pytest.raises(Failure) as caught:
        parse(*payloads)
    assert caught.value.kind == "provider_error"


@pytest.mark.parametrize(
    ("payload", "sign"),
    [
        ({"type": "ping"}, "wait"),
        (START, "wait"),
        (begin(0, text=""), "wait"),
        (begin(0, text="hi"), "spoken"),
        (begin(0, "thinking", thinking=""), "spoken"),
        (begin(0, "tool_use", id="a", name="f"), "spoken"),
        (delta(0, "text_delta", text=""), "wait"),
        (delta(0, "text_delta", text="a"), "spoken"),
        (delta(0, "thinking_delta", thinking="a"), "spoken"),
        (delta(0, "input_json_delta", partial_json=""), "wait"),
        (close(0), "wait"),
        (ended(), "wait"),
        (STOP, "end"),
        ({"type": "tomorrow"}, "wait"),
    ],
)
def test_when_the_model_has_spoken(payload: Json, sign: str) -> None:
    assert read_event(event(payload)) == sign


def test_a_ping_is_not_even_read() -> None:
    ping = Event("ping", b"not json")
    assert (read_event(ping), StreamParser().feed(ping)) == ("wait", [])
