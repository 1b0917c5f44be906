"""A stream, line by line, as unified chunks."""

from typing import Any

import orjson
import pytest

from proxy.call import Failure, Json, Usage
from proxy.dialects.ollama.stream import StreamParser, read_event
from proxy.wire.events import Event

WHEN = "2025-06-05T00:31:49.5Z"


def line(message: Json | None = None, done: bool = False, **more: Any) -> bytes:
    said = {} if message is None else {"message": {"role": "assistant", "content": "", **message}}
    return orjson.dumps({"model": "m", "created_at": WHEN, **said, **more, "done": done})


def feed(parser: StreamParser, *lines: bytes) -> list[Json]:
    return [chunk for data in lines for chunk in parser.feed(Event("", data))]


def deltas(*lines: bytes) -> list[Json]:
    return [chunk["choices"][0]["delta"] for chunk in feed(StreamParser(), *lines) if chunk["choices"]]


LAST = line({}, True, done_reason="stop", prompt_eval_count=5, eval_count=2, total_duration=9)


def test_a_stream_of_text() -> None:
    parser = StreamParser()
    first, second, finish, usage = feed(parser, line({"content": "he"}), line({"content": "llo"}), LAST)
    assert first["choices"][0]["delta"] == {"role": "assistant", "content": "he"}
    assert second["choices"][0] == {"index": 0, "delta": {"content": "llo"}, "finish_reason": None}
    assert finish["choices"][0] == {"index": 0, "delta": {}, "finish_reason": "stop", "native_finish_reason": "stop"}
    assert finish["total_duration"] == 9
    assert (usage["choices"], usage["usage"]["total_tokens"]) == ([], 7)
    assert {chunk["id"] for chunk in (first, second, finish, usage)} == {first["id"]}
    assert (second["model"], second["created"], second["object"]) == ("m", 1749083509, "chat.completion.chunk")
    assert parser.usage == Usage(5, output=2)
    assert parser.end() == []


def test_thoughts_images_and_likelihoods() -> None:
    drawn = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
    assert deltas(
        line({"thinking": "hm"}), line({"content": "x", "thinking": "y"}), line({"images": ["iVBORw0KGgo="]})
    ) == [
        {"role": "assistant", "content": "", "reasoning_content": "hm"},
        {"content": "x", "reasoning_content": "y"},
        {"images": [drawn]},
    ]
    [_, chunk] = feed(
        StreamParser(), line({"content": "x"}), line({"content": "y"}, logprobs=[{"token": "y", "logprob": 0}])
    )
    assert chunk["choices"][0]["logprobs"]["content"][0]["token"] == "y"


@pytest.mark.parametrize("last", [False, True])
def test_calls_on_any_line_keep_their_places(last: bool) -> None:
    def call(name: str, **more: Any) -> Json:
        return {"function": {"name": name, "arguments": {"of": name}}, **more}

    parser = StreamParser()
    two = line({"tool_calls": [call("b"), call("a", id="c")]}, last, **({"done_reason": "stop"} if last else {}))
    chunks = feed(parser, line({"tool_calls": [call("a")]}), two, *([] if last else [LAST]))
    calls = [
        call for chunk in chunks if chunk["choices"] for call in chunk["choices"][0]["delta"].get("tool_calls", ())
    ]
    assert [(call["index"], call["function"]["name"]) for call in calls] == [(0, "a"), (1, "b"), (2, "a")]
    assert [call["function"]["arguments"] for call in calls] == ['{"of":"a"}', '{"of":"b"}', '{"of":"a"}']
    assert len({call["id"] for call in calls}) == 3
    finish = [chunk["choices"][0].get("finish_reason") for chunk in chunks if chunk["choices"]]
    assert finish[-1] == "tool_calls"


def test_a_generate_stream() -> None:
    parser = StreamParser()
    chunks = feed(
        parser, line(response="a"), line(response="b"), line(response="", thinking="t"), line(response="", done=True)
    )
    assert [chunk["choices"][0]["delta"] for chunk in chunks] == [
        {"role": "assistant", "content": "a"},
        {"content": "b"},
        {"reasoning_content": "t"},
        {},
    ]
    assert chunks[-1]["choices"][0]["finish_reason"] == "stop"
    assert parser.end() == []


def test_steps_of_an_image_say_nothing_and_the_image_comes_last() -> None:
    said = deltas(line(completed=1, total=4), line(completed=2, total=4), line(image="iVBORw0KGgo=", done=True))
    assert said[0] == {"role": "assistant", "content": ""}
    assert len(said[1]["images"]) == 1


def test_a_stream_that_was_cut() -> None:
    parser = StreamParser()
    feed(parser, line({"content": "he"}))
    with pytest.raises(Failure) as failure:
        parser.end()
    assert failure.value.kind == "provider_stream_cut"


def test_what_comes_after_the_end_says_nothing() -> None:
    parser = StreamParser()
    feed(parser, LAST)
    assert feed(parser, line({"content": "more"}), LAST) == []
    assert parser.match_text(line({"content": "more"}) + b"\n") is None


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b'{"error":"boom"}', "boom"),
        (b"<html>", "not JSON"),
        (b"3", "not an object"),
        (b"{}", "done"),
        (line({"content": 3}), "content"),
        (line()[:-1] + b',"message":3}', "message"),
        (line({"tool_calls": [{}]}), "function"),
    ],
)
def test_a_line_that_breaks_the_protocol(data: bytes, words: str) -> None:
    parser = StreamParser()
    feed(parser, line({"content": "he"}))
    with pytest.raises(Failure, match=words) as failure:
        parser.feed(Event("", data))
    assert failure.value.kind == "provider_error"


@pytest.mark.parametrize(
    ("data", "sign"),
    [
        (line({}), "wait"),
        (line({"content": "x"}), "spoken"),
        (line({"thinking": "x"}), "spoken"),
        (line({"tool_calls": [{}]}), "spoken"),
        (line(response="x"), "spoken"),
        (line(response="", completed=1), "wait"),
        (line({"content": "x"}, True), "end"),
    ],
)
def test_signs(data: bytes, sign: str) -> None:
    assert read_event(Event("", data)) == sign


@pytest.mark.parametrize("data", [b'{"error":"boom"}', b"<html>", b"[]", b"{}"])
def test_no_sign(data: bytes) -> None:
    with pytest.raises(Failure):
        read_event(Event("", data))


@pytest.mark.parametrize(
    ("piece", "text"),
    [
        (line({"content": "hällo"}) + b"\n", "hällo".encode()),
        (line(response="hi") + b"\n", b"hi"),
        (line({"content": 'a"b'}) + b"\n", None),
        (line({"content": ""}) + b"\n", None),
        (line({"content": "x"}), None),
        (line({"content": "x"}) + b"\n\n", None),
        (line({"content": "x", "thinking": "y"}) + b"\n", None),
        (line({"content": "x"}, True) + b"\n", None),
        (line({"content": "?"}).replace(b"?", b"\xff") + b"\n", None),
        (line({"content": "?"}).replace(b'?"}', b'?"') + b"\n", None),
        (line(response="?").replace(b'?"', b'?"}') + b"\n", None),
    ],
)
def test_the_lane_takes_plain_text_and_no_more(piece: bytes, text: bytes | None) -> None:
    parser = StreamParser()
    assert parser.match_text(piece) is None
    feed(parser, line({"content": "first"}))
    lane = parser.text_lane
    assert lane.match(piece) == text
    if text is not None:
        assert [lane.chunk(text.decode())] == parser.feed(Event("", piece))
