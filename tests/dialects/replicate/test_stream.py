"""Replicate's events: text as it is, an end that is said, errors, and what the prediction itself adds."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from proxy.call import Failure, Json, Usage
from proxy.dialects.replicate import DIALECT
from proxy.dialects.replicate.reply import frame
from proxy.dialects.replicate.stream import Parser, read_event
from proxy.wire.events import Event
from proxy.wire.sse import Reader
from tests.upstream.job_servers import COUNTS, DONE, TEXT, event, outputs, prediction


def told(job: Json) -> bytes:
    return frame(orjson.dumps(job))


def parse(data: bytes) -> tuple[Parser, list[Json]]:
    parser = Parser()
    return parser, [chunk for found in Reader().feed(data) for chunk in parser.feed(found)]


def text_of(chunks: list[Json]) -> str:
    return "".join(choice["delta"].get("content", "") for chunk in chunks for choice in chunk["choices"])


def ends_of(chunks: list[Json]) -> list[Any]:
    ends = [choice["finish_reason"] for chunk in chunks for choice in chunk["choices"]]
    return [end for end in ends if end]


def test_texts_keep_their_line_feeds_and_spaces() -> None:
    parser, chunks = parse(outputs([*TEXT, "\n\n", " "]) + DONE)
    assert text_of(chunks) == "".join(TEXT) + "\n\n "
    assert (ends_of(chunks), parser.spoken, parser.ended, parser.end()) == (["stop"], True, True, [])
    assert [chunk["choices"][0]["delta"].get("role") for chunk in chunks[:2]] == ["assistant", None]


def test_the_prediction_adds_its_counts_and_nothing_else() -> None:
    parser, chunks = parse(outputs(TEXT) + DONE + told(prediction(output=TEXT, metrics=COUNTS)))
    assert text_of(chunks) == "".join(TEXT)
    assert (chunks[-1]["choices"], chunks[-1]["usage"]["total_tokens"], ends_of(chunks)) == ([], 14, ["stop"])
    assert parser.usage == Usage(11, output=3)


@pytest.mark.parametrize("before", [b"", DONE])
def test_where_nothing_was_streamed_the_prediction_says_all(before: bytes) -> None:
    parser, chunks = parse(before + told(prediction(output=TEXT, metrics=COUNTS)))
    assert (text_of(chunks), ends_of(chunks), parser.end()) == ("".join(TEXT), ["stop"], [])
    assert chunks[-1]["usage"]["completion_tokens"] == 3


@pytest.mark.parametrize(
    "data", [b"", outputs(TEXT), event("logs", "x"), outputs(TEXT) + b":408: 408 Request Timeout\n\n"]
)
def test_without_done_it_was_cut(data: bytes) -> None:
    parser, _ = parse(data)
    with pytest.raises(Failure) as caught:
        parser.end()
    assert caught.value.kind == "provider_stream_cut"


@pytest.mark.parametrize(
    ("data", "detail", "kind"),
    [
        (event("error", '{"detail": "Something went wrong"}'), "Something went wrong", "provider_error"),
        (event("error", "not JSON"), "not JSON", "provider_error"),
        (event("error", '{"detail": "E1002 PromptTooLong: x"}'), "E1002 PromptTooLong: x", "invalid_request"),
        (
            event("done", '{"reason": "canceled"}'),
            "the prediction was canceled before it had succeeded",
            "provider_error",
        ),
        (event("done", '{"reason": "error"}'), "the prediction failed without a word", "provider_error"),
        (told(prediction("failed", error="boom")), "boom", "provider_error"),
        (told(prediction("aborted")), "the prediction was aborted before it had succeeded", "timeout"),
        (event("done", "[]"), None, "provider_error"),
        (b"event: output\ndata: \xff\n\n", None, "provider_error"),
    ],
)
def test_a_failure_is_told(data: bytes, detail: str | None, kind: str) -> None:
    with pytest.raises(Failure) as caught:
        parse(outputs(TEXT) + data)
    assert caught.value.kind == kind
    assert detail is None or caught.value.detail == detail


@pytest.mark.parametrize(
    ("name", "data", "sign"),
    [
        *(("output", b"x", "spoken"), ("output", b"", "wait"), ("logs", b"x", "wait"), ("", b"x", "wait")),
        *(("done", b"{}", "end"), ("done", b"", "end")),
    ],
)
def test_the_sign_of_an_event(name: str, data: bytes, sign: str) -> None:
    assert read_event(Event(name, data)) == sign
    assert DIALECT.read_event is read_event


def test_a_prediction_among_the_events_is_the_end() -> None:
    assert read_event(Event("prediction", orjson.dumps(prediction()))) == "end"
    with pytest.raises(Failure):
        read_event(Event("prediction", orjson.dumps(prediction("failed"))))
    with pytest.raises(Failure):
        read_event(Event("error", b"{}"))
