"""A Responses stream as chunks: by index, truthfully ended, and with a short cut for text that changes nothing."""

from typing import Any

import orjson
import pytest

from proxy.call import Failure, Json
from proxy.dialects.responses.stream import StreamParser, read_event
from proxy.wire.events import Event

CREATED: Json = {"type": "response.created", "response": {"id": "r", "model": "m", "created_at": 5}}
MESSAGE: Json = {"type": "message", "id": "msg", "role": "assistant", "content": []}


def event(kind: str, **said: Any) -> Json:
    return {"type": f"response.{kind}", **said}


def added(index: int, item: Json) -> Json:
    return event("output_item.added", output_index=index, item=item)


def call(index: int) -> Json:
    return added(
        index, {"type": "function_call", "id": f"fc_{index}", "call_id": f"c{index}", "name": "f", "arguments": ""}
    )


def ended(kind: str = "completed", **said: Any) -> Json:
    return event(kind, response={"id": "r", "model": "m", "status": kind, **said})


def arguments(index: int, words: str) -> Json:
    return event("function_call_arguments.delta", output_index=index, delta=words)


def parse(*payloads: Json) -> list[Json]:
    parser = StreamParser()
    chunks = [chunk for payload in payloads for chunk in parser.feed(Event("", orjson.dumps(payload)))]
    return chunks + parser.end()


def deltas(*payloads: Json) -> list[Json]:
    return [choice["delta"] for chunk in parse(CREATED, *payloads, ended()) for choice in chunk["choices"]][1:-1]


def test_a_stream_begins_and_ends() -> None:
    usage = {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}
    first, finish, last = parse(CREATED, event("in_progress", response={}), ended(usage=usage, service_tier="flex"))
    head = {"id": "r", "object": "chat.completion.chunk", "created": 5, "model": "m"}
    assert first == {
        **head,
        "choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}],
    }
    choice = {"index": 0, "delta": {}, "finish_reason": "stop", "native_finish_reason": "completed"}
    assert finish == {**head, "service_tier": "flex", "choices": [choice]}
    assert last["choices"] == []
    assert last["usage"]["total_tokens"] == 3


def test_interleaved_calls_keep_their_arguments() -> None:
    found = deltas(call(3), call(1), arguments(1, "{b"), arguments(3, "{a"), arguments(1, "b}"), arguments(3, "a}"))
    said = {0: "", 1: ""}
    for delta in found:
        for piece in delta["tool_calls"]:
            said[piece["index"]] += piece["function"]["arguments"]
    assert [piece["id"] for delta in found[:2] for piece in delta["tool_calls"]] == ["c3", "c1"]
    assert said == {0: "{aa}", 1: "{bb}"}


def test_calls_end_it_with_tool_calls() -> None:
    assert parse(CREATED, call(0), ended())[-1]["choices"][0]["finish_reason"] == "tool_calls"


def test_probabilities_go_with_their_text() -> None:
    entry = {"token": "so", "logprob": -1}
    delta = event("output_text.delta", output_index=0, content_index=0, delta="so", logprobs=[entry])
    chunk = parse(CREATED, added(0, MESSAGE), delta, ended())[1]
    assert chunk["choices"][0]["delta"] == {"content": "so"}
    assert chunk["choices"][0]["logprobs"] == {"content": [entry], "refusal": None}


def test_an_item_that_was_never_announced_comes_whole() -> None:
    item = {**MESSAGE, "content": [{"type": "output_text", "text": "so"}]}
    assert deltas(event("output_item.done", output_index=0, item=item)) == [{"content": "so"}]


def test_what_only_the_response_at_the_end_holds_is_said() -> None:
    item = {**MESSAGE, "content": [{"type": "output_text", "text": "so"}]}
    chunks = parse(ended(output=[item]))
    assert [choice["delta"].get("content") for chunk in chunks for choice in chunk["choices"]] == ["", "so", None]


@pytest.mark.parametrize("last", [0, 1, 2])
def test_a_stream_without_its_ending_was_cut(last: int) -> None:
    with pytest.raises(Failure) as caught:
        parse(*[CREATED, added(0, MESSAGE)][:last])
    assert caught.value.kind == "provider_stream_cut"


def test_an_incomplete_response_says_why() -> None:
    [*_, finish] = parse(CREATED, ended("incomplete", incomplete_details={"reason": "max_output_tokens"}))
    assert finish["choices"][0]["finish_reason"] == "length"


@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        ({"type": "error", "error": {"code": "rate_limit_exceeded", "message": "slow"}}, "provider_rate_limited"),
        ({"type": "error", "code": "server_error", "message": "oh", "param": None}, "provider_error"),
        (ended("failed", error={"code": "invalid_prompt", "message": "no"}), "invalid_request"),
        (ended("failed", error={"code": "server_error", "message": "oh"}), "provider_error"),
        ({"type": "response.failed"}, "provider_error"),
    ],
)
def test_errors_in_a_200_are_failures_of_the_right_kind(payload: Json, kind: str) -> None:
    for act in (lambda: parse(CREATED, payload), lambda: read_event(Event("", orjson.dumps(payload)))):
        with pytest.raises(Failure) as caught:
            act()
        assert caught.value.kind == kind


@pytest.mark.parametrize(
    "payloads",
    [
        [added(0, MESSAGE)],
        [CREATED, arguments(0, "x")],
        [CREATED, event("output_text.delta", output_index=None, delta="x")],
        [CREATED, added(0, MESSAGE), event("output_text.delta", output_index=0, delta=3)],
        [CREATED, {"no": "type"}],
        [event("created", response={"id": 3})],
        [CREATED, ended("completed", status="queued")],
    ],
)
def test_a_broken_protocol_is_the_providers_fault(payloads: list[Json]) -> None:
    with pytest.raises(Failure) as caught:
        parse(*payloads)
    assert caught.value.kind == "provider_error"


def test_events_nobody_knows_are_passed_over() -> None:
    assert deltas({"type": "response.hologram.delta", "output_index": 9, "delta": "x"}) == []


@pytest.mark.parametrize(
    ("payload", "sign"),
    [
        (CREATED, "wait"),
        (added(0, MESSAGE), "wait"),
        (added(0, {"type": "reasoning"}), "spoken"),
        (call(0), "spoken"),
        (arguments(0, ""), "wait"),
        (arguments(0, "{"), "spoken"),
        (event("reasoning_summary_text.delta", delta="hm"), "spoken"),
        (ended(), "end"),
        (ended("incomplete"), "end"),
    ],
)
def test_when_the_model_has_spoken(payload: Json, sign: str) -> None:
    assert read_event(Event("", orjson.dumps(payload))) == sign


def test_a_stream_event_that_is_not_json() -> None:
    for act in (StreamParser().feed, read_event):
        with pytest.raises(Failure):
            act(Event("", b"<html>"))


# ---- the short cut

PIECE = (
    'event: response.output_text.delta\ndata: {"type":"response.output_text.delta","content_index":0,"delta":"%s",'
    '"item_id":"msg_1","logprobs":[],"obfuscation":"xyz","output_index":%d,"sequence_number":4}\n\n'
)


def speaking() -> StreamParser:
    parser = StreamParser()
    for payload in (CREATED, added(0, MESSAGE)):
        parser.feed(Event("", orjson.dumps(payload)))
    return parser


def test_a_piece_of_text_takes_the_short_cut_and_says_the_same() -> None:
    long_way, short_cut = speaking(), speaking()
    piece = (PIECE % ("caf\u00e9 ", 0)).encode()
    [chunk] = long_way.feed(Event("", piece.split(b"data: ")[1].strip()))
    text = short_cut.text_lane.match(piece)
    assert text is not None
    assert short_cut.text_lane.chunk(text.decode()) == chunk
    note = {"type": "file_citation", "index": 0, "file_id": "f"}
    done = {**MESSAGE, "content": [{"type": "output_text", "text": "caf\u00e9 "}]}
    search = event("output_item.done", output_index=1, item={"type": "web_search_call", "note": note})
    for payload in (event("output_item.done", output_index=0, item=done), search):
        data = orjson.dumps(payload)
        assert long_way.feed(Event("", data)) == short_cut.feed(Event("", data))


@pytest.mark.parametrize(
    "piece",
    [
        (PIECE % ("so", 7)).encode(),
        (PIECE % ('a\\"b', 0)).encode(),
        (PIECE % ("so", 0)).encode() * 2,
        (PIECE % ("so", 0)).encode().replace(b'"logprobs":[]', b'"logprobs":[{}]'),
        (PIECE % ("so", 0)).encode()[:-1],
        b'event: response.output_text.delta\ndata: {"type":"response.output_text.delta"}\n\n',
    ],
)
def test_anything_else_takes_the_long_way(piece: bytes) -> None:
    assert speaking().text_lane.match(piece) is None
